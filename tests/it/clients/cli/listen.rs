//! `hookstep listen`.

use serde_json::json;

use super::{WHILE, hookstep};
use crate::world::process::{FREE_PORT, Process};
use crate::world::{ORG, Receiver, Reply, World};

/// A listener on a free port, and its URL.
async fn listen(world: &World, args: &[&str], secret: Option<&str>) -> (Process, String) {
    let mut command = hookstep(world, &["listen", "--listen", FREE_PORT]);
    command.args(args);
    if let Some(secret) = secret {
        command.env("HOOKSTEP_SIGNING_SECRET", secret);
    }
    let mut process = Process::start(&mut command);
    let line = process.told("listening on ").await;
    let url = format!("{}/hook", line.rsplit(' ').next().unwrap());
    (process, url)
}

/// Creates a webhook and returns it as its creator sees it. From then on its org has a public key.
async fn webhook(world: &World, url: &str) -> (String, String) {
    let created = world.api.post("/webhook", &json!({"name": "test", "url": url})).await.json();
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    (text("config_id"), text("signing_secret"))
}

async fn point(world: &World, id: &str, url: &str) {
    let answer = world.api.put(&format!("/webhook/{id}"), &json!({"name": "test", "url": url})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_verified_both_ways_and_shown() {
    let world = World::start().await;
    let (id, secret) = webhook(&world, "http://127.0.0.1:8080/").await;
    let (mut listener, url) = listen(&world, &["--org", ORG], Some(&secret)).await;
    point(&world, &id, &url).await;
    let answer = world.api.trigger_sync(&id, r#"{"reading":[1.5]}"#).await;
    assert_eq!(answer["status_code"], 200, "{answer}");
    listener.line("-> 200 OK").await;
    let said = listener.stdout();
    for line in ["POST /hook  17 bytes, application/json", "  ✓ v1\n", "  ✓ v1a\n", "    \"reading\": [\n"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(said.contains(answer["event_id"].as_str().unwrap()), "{said}");
    assert!(!said.contains(&secret));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_tampered_with_is_refused_and_not_passed_on() {
    let world = World::start().await;
    let reply = Reply::status(202).body("taken").header("content-type", "text/plain");
    let reply = reply.header("retry-after", "7").header("x-trace", "a").header("keep-alive", "timeout=9");
    let behind = Receiver::answering([reply]).await;
    let (id, secret) = webhook(&world, "http://127.0.0.1:8080/").await;
    let (mut listener, url) = listen(&world, &["--forward", &behind.url], Some(&secret)).await;
    point(&world, &id, &url).await;
    let answer = world.api.trigger_sync(&id, "signed").await;
    assert_eq!((&answer["status_code"], &answer["body"]), (&json!(202), &json!("taken")), "{answer}");
    let headers = &answer["headers"];
    assert_eq!((&headers["retry-after"], &headers["x-trace"]), (&json!("7"), &json!("a")), "{answer}");
    assert!(headers["content-type"] == "text/plain" && headers["keep-alive"].is_null(), "{answer}");
    let request = behind.only();
    assert_eq!(request.body, b"signed");

    let mut tampered = world.api.http.post(&url).body("sIgned");
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        tampered = tampered.header(name, request.header(name).unwrap());
    }
    assert_eq!(tampered.send().await.unwrap().status(), 401);
    assert_eq!(world.api.http.post(&url).send().await.unwrap().status(), 401);
    listener.line("✗ v1: no signature matches").await;
    listener.line("✗ v1: the request must have the header webhook-id exactly once").await;
    assert_eq!(behind.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_as_it_is_told() {
    let world = World::start().await;
    let delay = format!("{}ms", WHILE.as_millis());
    let (listener, url) = listen(&world, &["--status", "503", "--delay", &delay], None).await;
    let (id, _) = webhook(&world, &url).await;
    let patch = json!({"name": "test", "url": url, "retry": {"schedule_seconds": []}});
    world.api.put(&format!("/webhook/{id}"), &patch).await;
    let event = world.api.deliver(&id, "x").await;
    assert_eq!((&event["status"], &event["status_code"]), (&json!("failed"), &json!(503)));
    assert!(event["duration_ms"].as_u64().unwrap() >= WHILE.as_millis() as u64, "{event}");
    assert!(listener.stderr().contains("signatures are not verified"));
}
