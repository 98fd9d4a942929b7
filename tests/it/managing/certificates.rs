//! A webhook's TLS settings, as the management API accepts, stores and shows them: its client certificate and
//! its certificate authorities.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use time::Duration;

use crate::world::World;

const URL: &str = "https://example.com/hook";

/// A self-signed certificate that expires in this many days, and its key.
pub(crate) fn identity(days: i64) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
    let now = (hookstep_ambient::Sources::system().clock)();
    (params.not_before, params.not_after) = (now - Duration::days(365), now + Duration::days(days));
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
async fn a_certificate_is_shown_its_key_is_not_and_its_end_is_warned_of() {
    let world = World::start().await;
    let ((certificate, key), (other, other_key)) = (identity(90), identity(29));
    let tls = json!({"certificate": certificate, "private_key": key});
    let created = world.api.post("/webhook", &json!({"name": "test", "url": URL, "tls": tls})).await;
    let config = created.json();
    assert_eq!((&config["tls"], &config["warnings"]), (&json!({"certificate": certificate}), &json!([])));
    assert_eq!(config["certificate"]["fingerprint"].as_str().map(str::len), Some(64));
    let config_id = config["config_id"].as_str().unwrap().to_owned();
    let with_ca = json!({"certificate": certificate, "ca": other});
    let changed = json!({"certificate": other, "private_key": other_key});
    let steps = [
        (json!({}), json!({"certificate": certificate}), 0),
        (json!({"tls": with_ca}), with_ca, 0),
        (json!({"tls": changed}), json!({"certificate": other}), 1),
        (json!({"tls": {"ca": other}}), json!({"ca": other}), 0),
        (json!({"tls": changed}), json!({"certificate": other}), 1),
        (json!({"tls": null}), json!(null), 0),
    ];
    for (fields, expected, warned) in steps {
        let put = world.put(&config_id, URL, fields).await;
        assert_eq!((put.status, &put.json()["tls"]), (200, &expected), "{put:?}");
        assert_eq!(put.json()["certificate"].is_object(), expected["certificate"].is_string());
        let read = world.api.get(&format!("/webhook/{config_id}")).await.json();
        let listed = world.api.get("/webhook").await.json()["data"][0].take();
        for shown in [put.json(), read, listed] {
            assert_eq!(shown["warnings"].as_array().unwrap().len(), warned, "{shown}");
            assert!(!shown.to_string().contains("PRIVATE KEY"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_wrong_part_of_tls_is_named_and_nothing_is_saved_or_repeated() {
    let world = World::start().await;
    let ((certificate, key), (other, other_key)) = (identity(90), identity(90));
    let (expired, its_key) = identity(-1);
    let tls = json!({"certificate": certificate, "private_key": key});
    let config_id = world.api.create_webhook(URL, json!({"tls": tls})).await;
    let before = world.api.get("/webhook").await.json();
    for (tls, field) in [
        (json!("planted"), "tls"),
        (json!({"key": "planted"}), "tls.key"),
        (json!({"certificate": 7}), "tls.certificate"),
        (json!({"certificate": "planted", "private_key": key}), "tls.certificate"),
        (json!({"certificate": expired, "private_key": its_key}), "tls.certificate"),
        (json!({"certificate": key, "private_key": key}), "tls.certificate"),
        (json!({"private_key": key}), "tls.certificate"),
        (json!({"certificate": other}), "tls.private_key"),
        (json!({"certificate": other, "private_key": null}), "tls.private_key"),
        (json!({"certificate": other, "private_key": key}), "tls.private_key"),
        (json!({"certificate": other, "private_key": "planted"}), "tls.private_key"),
        (json!({"certificate": other, "private_key": "planted".repeat(600)}), "tls.private_key"),
        (json!({"certificate": other, "private_key": other_key, "ca": "planted"}), "tls.ca"),
    ] {
        let body = json!({"name": "test", "url": URL, "tls": tls});
        for answer in [
            world.api.post("/webhook", &body).await,
            world.api.put(&format!("/webhook/{config_id}"), &body).await,
        ] {
            assert_eq!(answer.wrong_field(), field, "{tls}");
            let said = format!("{answer:?}");
            assert!(!said.contains("planted") && !said.contains("PRIVATE KEY-----"), "{said}");
        }
    }
    assert_eq!(world.api.get("/webhook").await.json(), before);
}
