//! The audit log: every change leaves an entry that says who made it, from where, and what it changed.
#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use http::Method;
use serde_json::{Value, json};

use super::orgs::{admin, made, patch_org, platform, within};
use crate::world::{Answer, Api, Receiver, Reply, World, mailbox};

/// The operations that may change something. Whoever adds one lists it here, and has its entry tested below; `check_event_type`, `preview_webhook`,
/// `test_auth` and `test_webhook` change nothing.
const OPERATIONS: [&str; 30] = [
    "cancel_event",
    "change_event_type",
    "change_org",
    "change_webhook",
    "check_event_type",
    "create_event_type",
    "create_event_type_version",
    "create_org",
    "create_platform_token",
    "create_portal_session",
    "create_replay",
    "create_token",
    "create_webhook",
    "delete_event_type",
    "delete_event_type_version",
    "delete_org",
    "delete_platform_token",
    "delete_session",
    "delete_token",
    "delete_webhook",
    "erase_events",
    "import_event_types",
    "preview_webhook",
    "replace_notifications",
    "replace_webhook",
    "replay_event",
    "rotate_key",
    "rotate_secret",
    "test_auth",
    "test_webhook",
];

/// The operations of the document that may change something.
async fn changing(api: &Api) -> Vec<String> {
    let document = api.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|path| path.as_object().unwrap());
    let changing = operations.filter(|(method, operation)| {
        let scope = operation["x-required-scope"].as_str().unwrap();
        *method != "get" && ["manage", "platform"].contains(&scope)
    });
    let mut ids: Vec<_> =
        changing.map(|(_, operation)| operation["operationId"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// The entries of a log, oldest first.
async fn log(api: &Api, path: &str) -> Vec<Value> {
    let answer = api.get(path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut entries = answer.json()["data"].as_array().unwrap().clone();
    entries.reverse();
    entries
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

async fn sending_mails() -> World {
    World::with_options(|options| options.mailer = mailbox::mailer("smtp://127.0.0.1:9")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_in_an_org_leaves_an_entry() {
    let (world, receiver) = (sending_mails().await, Receiver::answering([Reply::status(500)]).await);
    let api = &world.api;
    let retries = json!({"retry": {"schedule_seconds": [3600]}});
    let config_id = api.create_webhook(&receiver.url, retries).await;
    let path = format!("/webhook/{config_id}");
    let read = api.get(&path).await.json();
    let fields = json!({"name": "other", "url": receiver.url, "retry": read["retry"]});
    assert_eq!(api.put(&path, &fields).await.status, 200);
    assert_eq!(api.patch(&config_id, &json!({"timeout_seconds": 7})).await.status, 200);
    assert_eq!(api.post(&format!("{path}/rotate-secret"), &json!({"overlap_seconds": 60})).await.status, 200);
    let event_id = api.trigger(&config_id, "{}").await;
    api.until(&config_id, &event_id, |event| event["next_attempt_at"].is_string()).await;
    assert_eq!(api.post(&format!("{path}/events/{event_id}/cancel"), &json!({})).await.status, 200);
    assert_eq!(api.post(&format!("{path}/events/{event_id}/replay"), &json!({})).await.status, 202);
    let bulk = api.post(&format!("{path}/events/replay"), &json!({"event_ids": [event_id]})).await;
    assert_eq!(bulk.status, 202, "{bulk:?}");
    let erased = api.post("/erasures", &json!({"config_id": config_id, "event_id": event_id})).await;
    assert_eq!(erased.status, 202, "{erased:?}");
    let token = api.post("/tokens", &json!({"name": "reader", "scopes": ["read"]})).await.json();
    let token_path = format!("/tokens/{}", token["token_id"].as_str().unwrap());
    assert_eq!(api.delete(&token_path).await.status, 204);
    let address = json!({"emails": ["ops@example.com"]});
    assert_eq!(api.put("/notifications", &address).await.status, 200);
    let event_type = json!({"name": "order.created", "on_invalid": "mark"});
    assert_eq!(api.post("/event-types", &event_type).await.status, 201);
    let type_path = "/event-types/order.created";
    let version = api.post(&format!("{type_path}/versions"), &json!({"schema": {"type": "object"}})).await;
    assert_eq!(version.status, 201, "{version:?}");
    let changed = api.request(Method::PATCH, type_path).body(r#"{"deprecated": true}"#);
    assert_eq!(Answer::to(changed.header("content-type", "application/json")).await.status, 200);
    assert_eq!(api.delete(&format!("{type_path}/versions/1")).await.status, 204);
    let document =
        json!({"openapi": "3.1.0", "webhooks": {"order.created": {"post": {"description": "An order."}}}});
    assert_eq!(api.post("/event-types/import", &document).await.json()["types"][0]["result"], "updated");
    assert_eq!(api.delete(type_path).await.status, 204);
    assert_eq!(api.post("/signing-key/rotate", &json!({})).await.status, 200);
    let sign_in =
        api.http.post(format!("{}/console/sign-in", api.base)).header("sec-fetch-site", "same-origin");
    let sign_in = sign_in.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(Answer::to(sign_in.body(format!("token={}", api.token))).await.status, 200);
    let sessions = api.get("/sessions").await.json();
    let session_path = format!("/sessions/{}", sessions["data"][0]["session_id"].as_str().unwrap());
    assert_eq!(api.delete(&session_path).await.status, 204);
    assert_eq!(api.delete(&path).await.status, 204);

    let entries = log(api, "/audit").await;
    let expected = [
        "webhook.create",
        "webhook.update",
        "webhook.update",
        "webhook.rotate_secret",
        "event.cancel",
        "event.replay",
        "replay.create",
        "event.erase",
        "token.create",
        "token.revoke",
        "notifications.update",
        "event_type.create",
        "event_type.add_version",
        "event_type.update",
        "event_type.delete_version",
        "event_type.update",
        "event_type.delete",
        "signing_key.rotate",
        "session.open",
        "session.end",
        "webhook.delete",
    ];
    assert_eq!(actions(&entries), expected);
    let current = api.get("/tokens").await.json();
    let own = current["data"].as_array().unwrap().iter().find(|token| token["current"] == true).unwrap();
    for entry in &entries {
        let actor = &entry["actor"];
        let who = (&actor["token_id"], &actor["token_name"], &actor["is_platform"], &actor["address"]);
        assert_eq!(who, (&own["token_id"], &json!("admin"), &json!(false), &json!("127.0.0.1")));
        assert_eq!(entry["outcome"], "done", "{entry}");
    }
    assert_eq!(entries[2]["changes"], json!([{"field": "timeout_seconds", "before": 30, "after": 7}]));
    let cancelled = (&entries[4]["target_id"], &entries[4]["config_id"]);
    assert_eq!(cancelled, (&json!(event_id), &json!(config_id)));
    let about = log(api, &format!("/audit?target_id={config_id}")).await;
    assert_eq!(about.len(), 9, "{about:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_platform_does_is_in_the_log_of_the_org_or_in_its_own() {
    let world = World::start().await;
    let platform = platform(&world).await;
    made(&platform, json!({"org_id": "globex", "name": "Globex"})).await;
    assert_eq!(patch_org(&platform, "globex", json!({"name": "Globex Ltd."})).await.status, 200);
    let own = admin(&platform, "globex").await;
    let spare = platform.post("/platform/tokens", &json!({"name": "spare"})).await.json();
    let spare = format!("/platform/tokens/{}", spare["token_id"].as_str().unwrap());
    assert_eq!(platform.delete(&spare).await.status, 204);

    let inside = log(&own, "/audit").await;
    assert_eq!(actions(&inside), ["token.create"]);
    assert_eq!(
        (&inside[0]["actor"]["is_platform"], &inside[0]["target_name"]),
        (&json!(true), &json!("admin"))
    );
    assert_eq!(log(&within(&platform, "globex"), "/audit").await, inside);
    assert_eq!(log(&world.api, "/audit").await, [] as [Value; 0], "another org sees nothing of it");
    let of_orgs = log(&platform, "/platform/audit").await;
    assert_eq!(actions(&of_orgs), ["org.create", "org.update", "token.create", "token.revoke"]);
    let renamed = json!([{"field": "name", "before": "Globex", "after": "Globex Ltd."}]);
    assert_eq!(of_orgs[1]["changes"], renamed);

    assert_eq!(platform.delete("/orgs/globex").await.status, 202);
    let entries = log(&platform, "/platform/audit?target_id=globex").await;
    assert_eq!(actions(&entries), ["org.create", "org.update", "org.delete"]);
    own.get("/platform/audit").await.problem(403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_says_from_where_a_request_came_and_whether_it_was_refused() {
    let world = World::start().await;
    let nothing = "0190a000-0000-7000-8000-00000000000f";
    let request = world.api.request(Method::DELETE, &format!("/sessions/{nothing}"));
    // The proxies of this machine are trusted.
    let request =
        request.header("x-forwarded-for", "198.51.100.1, 203.0.113.7").header("user-agent", "probe/1");
    Answer::to(request).await.problem(404);
    let entries = log(&world.api, "/audit").await;
    let entry = &entries[0];
    let from = (&entry["outcome"], &entry["actor"]["address"], &entry["actor"]["user_agent"]);
    assert_eq!(from, (&json!("refused"), &json!("203.0.113.7"), &json!("probe/1")));
    // What is wrong in itself is no action.
    world.api.post("/tokens", &json!({"name": "", "scopes": ["read"]})).await.problem(400);
    assert_eq!(log(&world.api, "/audit").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_paged_and_chosen_by_time() {
    let world = World::start().await;
    for number in 0..5 {
        let token = json!({"name": format!("t{number}"), "scopes": ["read"]});
        assert_eq!(world.api.post("/tokens", &token).await.status, 201);
    }
    let (mut seen, mut path) = (Vec::new(), "/audit?limit=2".to_owned());
    for _ in 0..3 {
        let page = world.api.get(&path).await.json();
        seen.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/audit?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    let names: Vec<_> = seen.iter().map(|entry| entry["target_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["t4", "t3", "t2", "t1", "t0"]);
    let at = seen[2]["at"].as_str().unwrap();
    let since = log(&world.api, &format!("/audit?from={at}")).await;
    assert!(since.len() >= 3 && since.iter().any(|entry| entry["target_name"] == "t2"), "{since:?}");
    let later = log(&world.api, "/audit?from=2100-01-01T00:00:00Z").await;
    assert!(later.is_empty(), "{later:?}");
    for (query, field) in [
        ("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
        ("target_id=0123456789012345678901234567890123456789012345678901234567890123456789", "target_id"),
    ] {
        assert_eq!(world.api.get(&format!("/audit?{query}")).await.wrong_field(), field);
    }
}

#[tokio::test]
async fn the_list_of_changes_is_complete() {
    let world = World::start().await;
    assert_eq!(changing(&world.api).await, OPERATIONS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_on_the_bus_for_webhooks_of_their_org() {
    let world = World::start().await;
    let (own, others) = (Receiver::ok().await, Receiver::ok().await);
    let subscribed = json!({"event_types": ["Webhook Audit Entry"]});
    world.admin_of("globex").await.create_webhook(&others.url, subscribed.clone()).await;
    let config_id = world.api.create_webhook(&own.url, subscribed).await;
    assert_eq!(world.api.patch(&config_id, &json!({"headers": {"X-Key": "s3cret"}})).await.status, 200);
    world.api.until_events_of(&config_id, 2, "succeeded").await;
    let log = log(&world.api, "/audit").await;
    let mut seen: Vec<Value> =
        own.seen().iter().map(|seen| serde_json::from_slice(&seen.body).unwrap()).collect();
    seen.sort_by_key(|entry| entry["audit_id"].to_string());
    for (entry, mut told) in log.iter().zip(seen) {
        assert_eq!(told.as_object_mut().unwrap().remove("org_id"), Some(json!("acme")));
        assert_eq!((&told, &told["outcome"]), (entry, &json!("done")));
        assert!(!told.to_string().contains("s3cret"), "{told}");
    }
    // The other org has heard of its own webhook, and of nothing else.
    assert!(others.seen().iter().all(|seen| String::from_utf8_lossy(&seen.body).contains("globex")));

    let quiet = World::with_options(|options| options.publish = hookstep_contract::Publish::Nothing).await;
    let told = quiet
        .api
        .post("/webhook", &json!({"name": "n", "url": own.url, "event_types": ["Webhook Audit Entry"]}))
        .await;
    assert_eq!(told.wrong_field(), "event_types[0]");
}
