//! Partial updates of a webhook.

use hookstep_contract::Scope;
use http::Method;
use serde_json::{Value, json};

use crate::managing::auth::basic;
use crate::world::{Answer, Api, NOBODY, Receiver, World};

const URL: &str = "https://example.com/hook";

impl Api {
    pub(crate) async fn patch(&self, config_id: &str, body: &Value) -> Answer {
        Answer::to(self.request(Method::PATCH, &format!("/webhook/{config_id}")).body(body.to_string())).await
    }
}

/// The webhook after a successful patch.
async fn patched(api: &Api, config_id: &str, body: Value) -> Value {
    let answer = api.patch(config_id, &body).await;
    assert_eq!(answer.status, 200, "{body}: {answer:?}");
    let after = answer.json();
    assert_eq!(api.get(&format!("/webhook/{config_id}")).await.json(), after);
    after
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_stays_and_null_is_the_default() {
    let world = World::start().await;
    let fields = json!({"method": "PUT", "headers": {"X-Team": "blue", "X-Tier": "gold"}, "timeout_seconds": 5,
                        "enabled": false, "retry": {"schedule_seconds": [7]}});
    let id = world.api.create_webhook(URL, fields).await;
    let before = world.api.get(&format!("/webhook/{id}")).await.json();
    for (patch, changed) in [
        (json!({}), json!({})),
        (json!({"name": "new"}), json!({"name": "new"})),
        (
            json!({"enabled": true, "url": "https://example.org/"}),
            json!({"enabled": true, "url": "https://example.org/", "health": "healthy"}),
        ),
        (
            json!({"headers": {"X-Team": null, "X-Tier": "tin", "X-New": "1", "X-Nobody": null}}),
            json!({"headers": {"X-Tier": "tin", "X-New": "1"}}),
        ),
        (json!({"headers": null}), json!({"headers": {}})),
        (json!({"headers": {"X-Team": "red"}}), json!({"headers": {"X-Team": "red"}})),
        (json!({"retry": {"schedule_seconds": []}}), json!({"retry": {"schedule_seconds": []}})),
        (json!({"method": null, "timeout_seconds": null}), json!({"method": "POST", "timeout_seconds": 30})),
    ] {
        let before = world.api.get(&format!("/webhook/{id}")).await.json();
        let mut expected = before.clone();
        let after = patched(&world.api, &id, patch.clone()).await;
        let changed = changed.as_object().unwrap().clone();
        expected.as_object_mut().unwrap().extend(changed);
        for name in ["updated_at", "revision"] {
            expected[name] = after[name].clone();
        }
        assert_eq!(after, expected, "{patch}");
        assert_eq!(after["revision"].as_u64(), before["revision"].as_u64().map(|revision| revision + 1));
    }
    let after = patched(&world.api, &id, json!({"retry": null})).await;
    assert_eq!(after["retry"]["schedule_seconds"].as_array().unwrap().len(), 9);
    assert_eq!(
        (&after["created_at"], &after["signing_secrets"]),
        (&before["created_at"], &before["signing_secrets"])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_stays_until_it_is_given_or_its_kind_changes() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"auth": basic("ann", "planted")})).await;
    let header = async |name: &str| {
        let before = receiver.calls();
        world.api.deliver(&id, "{}").await;
        receiver.seen()[before].header(name).map(ToOwned::to_owned)
    };
    let encoded = header("authorization").await;
    assert!(encoded.is_some());

    // An unrelated field alone.
    patched(&world.api, &id, json!({"name": "new"})).await;
    assert_eq!(header("authorization").await, encoded);
    let after = patched(&world.api, &id, json!({"auth": {"username": "bob"}})).await;
    assert_eq!(after["auth"], json!({"type": "basic", "username": "bob"}));
    // Base64 of bob:planted.
    assert_eq!(header("authorization").await.as_deref(), Some("Basic Ym9iOnBsYW50ZWQ="));

    // A change of type keeps no old fields, so all fields of the new type must be given.
    let refused = world.api.patch(&id, &json!({"auth": {"type": "api_key", "name": "X-Key"}})).await;
    assert_eq!(refused.wrong_field(), "auth.value");
    let key = json!({"auth": {"type": "api_key", "name": "X-Key", "value": "planted-key"}});
    let after = patched(&world.api, &id, key).await;
    assert_eq!(after["auth"], json!({"type": "api_key", "name": "X-Key"}));
    assert_eq!(
        (header("x-key").await.as_deref(), header("authorization").await),
        (Some("planted-key"), None)
    );

    let after = patched(&world.api, &id, json!({"auth": null})).await;
    assert_eq!((after.get("auth"), header("x-key").await), (None, None));
    assert_eq!(world.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_patched_part_by_part() {
    let world = World::start().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let tls = json!({"certificate": certificate, "private_key": key.serialize_pem()});
    let id = world.api.create_webhook(URL, json!({"tls": tls})).await;
    // The key is kept.
    let after = patched(&world.api, &id, json!({"tls": {"ca": certificate}})).await;
    assert_eq!(after["tls"], json!({"certificate": certificate, "ca": certificate}));
    assert!(after["certificate"]["subject"].is_string());
    assert_eq!(
        world.api.patch(&id, &json!({"tls": {"private_key": null}})).await.wrong_field(),
        "tls.private_key"
    );
    let after = patched(&world.api, &id, json!({"tls": {"certificate": null, "private_key": null}})).await;
    assert_eq!((&after["tls"], after.get("certificate")), (&json!({"ca": certificate}), None));
    assert_eq!(patched(&world.api, &id, json!({"tls": null})).await.get("tls"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_field_is_named_and_nothing_is_saved() {
    let world = World::start().await;
    let id = world.api.create_webhook(URL, json!({"auth": basic("ann", "planted")})).await;
    let before = world.api.get(&format!("/webhook/{id}")).await.json();
    for (patch, field) in [
        (json!({"nmae": "n"}), "nmae"),
        (json!({"nmae": null}), "nmae"),
        (json!({"name": "new", "config_id": NOBODY}), "config_id"),
        (json!({"name": null}), "name"),
        (json!({"name": "new", "url": "ftp://example.com/"}), "url"),
        (json!({"name": "new", "method": "GET"}), "method"),
        (json!({"timeout_seconds": "30"}), "timeout_seconds"),
        (json!({"headers": {"Host": "example.org"}}), "headers.Host"),
        (json!({"headers": {"X-Number": 1}}), "headers.X-Number"),
        (json!({"headers": []}), "headers"),
        (json!({"retry": {"schedule": [1]}}), "retry.schedule"),
        (json!({"retry": {"schedule_seconds": null}}), "retry.schedule_seconds"),
        (json!({"auth": {"password": null}}), "auth.password"),
        (json!({"auth": {"username": null}}), "auth.username"),
        (json!({"auth": {"value": "x"}}), "auth.value"),
        (json!({"auth": {"type": "digest"}}), "auth.type"),
        (json!({"tls": {"certificate": "x", "private_key": "x"}}), "tls.certificate"),
    ] {
        assert_eq!(world.api.patch(&id, &patch).await.wrong_field(), field, "{patch}");
    }
    for no_object in [json!([]), json!("x"), json!(null)] {
        world.api.patch(&id, &no_object).await.problem(400);
    }
    assert_eq!(world.api.get(&format!("/webhook/{id}")).await.json(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_is_for_those_who_manage_the_webhook() {
    let world = World::start().await;
    let id = world.api.create_webhook(URL, json!({})).await;
    let patch = json!({"name": "taken"});
    world.admin_of("other").await.patch(&id, &patch).await.problem(404);
    world.with_scopes(&[Scope::Trigger, Scope::Read]).await.patch(&id, &patch).await.problem(403);
    world.api.patch(NOBODY, &patch).await.problem(404);
    assert_eq!(world.api.get(&format!("/webhook/{id}")).await.json()["name"], "test");
    let manager = world.with_scopes(&[Scope::Manage]).await;
    assert_eq!(manager.patch(&id, &patch).await.status, 200);
}
