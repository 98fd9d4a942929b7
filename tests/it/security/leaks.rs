//! Plants secrets in every field that accepts one and searches everything that is stored, shown or logged.
//! The cases do the same on ministack (`cases`, `ministack`).
#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::path::Path;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::world::process::{FREE_PORT, Hookstep, Process, serve};
use crate::world::{Dir, Receiver, Reply};

/// Part of every planted secret, and of nothing else.
pub(crate) const PLANTED: &str = "pl4nted";

/// The texts that must not be found: the secrets as they are, and as encoded in a header or a form.
pub(crate) fn forbidden() -> Vec<String> {
    let basic = STANDARD.encode(format!("user:{PLANTED} password"));
    // A whole line of the private key.
    let key = identity().private_key.lines().nth(1).unwrap().to_owned();
    vec![PLANTED.to_owned(), basic, STANDARD.encode(PLANTED), key]
}

/// A client certificate with its key, as PEM.
struct Identity {
    certificate: String,
    private_key: String,
}

fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed(["hookstep".to_owned()]).unwrap();
        Identity { certificate: made.cert.pem(), private_key: made.signing_key.serialize_pem() }
    })
}

/// A webhook for every kind of authentication, with planted secrets; `token_url` returns a planted token.
pub(crate) fn webhooks(token_url: &str) -> Vec<serde_json::Value> {
    let Identity { certificate, private_key } = identity();
    vec![
        json!({
            "auth": {"type": "basic", "username": "user", "password": format!("{PLANTED} password")},
            "tls": {"certificate": certificate, "private_key": private_key},
        }),
        json!({"auth": {"type": "api_key", "name": "X-Key", "value": format!("{PLANTED}-key")}}),
        json!({"auth": {
            "type": "oauth_client_credentials", "token_url": token_url, "client_id": "client",
            "client_secret": format!("{PLANTED}-secret"),
            "parameters": [{"in": "body", "name": "audience", "value": format!("{PLANTED}-audience")}],
        }}),
    ]
}

/// A webhook whose OAuth client has a planted key.
fn with_a_key(token_url: &str) -> serde_json::Value {
    json!({"auth": {
        "type": "oauth_client_credentials", "token_url": token_url, "client_id": "client",
        "client_authentication": "private_key_jwt", "private_key": identity().private_key,
        "parameters": [{"in": "body", "name": "audience", "value": format!("{PLANTED}-audience")}],
    }})
}

/// An authorisation server that issues planted tokens.
pub(crate) fn grant() -> Reply {
    Reply::status(200)
        .body(json!({"access_token": format!("{PLANTED}-token"), "expires_in": 3600}).to_string())
}

#[tokio::test]
async fn no_secret_is_kept_in_clear_shown_or_logged() {
    let dir = Dir::new();
    // The most verbose log that an operator can ask for.
    let host = Hookstep::started(Process::start(serve(dir.path(), FREE_PORT).env("RUST_LOG", "trace"))).await;
    let server = Receiver::answering([grant()]).await;
    let refusing = Receiver::answering([
        Reply::status(400).body(json!({"error": format!("{PLANTED}-secret")}).to_string())
    ])
    .await;
    let mut said = String::new();
    for (url, replies) in [(&server.url, 200), (&server.url, 500), (&refusing.url, 200)] {
        for fields in webhooks(url).into_iter().chain([with_a_key(&server.url)]) {
            let receiver = Receiver::answering([Reply::status(replies)]).await;
            let mut config = json!({"name": "test", "url": receiver.url});
            config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            let created = host.api.post("/webhook", &config).await;
            assert_eq!(created.status, 201, "{created:?}");
            let created = created.json();
            let secret = created["signing_secret"].as_str().unwrap().to_owned();
            let config_id = created["config_id"].as_str().unwrap();
            let answer = host.api.trigger_sync(config_id, "{}").await;
            let event = host.api.event(config_id, answer["event_id"].as_str().unwrap()).await;
            let path = format!("/webhook/{config_id}");
            let rotated = host.api.post(&format!("{path}/rotate-secret"), &json!({})).await.json();
            let test = host.api.post(&format!("{path}/test-auth"), &json!({})).await.json();
            let read = host.api.get(&path).await.json();
            // An invalid field is named without its value.
            config["timeout_seconds"] = json!(0);
            let refused = host.api.put(&path, &config).await.json();
            for text in [&answer, &event, &read, &test, &refused] {
                said.push_str(&text.to_string());
            }
            let secrets = [secret, rotated["signing_secret"].as_str().unwrap().to_owned()];
            assert!(secrets.iter().all(|secret| secret.starts_with("whsec_") && !said.contains(secret)));
            nowhere_in(dir.path(), &secrets);
        }
    }
    said.push_str(&host.process.stdout());
    said.push_str(&host.process.stderr());
    assert!(
        said.contains("TRACE") && said.contains("hookstep_aws"),
        "the log is not as verbose as it can be"
    );
    for secret in forbidden().into_iter().chain([host.api.token.clone()]) {
        assert!(!said.contains(&secret), "{secret} in {said}");
    }
    nowhere_in(dir.path(), &forbidden());
}

/// Every file that the host stores: tables, journal, claim checks.
fn nowhere_in(dir: &Path, secrets: &[String]) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere_in(&path, secrets);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in secrets {
            // Without its prefix, because only the rest of a signing secret is secret.
            let needle = secret.trim_start_matches("whsec_").as_bytes();
            let found = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!found, "{secret} in {}", path.display());
        }
    }
}
