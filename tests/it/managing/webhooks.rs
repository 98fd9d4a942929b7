//! The management API.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Api, NOBODY, Receiver, Reply, World, accepted, moment, until};

const URL: &str = "https://example.com/hook";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_created_with_the_documented_defaults_and_reads_back() {
    let world = World::start().await;
    let created = world.api.post("/webhook", &json!({"name": "orders", "url": URL})).await;
    assert_eq!(created.status, 201, "{created:?}");
    let mut config = created.json();
    let secret = config.as_object_mut().unwrap().remove("signing_secret").unwrap();
    assert!(secret.as_str().unwrap().starts_with("whsec_"), "shown this once");
    let id = config["config_id"].as_str().unwrap();
    assert_eq!(
        config,
        json!({
            "org_id": "acme", "config_id": id, "created_at": config["updated_at"], "updated_at": config["created_at"],
            "revision": 1, "signing_secrets": [{"created_at": config["signing_secrets"][0]["created_at"]}], "warnings": [],
            "name": "orders", "url": URL, "method": "POST", "enabled": true, "headers": {}, "event_headers": {},
            "timeout_seconds": 30,
            "retry": {"schedule_seconds": [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]}, "shards": 1,
            "event_types": [], "health": "healthy",
        })
    );
    let read = world.api.get(&format!("/webhook/{id}")).await;
    assert_eq!((read.status, read.json()), (200, config));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn put_replaces_everything_and_resets_what_is_left_out() {
    let world = World::start().await;
    let fields = json!({"method": "PUT", "headers": {"X-Team": "blue"}, "timeout_seconds": 5, "enabled": false,
                        "retry": {"schedule_seconds": [7]}});
    let id = world.api.create_webhook(URL, fields).await;
    let path = format!("/webhook/{id}");
    let before = world.api.get(&path).await.json();
    let replaced = world.api.put(&path, &json!({"name": "new", "url": "https://example.org/"})).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    let after = replaced.json();
    assert_eq!((&after["name"], &after["url"]), (&json!("new"), &json!("https://example.org/")));
    assert_eq!((&after["method"], &after["headers"]), (&json!("POST"), &json!({})));
    assert_eq!((&after["enabled"], &after["timeout_seconds"]), (&json!(true), &json!(30)));
    assert_eq!(after["retry"]["schedule_seconds"].as_array().unwrap().len(), 9);
    for kept in ["org_id", "config_id", "created_at"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert!(moment(&after["updated_at"]) >= moment(&before["updated_at"]));
    assert_eq!(world.api.get(&path).await.json(), after);
    world.api.put(&format!("/webhook/{NOBODY}"), &json!({"name": "n", "url": URL})).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_webhook_is_gone_and_its_events_stay() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event = world.api.deliver(&id, "{}").await;
    let path = format!("/webhook/{id}");
    let deleted = world.api.delete(&path).await;
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    world.api.get(&path).await.problem(404);
    world.api.delete(&path).await.problem(404);
    world.api.put(&path, &json!({"name": "n", "url": URL})).await.problem(404);
    world.api.post(&format!("{path}/trigger"), &json!({})).await.problem(404);
    world.api.post(&format!("{path}/uploads"), &json!({"size": 1})).await.problem(404);
    assert_eq!(world.api.get("/webhook").await.json()["data"], json!([]));
    assert_eq!(world.api.event(&id, event["event_id"].as_str().unwrap()).await, event);
    assert_eq!(world.api.events(&id, "").await["data"].as_array().unwrap().len(), 1);
}

/// The names on every page, with this page size.
async fn names(api: &Api, limit: usize) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/webhook?limit={limit}{cursor}")).await.json();
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= limit, "{page}");
        names.extend(data.iter().map(|config| config["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { return names };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_listed_oldest_first_whatever_the_page() {
    let world = World::start().await;
    assert_eq!(world.api.get("/webhook").await.json(), json!({"data": [], "next_cursor": null}));
    let expected: Vec<String> = (0..7).map(|number| format!("webhook {number}")).collect();
    for name in &expected {
        world.api.create_webhook(URL, json!({"name": name})).await;
    }
    for limit in [1, 3, 7, 100] {
        assert_eq!(names(&world.api, limit).await, expected, "{limit} per page");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("cursor=!", "cursor"),
        ("cursor=bm9uc2Vuc2U", "cursor"),
        ("offset=1", "offset"),
    ] {
        assert_eq!(world.api.get(&format!("/webhook?{query}")).await.wrong_field(), field, "{query}");
    }
}

/// A body that is complete except for this field.
fn with(field: &str, value: impl Into<Value>) -> String {
    let mut body = json!({"name": "n", "url": URL});
    body[field] = value.into();
    body.to_string()
}

/// Every body that must be rejected, and the field to blame.
fn wrong_bodies() -> Vec<(String, &'static str)> {
    let long = format!("https://example.com/{}", "x".repeat(2048));
    let urls = [
        "",
        "example.com",
        "/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com:22/",
        "http://127.0.0.1:25/",
        "https://example.com/#part",
        "https://example.com/a b",
        " https://example.com/",
        "https://",
        &long,
    ];
    let urls = urls.into_iter().map(|url| (with("url", url), "url"));
    let headers = [
        ("Host", "headers.Host"),
        ("content-length", "headers.content-length"),
        ("Content-Type", "headers.Content-Type"),
        ("Transfer-Encoding", "headers.Transfer-Encoding"),
        ("Connection", "headers.Connection"),
        ("webhook-id", "headers.webhook-id"),
        ("Webhook-Signature", "headers.Webhook-Signature"),
        ("X-Forwarded-For", "headers.X-Forwarded-For"),
        ("Authorization", "headers.Authorization"),
        ("cookie", "headers.cookie"),
        ("a b", "headers.a b"),
    ];
    let headers = headers.into_iter().map(|(name, field)| (with("headers", json!({name: "x"})), field));
    let others = [
        (json!({"url": URL}).to_string(), "name"),
        (json!({"name": "n"}).to_string(), "url"),
        (with("name", " "), "name"),
        (with("name", 1), "name"),
        (with("name", Value::Null), "name"),
        (with("name", "x".repeat(101)), "name"),
        (with("name", "a\nb"), "name"),
        (with("url", json!([URL])), "url"),
        (with("method", "GET"), "method"),
        (with("method", "post"), "method"),
        (with("enabled", "yes"), "enabled"),
        (with("timeout_seconds", 0), "timeout_seconds"),
        (with("timeout_seconds", 841), "timeout_seconds"),
        (with("timeout_seconds", 1.5), "timeout_seconds"),
        (with("timeout_seconds", -1), "timeout_seconds"),
        (with("headers", json!({"x-a": 1})), "headers.x-a"),
        (with("headers", json!({"x-a": "1\r\nx-b: 2"})), "headers.x-a"),
        (with("headers", json!({"x-a": "x".repeat(8 * 1024)})), "headers.x-a"),
        (with("headers", json!({"X-A": "1", "x-a": "2"})), "headers.x-a"),
        (with("retry", json!({"schedule_seconds": [0]})), "retry.schedule_seconds"),
        (with("retry", json!({"schedule_seconds": [86_401]})), "retry.schedule_seconds"),
        (with("retry", json!({"schedule_seconds": vec![1; 21]})), "retry.schedule_seconds"),
        (with("retry", json!({"schedule_seconds": [1, "x"]})), "retry.schedule_seconds[1]"),
        (with("retry", json!({"attempts": 3})), "retry.attempts"),
        (with("retry", json!({})), "retry.schedule_seconds"),
        (with("colour", "red"), "colour"),
        (with("org_id", "other"), "org_id"),
        (with("config_id", NOBODY), "config_id"),
    ];
    urls.chain(headers).chain(others).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_field_is_named_and_nothing_is_saved() {
    let world = World::start().await;
    let id = world.api.create_webhook(URL, json!({"name": "before"})).await;
    let before = world.api.get("/webhook").await.json();
    for (body, field) in wrong_bodies() {
        for (method, path) in [(Method::POST, "/webhook".to_owned()), (Method::PUT, format!("/webhook/{id}"))]
        {
            let answer = Answer::to(world.api.request(method, &path).body(body.clone())).await;
            assert_eq!(answer.wrong_field(), field, "{body}");
        }
    }
    assert_eq!(world.api.get("/webhook").await.json(), before);
}

async fn refused(body: &str) -> Answer {
    let world = World::start().await;
    let answer = Answer::to(world.api.request(Method::POST, "/webhook").body(body.to_owned())).await;
    assert_eq!(world.api.get("/webhook").await.json()["data"], json!([]), "{body} was saved");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_one_json_object_is_refused() {
    for body in ["", "{", "null", "1", "\"text\"", "{} {}", "[]"] {
        refused(body).await.problem(400);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_array_is_not_taken_for_an_object() {
    refused(&json!(["n", URL]).to_string()).await.problem(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_value_outside_ascii_is_refused() {
    assert_eq!(refused(&with("headers", json!({"x-a": "ä"}))).await.wrong_field(), "headers.x-a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_is_there_twice_is_named() {
    let body = format!(r#"{{"name": "a", "name": "b", "url": "{URL}"}}"#);
    assert_eq!(refused(&body).await.wrong_field(), "name");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_that_is_too_large_is_a_problem_too() {
    refused(&with("name", "x".repeat(65 * 1024))).await.problem(413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_counts_from_the_next_event_on() {
    let (world, old, new) = (World::start().await, Receiver::ok().await, Receiver::ok().await);
    let id = world.api.create_webhook(&old.url, json!({})).await;
    world.api.deliver(&id, "{}").await;
    let fields = json!({"name": "n", "url": new.url, "method": "PATCH", "headers": {"x-a": "b"}});
    assert_eq!(world.api.put(&format!("/webhook/{id}"), &fields).await.status, 200);
    world.api.deliver(&id, "{}").await;
    assert_eq!((old.calls(), new.calls()), (1, 1));
    assert_eq!(new.only().request_line(), "PATCH /hook HTTP/1.1");
    assert_eq!(new.only().header("x-a"), Some("b"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_we_disabled_is_enabled_by_its_owner() {
    let replies = [Reply::status(410), Reply::status(200)];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "failed");
    let path = format!("/webhook/{id}");
    // The event has ended a moment before.
    until("it is disabled", async || world.api.get(&path).await.json()["enabled"] == json!(false)).await;
    let disabled = world.api.get(&path).await.json();
    assert_eq!(disabled["disabled_reason"], "the receiver answered 410 Gone");
    let enabled = world.api.put(&path, &json!({"name": "n", "url": receiver.url})).await.json();
    assert_eq!((&enabled["enabled"], &enabled["disabled_reason"]), (&json!(true), &json!(null)));
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_in_upper_case_is_the_same_id_everywhere() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let upper = id.to_uppercase();
    assert_ne!(upper, id);
    let path = format!("/webhook/{upper}");
    assert_eq!(world.api.get(&path).await.json()["config_id"], id);
    let event = world.api.deliver(&upper, "{}").await;
    let event_id = event["event_id"].as_str().unwrap();
    for path in [
        format!("{path}/events/{}", event_id.to_uppercase()),
        format!("{path}/events?event_id={}", event_id.to_uppercase()),
        format!("{path}/events/{}/payload", event_id.to_uppercase()),
        format!("{path}/stats"),
    ] {
        assert_eq!(world.api.get(&path).await.status, 200, "{path}");
    }
    let replay =
        world.api.post(&format!("{path}/events/{}/replay", event_id.to_uppercase()), &json!({})).await;
    assert_eq!(replay.json()["replay_of"], event_id);
    let ids = json!({"event_ids": [event_id.to_uppercase()]});
    assert_eq!(world.api.post(&format!("{path}/events/replay"), &ids).await.status, 202);
    let upload = world.api.post(&format!("{path}/uploads"), &json!({"size": 2})).await.json();
    let put =
        world.api.http.put(upload["upload_url"].as_str().unwrap()).header("if-none-match", "*").body("{}");
    assert_eq!(Answer::to(put).await.status, 200);
    let claim_check = upload["claim_check"].as_str().unwrap().replace(&id, &upper);
    assert_ne!(claim_check, upload["claim_check"]);
    let request = world.api.request(Method::POST, &format!("{path}/trigger?claim_check={claim_check}"));
    let event_id = accepted(&Answer::to(request).await);
    assert_eq!(world.api.ended(&id, &event_id).await["status"], "succeeded");
    let token = world.api.post("/tokens", &json!({"name": "n", "scopes": ["read"]})).await.json();
    let token_id = token["token_id"].as_str().unwrap().to_uppercase();
    assert_eq!(world.api.delete(&format!("/tokens/{token_id}")).await.status, 204);
    assert_eq!(world.api.delete(&path).await.status, 204);
    world.api.get(&format!("/webhook/{id}")).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_cannot_be_seen_are_refused() {
    let world = World::start().await;
    let id = world.api.create_webhook(URL, json!({})).await;
    for (name, what) in [
        ("invoices\u{202e}fdp", "U+202E"),
        ("pay\u{200b}ments", "U+200B"),
        ("\u{feff}orders", "U+FEFF"),
        ("bell\u{7}", "U+0007"),
    ] {
        let token = json!({"name": name, "scopes": ["read"]});
        let webhook = json!({"name": name, "url": URL});
        for refused in [
            world.api.post("/webhook", &webhook).await,
            world.api.put(&format!("/webhook/{id}"), &webhook).await,
            world.api.patch(&id, &json!({"name": name})).await,
            world.api.post("/tokens", &token).await,
        ] {
            assert_eq!(refused.wrong_field(), "name", "{webhook}");
            assert!(refused.json()["detail"].as_str().unwrap().contains(what), "{refused:?}");
        }
    }
    let kept = json!({"name": "👨\u{200d}👩\u{200d}👧 می\u{200c}خواهم"});
    assert_eq!(world.api.patch(&id, &kept).await.json()["name"], kept["name"]);
}
