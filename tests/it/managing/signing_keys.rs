//! The signing keys, as the management API creates, shows and rotates them. Whether third parties accept the
//! signatures is tested in `trusted`.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::Scope;
use hookstep_signing::{Key, PublicKey, Received, Secret, verify};
use http::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::world::{Answer, Api, NOBODY, ORG, Receiver, Seen, World, moment};

const URL: &str = "https://example.com/hook";
const HOUR: i64 = 3600;

/// Whether a receiver that knows this key accepts the request.
pub(crate) fn believes(key: Key, seen: &Seen) -> bool {
    let header = |name| seen.header(name).unwrap_or_default();
    let received = Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let now = received.timestamp.parse().unwrap();
    verify(received, &seen.body, &[key], Duration::ZERO, now).is_ok()
}

fn secret(answer: &Value) -> Secret {
    answer["signing_secret"].as_str().unwrap().parse().unwrap()
}

async fn rotate(api: &Api, config_id: &str, overlap_seconds: i64) -> Answer {
    let body = json!({"overlap_seconds": overlap_seconds});
    api.post(&format!("/webhook/{config_id}/rotate-secret"), &body).await
}

#[tokio::test]
async fn a_signing_secret_is_shown_once() {
    let world = World::start().await;
    let created = world.api.post("/webhook", &json!({"name": "test", "url": URL})).await.json();
    let text = created["signing_secret"].as_str().unwrap();
    assert_eq!((&text[..6], text.len()), ("whsec_", 6 + 44), "32 bytes");
    let path = format!("/webhook/{}", created["config_id"].as_str().unwrap());
    let put = world.api.put(&path, &json!({"name": "test", "url": URL})).await;
    for answer in [put, world.api.get(&path).await, world.api.get("/webhook").await] {
        let shown = answer.json().to_string();
        assert!(!shown.contains("whsec_") && !shown.contains("signing_secret\""), "{shown}");
    }
    let another = world.api.post("/webhook", &json!({"name": "test", "url": URL})).await.json();
    assert_ne!(another["signing_secret"], created["signing_secret"]);
}

/// The offset of the clock in the test below.
static AHEAD_SECS: AtomicI64 = AtomicI64::new(0);

fn clock() -> OffsetDateTime {
    (hookstep_ambient::Sources::system().clock)()
        + time::Duration::seconds(AHEAD_SECS.load(Ordering::Relaxed))
}

#[tokio::test]
async fn an_old_secret_signs_beside_the_new_one_until_it_expires() {
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let receiver = Receiver::ok().await;
    let created = world.api.post("/webhook", &json!({"name": "test", "url": receiver.url})).await.json();
    let config_id = created["config_id"].as_str().unwrap();
    let mut secrets = vec![secret(&created)];
    // The secrets that sign, after this many more hours and a rotation with this many hours of overlap.
    let steps: [(i64, Option<i64>, &[bool]); 8] = [
        (0, None, &[true]),
        (0, Some(3), &[true, true]),
        (2, None, &[true, true]),
        (0, Some(24), &[true, true, true]),
        (1, None, &[false, true, true]),
        (22, None, &[false, true, true]),
        (1, None, &[false, false, true]),
        (0, Some(0), &[false, false, false, true]),
    ];
    for (hours, overlap, expected) in steps {
        AHEAD_SECS.fetch_add(hours * HOUR, Ordering::Relaxed);
        if let Some(overlap) = overlap {
            let rotated = rotate(&world.api, config_id, overlap * HOUR).await;
            assert_eq!(rotated.status, 200, "{rotated:?}");
            secrets.push(secret(&rotated.json()));
        }
        world.api.trigger_sync(config_id, r#"{"a": 1.0}"#).await;
        let last = receiver.seen().pop().unwrap();
        let signed: Vec<_> =
            secrets.iter().map(|secret| believes(Key::Secret(secret.clone()), &last)).collect();
        assert_eq!(signed, expected, "{hours} {overlap:?}");
    }
}

#[tokio::test]
async fn the_lifetimes_of_secrets_are_shown_and_at_most_five_sign() {
    let world = World::start().await;
    let created = world.api.post("/webhook", &json!({"name": "test", "url": URL})).await.json();
    let config_id = created["config_id"].as_str().unwrap();
    let path = format!("/webhook/{config_id}");
    let mut ends = Vec::new();
    for hours in [4, 3, 2, 1] {
        let rotated = rotate(&world.api, config_id, hours * HOUR).await.json();
        // The earlier secrets end no later, because each overlap is shorter.
        ends = vec![rotated["previous_expires_at"].clone(); ends.len() + 1];
        let config = world.api.get(&path).await.json();
        let shown: Vec<_> = config["signing_secrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|secret| secret["expires_at"].clone())
            .collect();
        assert_eq!(shown, [vec![Value::Null], ends.clone()].concat());
        let overlap = moment(&rotated["previous_expires_at"]) - moment(&config["updated_at"]);
        assert!(overlap.whole_seconds().abs_diff(hours * HOUR) < 60, "{overlap}");
    }
    rotate(&world.api, config_id, HOUR).await.problem(409);
    assert_eq!(world.api.get(&path).await.json()["revision"], 5);
    assert_eq!(rotate(&world.api, config_id, 0).await.status, 200);
    let config = world.api.get(&path).await.json();
    assert_eq!(config["signing_secrets"].as_array().unwrap().len(), 1);
    assert_eq!(config["revision"], 6);
}

#[tokio::test]
async fn a_secret_is_rotated_with_a_day_of_overlap_by_whoever_may_change_the_webhook() {
    let world = World::start().await;
    let config_id = world.api.create_webhook(URL, json!({})).await;
    let path = format!("/webhook/{config_id}/rotate-secret");
    let rotated = Answer::to(world.api.request(Method::POST, &path)).await;
    let updated = world.api.get(&format!("/webhook/{config_id}")).await.json()["updated_at"].clone();
    let overlap = moment(&rotated.json()["previous_expires_at"]) - moment(&updated);
    assert_eq!(overlap.whole_hours().max((overlap + time::Duration::SECOND).whole_hours()), 24);
    for (body, field) in [
        (json!({"overlap_seconds": 604_801}), "overlap_seconds"),
        (json!({"overlap_seconds": -1}), "overlap_seconds"),
        (json!({"overlap_seconds": "1"}), "overlap_seconds"),
        (json!({"overlap": 1}), "overlap"),
    ] {
        assert_eq!(world.api.post(&path, &body).await.wrong_field(), field, "{body}");
    }
    world.with_scopes(&[Scope::Read, Scope::Trigger]).await.post(&path, &json!({})).await.problem(403);
    world.admin_of("other").await.post(&path, &json!({})).await.problem(404);
    rotate(&world.api, NOBODY, 0).await.problem(404);
}

#[tokio::test]
async fn the_key_of_an_org_is_public_and_stays() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let path = |org_id: &str| format!("/.well-known/webhook-public-key?org_id={org_id}");
    let nobody = Api { token: "none".to_owned(), ..world.api.clone() };
    nobody.get(&path(ORG)).await.problem(404);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let shown = nobody.get(&path(ORG)).await;
    let key = shown.json();
    assert_eq!((shown.status, &key["org_id"], &key["algorithm"]), (200, &json!(ORG), &json!("ed25519")));
    assert_eq!(shown.headers["cache-control"], "public, max-age=300");
    let (text, pem) = (key["public_key"].as_str().unwrap(), key["pem"].as_str().unwrap());
    let public: hookstep_signing::PublicKey = text.parse().unwrap();
    assert_eq!(hookstep_signing::PublicKey::from_pem(pem).unwrap(), public);
    world.api.create_webhook(URL, json!({})).await;
    assert_eq!(nobody.get(&path(ORG)).await.json(), key);
    world.admin_of("other").await.create_webhook(URL, json!({})).await;
    assert_ne!(nobody.get(&path("other")).await.json()["public_key"], key["public_key"]);
    world.api.trigger_sync(&config_id, "{}").await;
    assert!(believes(Key::Public(public), &receiver.only()));
    for wrong in ["/.well-known/webhook-public-key", &path(""), &path("Acme"), &path("a%2Fb")] {
        assert_eq!(nobody.get(wrong).await.wrong_field(), "org_id", "{wrong}");
    }
}

#[tokio::test]
async fn a_secret_that_the_receiver_has_already_is_taken_over() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let path = format!("/webhook/{config_id}/rotate-secret");
    // The bytes of all of them are those of this text.
    let text = "0123456789abcdefghijklmn";
    let whsec = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u";
    for (encoding, given) in [
        (None, whsec),
        (Some("whsec"), whsec),
        (Some("hex"), "303132333435363738396162636465666768696A6b6c6d6e"),
        (Some("base64"), "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"),
        (Some("text"), text),
    ] {
        rotate(&world.api, &config_id, 0).await;
        let mut body = json!({"secret": given, "overlap_seconds": 0});
        if let Some(encoding) = encoding {
            body["secret_encoding"] = encoding.into();
        }
        let rotated = world.api.post(&path, &body).await;
        assert_eq!((rotated.status, &rotated.json()["signing_secret"]), (200, &json!(whsec)), "{encoding:?}");
        world.api.trigger_sync(&config_id, "{}").await;
        assert!(believes(Key::Secret(whsec.parse().unwrap()), &receiver.seen().pop().unwrap()));
    }
    for (encoding, wrong) in [
        ("whsec", "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"),
        ("whsec", "whsec_c2hvcnQ="),
        ("hex", "303132333435363738396162636465666768696a6b6c6d6"),
        ("hex", text),
        ("base64", "not-base64!"),
        ("text", "0123456789abcdefghijklm"),
        ("text", ""),
    ] {
        let refused = world.api.post(&path, &json!({"secret": wrong, "secret_encoding": encoding})).await;
        assert_eq!(refused.wrong_field(), "secret", "{encoding} {wrong}");
        assert!(wrong.is_empty() || !String::from_utf8_lossy(&refused.body).contains(wrong), "{refused:?}");
    }
    let unknown = json!({"secret": text, "secret_encoding": "utf8"});
    assert_eq!(world.api.post(&path, &unknown).await.wrong_field(), "secret_encoding");
}

/// The offset of the clock in the test below.
static AHEAD_FOR_KEYS: AtomicI64 = AtomicI64::new(0);

fn clock_for_keys() -> OffsetDateTime {
    (hookstep_ambient::Sources::system().clock)()
        + time::Duration::seconds(AHEAD_FOR_KEYS.load(Ordering::Relaxed))
}

/// The public keys of the org, newest first, with what they are.
async fn jwks(api: &Api) -> Vec<PublicKey> {
    let answer = api.get(&format!("/.well-known/jwks.json?org_id={ORG}")).await;
    assert_eq!(
        (answer.status, &answer.headers["cache-control"]),
        (200, &"public, max-age=300".parse().unwrap())
    );
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    let ids: HashSet<_> = keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), keys.len());
    for key in &keys {
        let kind = ["kty", "crv", "use", "alg"].map(|member| key[member].as_str().unwrap());
        assert_eq!(kind, ["OKP", "Ed25519", "sig", "EdDSA"]);
    }
    keys.iter().map(|key| PublicKey::from_jwk_x(key["x"].as_str().unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn the_key_of_an_org_is_replaced_and_the_old_one_signs_beside_it_until_it_expires() {
    let world = World::with_options(|options| options.sources.clock = clock_for_keys).await;
    let receiver = Receiver::ok().await;
    let nobody = Api { token: "none".to_owned(), ..world.api.clone() };
    world.api.post("/signing-key/rotate", &json!({})).await.problem(409);
    nobody.get(&format!("/.well-known/jwks.json?org_id={ORG}")).await.problem(404);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let mut keys = jwks(&nobody).await;
    assert_eq!(keys.len(), 1);
    // After so many more hours, and a rotation with so many hours of overlap: how many keys sign.
    for (hours, overlap, expected) in [
        (0, Some(3), 2),
        (2, Some(24), 3),
        (0, None, 3),
        (1, None, 2),
        (23, None, 1),
        (0, Some(0), 2),
        (1, None, 1),
    ] {
        AHEAD_FOR_KEYS.fetch_add(hours * HOUR, Ordering::Relaxed);
        if let Some(overlap) = overlap {
            let rotated = world
                .api
                .post("/signing-key/rotate", &json!({"overlap_seconds": overlap * HOUR}))
                .await
                .json();
            let newest: PublicKey = rotated["public_key"].as_str().unwrap().parse().unwrap();
            assert_eq!(PublicKey::from_pem(rotated["pem"].as_str().unwrap()).unwrap(), newest);
            let shown = nobody.get(&format!("/.well-known/webhook-public-key?org_id={ORG}")).await.json();
            assert_eq!(shown["public_key"], rotated["public_key"]);
            keys.insert(0, newest);
            // A change of the webhook's own keys makes all keys be read at once, and not within a minute.
            rotate(&world.api, &config_id, 0).await;
        }
        assert_eq!(jwks(&nobody).await, keys[..expected], "{hours} {overlap:?}");
        world.api.trigger_sync(&config_id, r#"{"a": 1.0}"#).await;
        let last = receiver.seen().pop().unwrap();
        let signed: Vec<_> = keys.iter().map(|key| believes(Key::Public(key.clone()), &last)).collect();
        let expected: Vec<_> = (0..keys.len()).map(|number| number < expected).collect();
        assert_eq!(signed, expected, "{hours} {overlap:?}");
    }
    let wrong = world.api.post("/signing-key/rotate", &json!({"overlap_seconds": 604_801})).await;
    assert_eq!(wrong.wrong_field(), "overlap_seconds");
    let reader = world.with_scopes(&[Scope::Read, Scope::Trigger]).await;
    reader.post("/signing-key/rotate", &json!({})).await.problem(403);
    // Another org's keys are its own.
    let other = world.admin_of("other").await;
    other.create_webhook(URL, json!({})).await;
    assert_eq!(other.post("/signing-key/rotate", &json!({})).await.status, 200);
    assert_eq!(jwks(&nobody).await, keys[..1]);
}

/// Restores the state of an earlier version: a webhook and an org without keys.
async fn forget_keys(world: &World, config_id: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let tables = &world.host.clients().tables;
    let update = tables.update_item().table_name("configs").key("org_id", text(ORG));
    let update =
        update.key("config_id", text(config_id)).update_expression("REMOVE revision, signing_secrets");
    update.send().await.unwrap();
    for sort_key in [format!("secrets#{config_id}"), "signing-key".to_owned()] {
        let delete = tables.delete_item().table_name("configs").key("org_id", text(ORG));
        delete.key("config_id", text(&sort_key)).send().await.unwrap();
    }
}

#[tokio::test]
async fn a_webhook_of_an_earlier_version_gets_its_keys_with_its_first_change() {
    for by_rotation in [false, true] {
        let (world, receiver) = (World::start().await, Receiver::ok().await);
        let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
        forget_keys(&world, &config_id).await;
        let path = format!("/webhook/{config_id}");
        let before = world.api.get(&path).await.json();
        assert_eq!(
            (&before["revision"], before["warnings"].as_array().unwrap().len()),
            (&json!(0), 2),
            "{before}"
        );
        assert_eq!(world.api.trigger_sync(&config_id, "{}").await["status"], "succeeded");
        assert_eq!(receiver.seen().pop().unwrap().header("webhook-signature"), None);
        let answer = if by_rotation {
            let rotated = rotate(&world.api, &config_id, HOUR).await.json();
            assert_eq!(rotated["previous_expires_at"], json!(null));
            rotated
        } else {
            world.api.put(&path, &json!({"name": "test", "url": receiver.url})).await.json()
        };
        world.api.trigger_sync(&config_id, "{}").await;
        let last = receiver.seen().pop().unwrap();
        assert!(believes(Key::Secret(secret(&answer)), &last));
        let key = world.api.get(&format!("/.well-known/webhook-public-key?org_id={ORG}")).await.json();
        assert!(believes(Key::Public(key["public_key"].as_str().unwrap().parse().unwrap()), &last));
        assert_eq!(world.api.get(&path).await.json()["revision"], 1);
    }
}

#[tokio::test]
async fn whoever_has_a_firewall_finds_from_where_receivers_are_called() {
    let path = "/.well-known/source-addresses";
    let without = World::start().await;
    let nobody = Api { token: "none".to_owned(), ..without.api.clone() };
    assert_eq!(nobody.get(path).await.json()["addresses"], json!([]));
    let world =
        World::with_options(|options| options.static_ips = "203.0.113.7, 198.51.100.9".to_owned()).await;
    let shown = Api { token: "none".to_owned(), ..world.api.clone() }.get(path).await;
    assert_eq!(shown.json()["addresses"], json!(["198.51.100.9", "203.0.113.7"]));
    assert_eq!(shown.headers["cache-control"], "public, max-age=3600");
}
