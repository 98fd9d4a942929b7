//! schemathesis checks a running host against the OpenAPI document: no undocumented response, no accepted
//! request that should be rejected, no server error.
//!
//! Needs Python 3.11 and a package index. Without them this test is skipped, unless the environment variable
//! `CI` is set.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::managing::orgs::platform;
use crate::world::process::workspace;
use crate::world::python;
use crate::world::{Dir, Receiver, World};

const NAME: &str = "schemathesis";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_nothing() {
    let Some(python) = python::environment(NAME, "the API is not held against its document") else { return };
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event = world.api.deliver(&config_id, "{}").await;
    let event_id = event["event_id"].as_str().unwrap().to_owned();
    let path = format!("/webhook/{config_id}/events/replay");
    let replay = world.api.post(&path, &json!({"event_ids": [event_id]})).await.json();
    let tokens = world.api.get("/tokens").await.json();
    let current = tokens["data"].as_array().unwrap().iter().find(|token| token["current"] == true).unwrap();
    let published = world.api.post("/events", &json!({"event_type": "t", "payload": {}})).await.json();
    let erasure = world.api.post("/erasures", &json!({"correlation_id": "of nobody"})).await.json();
    let platform = platform(&world).await;
    let own = platform.get("/platform/tokens").await.json()["data"][0]["token_id"].clone();
    let (base, files) = (&world.api.base, workspace().join("tests").join(NAME));
    // A separate directory for the files that schemathesis leaves behind.
    let dir = Dir::new();
    let mut command = Command::new(python.with_file_name("schemathesis"));
    command.current_dir(dir.path());
    command.arg("--config-file").arg(files.join("schemathesis.toml"));
    command.args(["run", &format!("{base}/openapi.json"), "--url", base, "--no-color"]);
    command.env("PYTHONPATH", &files).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("HOOKSTEP_TOKEN", &world.api.token).env("RECEIVER_URL", &receiver.url);
    command.env("PLATFORM_TOKEN", &platform.token).env("PLATFORM_TOKEN_ID", own.as_str().unwrap());
    command.env("CONFIG_ID", &config_id).env("EVENT_ID", &event_id);
    command.env("REPLAY_ID", replay["replay_id"].as_str().unwrap());
    command.env("PUBLICATION_ID", published["publication_id"].as_str().unwrap());
    command.env("ERASURE_ID", erasure["erasure_id"].as_str().unwrap());
    command.env("TOKEN_ID", current["token_id"].as_str().unwrap());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_document_is_valid() {
    let Some(python) = python::environment(NAME, "the OpenAPI document is not validated") else { return };
    let document = workspace().join("crates/management/openapi.json");
    let mut command = Command::new(python);
    command.args(["-m", "openapi_spec_validator", "--schema", "3.1"]).arg(Path::new(&document));
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
