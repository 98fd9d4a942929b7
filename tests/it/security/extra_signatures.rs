//! Signatures in the formats of other services, made for real requests and verified by the libraries that their receivers use, and
//! by OpenSSL.
//!
//! The libraries need Node 20 and a package index. Without them or without OpenSSL, the corresponding checks are skipped, unless
//! the environment variable `CI` is set.
#![expect(clippy::unwrap_used, reason = "a verifier that cannot be called fails the test")]

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::node::packages;
use crate::world::process::workspace;
use crate::world::python::skip;
use crate::world::{Answer, Dir, Receiver, Seen, World};

const NAME: &str = "formats";

/// The packages of the libraries, looked up once, because a failing lookup is slow.
static PACKAGES: LazyLock<Option<PathBuf>> = LazyLock::new(|| match packages(NAME, "tests/formats") {
    Ok(packages) => Some(packages),
    Err(reason) => {
        skip(NAME, "formats of others are not verified by their libraries", &reason);
        None
    }
});

/// Whether a library takes a request. `None` if it cannot be asked.
fn takes(library: &str, seen: &Seen, secret: &str) -> Option<bool> {
    let output = ask("verify.mjs", json!({"library": library, "secret": secret}), seen)?;
    let said = String::from_utf8_lossy(&output.stderr);
    // A refusal must be because of the signature, not because the library was called wrongly.
    assert!(output.status.success() || said.contains("ignature"), "{said}");
    Some(output.status.success())
}

/// What a script with a library says about a request. `None` if it cannot be asked.
pub(crate) fn ask(script: &str, mut input: Value, seen: &Seen) -> Option<Output> {
    let dir = Dir::new();
    symlink(PACKAGES.as_ref()?.join("node_modules"), dir.path().join("node_modules")).unwrap();
    std::fs::copy(workspace().join("tests/formats").join(script), dir.path().join(script)).unwrap();
    let headers: BTreeMap<_, _> = seen.headers().into_iter().collect();
    input["headers"] = json!(headers);
    input["body"] = json!(STANDARD.encode(&seen.body));
    let mut node = Command::new("node");
    node.arg(script)
        .current_dir(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut node = node.spawn().unwrap();
    node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    Some(node.wait_with_output().unwrap())
}

/// The HMAC that OpenSSL makes of a body.
fn openssl(hash: &str, key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.args(["dgst", &format!("-{hash}"), "-mac", "HMAC", "-macopt"]);
    command.arg(format!("hexkey:{}", hex::encode(key))).arg("-binary");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut process) = command.spawn() else {
        skip(NAME, "an HMAC is not verified by others", "there is no OpenSSL");
        return None;
    };
    process.stdin.take().unwrap().write_all(body).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(output.stdout)
}

/// A small body, and one that becomes a claim check.
fn bodies() -> [String; 2] {
    let large = json!({"id": "evt_2", "object": "event", "large": "large é ".repeat(60_000)});
    ["{\"id\": \"evt_1\",  \"object\": \"event\", \"n\": 1.0}".to_owned(), large.to_string()]
}

/// Creates a webhook with this signature; returns its id and its secret.
async fn webhook(world: &World, url: &str, signature: Value) -> (String, String) {
    let fields = json!({"name": "test", "url": url, "extra_signature": signature});
    let created = world.api.post("/webhook", &fields).await;
    assert_eq!(created.status, 201, "{created:?}");
    let created = created.json();
    assert_eq!(created["extra_signature"], signature);
    let text = |field: &str| created[field].as_str().unwrap().to_owned();
    (text("config_id"), text("signing_secret"))
}

async fn replace_secret(world: &World, id: &str, rotation: Value) {
    let rotated = world.api.post(&format!("/webhook/{id}/rotate-secret"), &rotation).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
}

async fn send_all(world: &World, id: &str) {
    for body in bodies() {
        let sent = world.api.trigger_sync(id, body).await;
        assert_eq!(sent["status"], "succeeded", "{sent}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn svix_takes_the_headers_that_it_names() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let (id, secret) = webhook(&world, &receiver.url, json!({"type": "svix"})).await;
    send_all(&world, &id).await;
    for seen in receiver.seen() {
        assert_eq!(seen.header("svix-signature"), seen.header("webhook-signature"));
        let mut only_svix = seen.clone();
        only_svix.head = seen.head.replace("webhook-", "other-");
        assert_ne!(takes("svix", &only_svix, &secret), Some(false));
        only_svix.body.push(b' ');
        assert_ne!(takes("svix", &only_svix, &secret), Some(true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stripes_library_takes_a_secret_that_it_uses_as_text() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let signature = json!({"type": "stripe", "header": "Acme-Signature"});
    let (id, _) = webhook(&world, &receiver.url, signature).await;
    let [old, new] = ["whsec_5Yqz0gYb3fZ8m1XcVnBtR2", "whsec_A1s2D3f4G5h6J7k8L9q0W1"];
    replace_secret(&world, &id, json!({"secret": old, "secret_encoding": "text", "overlap_seconds": 0}))
        .await;
    send_all(&world, &id).await;
    replace_secret(&world, &id, json!({"secret": new, "secret_encoding": "text"})).await;
    send_all(&world, &id).await;
    for (number, seen) in receiver.seen().iter().enumerate() {
        assert_ne!(takes("stripe", seen, old), Some(false), "{number}");
        let is_rotated = number > 1;
        assert_ne!(takes("stripe", seen, new), Some(!is_rotated), "{number}");
        let entries = seen.header("acme-signature").unwrap().matches(",v1=").count();
        assert_eq!(entries, if is_rotated { 2 } else { 1 });
        assert!(seen.header("webhook-signature").unwrap().starts_with("v1,"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_makes_the_same_hmacs_with_the_newest_secret() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let key = "It's a Secret to Everybody";
    for (hash, encoding, prefix) in [
        ("sha256", "hex", "sha256="),
        ("sha1", "hex", "sha1="),
        ("sha512", "base64", ""),
        ("sha1", "base64", ""),
    ] {
        let signature = json!({
            "type": "hmac", "header": "X-Hub-Signature", "algorithm": hash, "encoding": encoding, "prefix": prefix,
        });
        let (id, _) = webhook(&world, &receiver.url, signature).await;
        replace_secret(&world, &id, json!({"secret": key, "secret_encoding": "text"})).await;
        let before = receiver.calls();
        send_all(&world, &id).await;
        for seen in &receiver.seen()[before..] {
            let Some(expected) = openssl(hash, key.as_bytes(), &seen.body) else { continue };
            let expected = if encoding == "hex" { hex::encode(expected) } else { STANDARD.encode(expected) };
            assert_eq!(seen.header("x-hub-signature"), Some(&*format!("{prefix}{expected}")));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_is_previewed_changed_and_recorded_without_its_value() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let (id, _) = webhook(&world, &receiver.url, json!({"type": "stripe", "header": "Acme-Signature"})).await;
    let headers = async |signature: Value| {
        let patch = world.api.request(http::Method::PATCH, &format!("/webhook/{id}"));
        let patch = patch.header("content-type", "application/json");
        let patched = Answer::to(patch.body(json!({"extra_signature": signature}).to_string())).await;
        assert_eq!(patched.status, 200, "{patched:?}");
        let preview = world.api.post(&format!("/webhook/{id}/test?send=false"), &json!({})).await;
        let event = world.api.deliver(&id, "{}").await;
        (preview.json()["request"]["headers"].clone(), event["attempts"][0]["request_headers"].clone())
    };
    let github = json!({"type": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256="});
    let (previewed, recorded) = headers(github).await;
    assert_eq!(previewed["x-hub-signature-256"], "sha256=***", "{previewed}");
    assert_eq!(recorded["x-hub-signature-256"], "sha256=***", "{recorded}");
    assert!(previewed["acme-signature"].is_null() && recorded["acme-signature"].is_null());
    let (previewed, recorded) = headers(json!({"type": "svix"})).await;
    assert_eq!(previewed["svix-signature"], "v1,*** v1a,***", "{previewed}");
    assert_eq!(recorded["svix-signature"], "v1,*** v1a,***", "{recorded}");
    let (previewed, recorded) = headers(json!({"type": "stripe", "header": "Acme-Signature"})).await;
    assert_eq!(previewed["acme-signature"], "t=***,v1=***", "{previewed}");
    let recorded = recorded["acme-signature"].as_str().unwrap();
    assert!(recorded.starts_with("t=1") && recorded.ends_with(",v1=***"), "{recorded}");
    let (previewed, recorded) = headers(Value::Null).await;
    assert!(previewed["acme-signature"].is_null() && recorded["acme-signature"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_that_cannot_be_sent_is_refused_by_its_field() {
    let world = World::start().await;
    for (signature, field) in [
        (json!({"type": "md5"}), "extra_signature.type"),
        (json!({"type": "stripe"}), "extra_signature.header"),
        (json!({"type": "hmac", "header": "webhook-signature"}), "extra_signature.header"),
        (json!({"type": "hmac", "header": "X-Team"}), "extra_signature.header"),
        (json!({"type": "hmac", "header": "Transfer-Encoding"}), "extra_signature.header"),
        (json!({"type": "hmac", "header": "X-S", "prefix": "a\nb"}), "extra_signature.prefix"),
        (json!({"type": "hmac", "header": "X-S", "algorithm": "md5"}), "extra_signature.algorithm"),
        (json!({"type": "svix", "encoding": "hex"}), "extra_signature.encoding"),
        (json!(["svix"]), "extra_signature"),
    ] {
        let fields = json!({
            "name": "test", "url": "https://example.com/", "headers": {"x-team": "blue"}, "extra_signature": signature,
        });
        let answer = world.api.post("/webhook", &fields).await;
        assert_eq!((answer.status, &answer.json()["field"]), (400, &json!(field)), "{signature}: {answer:?}");
    }
}
