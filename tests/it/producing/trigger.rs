//! What a producer sees.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::Method;
use serde_json::json;

use crate::world::{Answer, Api, NOBODY, Receiver, Reply, World, accepted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_async_trigger_is_answered_with_the_event_id_and_delivered() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"headers": {"X-Team": "blue {% 1 %}"}})).await;
    let answer = Answer::to(world.api.triggering(&id, "", r#"{"a": 1}"#)).await;
    let event_id = accepted(&answer);
    assert_eq!(answer.json(), json!({"event_id": event_id, "status": "in_progress"}));
    assert_eq!(answer.headers["content-type"], "application/json");

    let event = world.api.ended(&id, &event_id).await;
    assert_eq!(event["status"], "succeeded");
    let seen = receiver.only();
    assert_eq!(seen.request_line(), "POST /hook HTTP/1.1");
    assert_eq!(seen.body, br#"{"a": 1}"#);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("content-length"), Some("8"));
    assert_eq!(seen.header("transfer-encoding"), None);
    assert_eq!(seen.header("webhook-id"), Some(event_id.as_str()));
    assert_eq!(seen.header("x-team"), Some("blue {% 1 %}"), "header values are not evaluated");
    assert_eq!(seen.header("user-agent"), Some(concat!("Hookstep/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(seen.header("authorization"), None, "the producer's token is not sent to the receiver");
    let sent_at: i64 = seen.header("webhook-timestamp").unwrap().parse().unwrap();
    assert!(
        (0..60).contains(&(hookstep_ambient::Sources::system().now().unix_seconds() - sent_at)),
        "{sent_at}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_trigger_is_answered_with_the_receivers_answer() {
    let reply =
        Reply::status(201).header("X-Order", "7").header("Content-Type", "text/plain").body("thänk you");
    let (world, receiver) = (World::start().await, Receiver::answering([reply]).await);
    let id = world.api.create_webhook(&receiver.url, json!({"method": "PUT"})).await;
    let mut answer = world.api.trigger_sync(&id, "{}").await;
    let event_id = answer["event_id"].as_str().unwrap().to_owned();
    assert!(answer["duration_ms"].take().as_u64().is_some_and(|ms| ms < 10_000));
    assert_eq!(
        answer,
        json!({
            "event_id": event_id, "status": "succeeded", "outcome": "succeeded", "status_code": 201,
            "headers": {"x-order": "7", "content-type": "text/plain", "content-length": "10"},
            "body": "thänk you", "body_truncated": false, "attempts": 1, "duration_ms": null, "reason": null, "error": null,
        })
    );
    let seen = receiver.only();
    assert_eq!(seen.request_line(), "PUT /hook HTTP/1.1");
    assert_eq!(seen.header("webhook-id"), Some(event_id.as_str()));
    // The response came after the record was written, so a producer that queries at once finds the event.
    assert_eq!(world.api.event(&id, &event_id).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receivers_refusal_is_an_answer_not_our_error() {
    let reply = Reply::status(400).body("no such order");
    let (world, receiver) = (World::start().await, Receiver::answering([reply]).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let answer = world.api.trigger_sync(&id, "{}").await;
    assert_eq!((&answer["status"], &answer["outcome"]), (&json!("failed"), &json!("failed_http")));
    assert_eq!((&answer["status_code"], &answer["body"]), (&json!(400), &json!("no such order")));
    let reason = json!({"code": "http_status", "detail": "the receiver answered 400"});
    assert_eq!((&answer["reason"], &answer["error"]), (&reason, &reason["detail"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receivers_500_is_http_200_with_status_failed() {
    let (world, receiver) =
        (World::start().await, Receiver::answering([Reply::status(500).body("oops")]).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let answer = world.api.trigger_sync(&id, "{}").await;
    assert_eq!((&answer["status"], &answer["outcome"]), (&json!("failed"), &json!("failed_http")));
    assert_eq!((&answer["status_code"], &answer["body"]), (&json!(500), &json!("oops")));
    assert_eq!((&answer["attempts"], receiver.calls()), (&json!(3), 3), "at most two retries for sync");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_answer_is_base64_and_says_so() {
    let (world, receiver) =
        (World::start().await, Receiver::answering([Reply::status(200).body(*b"\xff\0\x01")]).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let answer = world.api.trigger_sync(&id, "{}").await;
    assert_eq!((&answer["body"], &answer["body_encoding"]), (&json!("/wAB"), &json!("base64")));
    let event = world.api.event(&id, answer["event_id"].as_str().unwrap()).await;
    let attempt = &event["attempts"][0];
    assert_eq!(
        (&attempt["response_body"], &attempt["response_body_encoding"]),
        (&json!("/wAB"), &json!("base64"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_delivery_that_takes_too_long_is_answered_202_and_goes_on() {
    let budget = Duration::from_millis(500);
    let slow = Reply::status(200).after(3 * budget);
    let world = World::with_options(|options| options.sync_budget = budget).await;
    let receiver = Receiver::answering([slow]).await;
    let id = world.api.create_webhook(&receiver.url, json!({"timeout_seconds": 60})).await;
    let start = Instant::now();
    let answer = Answer::to(world.api.triggering(&id, "?sync=true", "{}")).await;
    let waited = start.elapsed();
    let event_id = accepted(&answer);
    assert_eq!(answer.json(), json!({"event_id": event_id, "status": "in_progress"}));
    assert!((budget * 9 / 10..3 * budget).contains(&waited), "{waited:?}");
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)));
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_hangs_up_does_not_stop_the_delivery() {
    let slow = Reply::status(200).after(Duration::from_millis(500));
    let (world, receiver) = (World::start().await, Receiver::answering([slow]).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let request = world.api.triggering(&id, "?sync=true", "{}");
    tokio::select! {
        _ = request.send() => panic!("the trigger responded before the receiver did"),
        () = async { while receiver.calls() == 0 { tokio::task::yield_now().await } } => {}
    }
    let event_id = world.api.events(&id, "").await["data"][0]["event_id"].as_str().unwrap().to_owned();
    assert_eq!(world.api.ended(&id, &event_id).await["status"], "succeeded");
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_beyond_an_express_execution_is_delivered_by_the_standard_machine() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"timeout_seconds": 300})).await;
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "succeeded");
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_producer_is_answered_whatever_the_timeout() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"timeout_seconds": 840})).await;
    let answer = Answer::to(world.api.triggering(&id, "?sync=true", "{}")).await;
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("succeeded")));
    receiver.only();
}

async fn with_key(
    api: &Api,
    config_id: &str,
    query: &str,
    key: &str,
    body: impl Into<reqwest::Body>,
) -> Answer {
    Answer::to(api.triggering(config_id, query, body).header("idempotency-key", key)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_makes_one_event_of_many_requests() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let answers = join_all((0..10).map(|_| with_key(&world.api, &id, "", "k", "{}"))).await;
    let first = accepted(&answers[0]);
    assert!(answers.iter().all(|answer| accepted(answer) == first), "{answers:?}");
    assert_eq!(world.api.ended(&id, &first).await["status"], "succeeded");
    let repeated = with_key(&world.api, &id, "", "k", "{}").await;
    assert_eq!(accepted(&repeated), first);
    // Only one execution delivers; once the others have ended too, no second delivery is possible.
    world.settled(&first).await;
    receiver.only();
    assert_eq!(world.api.events(&id, "").await["data"].as_array().unwrap().len(), 1);

    let other = with_key(&world.api, &id, "", "k", "{ }").await.problem(409);
    assert_eq!(other["event_id"], first.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_is_one_webhooks_own() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let one = world.api.create_webhook(&receiver.url, json!({})).await;
    let two = world.api.create_webhook(&receiver.url, json!({})).await;
    let first = accepted(&with_key(&world.api, &one, "", "k", "1").await);
    let second = accepted(&with_key(&world.api, &two, "", "k", "2").await);
    assert_ne!(first, second);
    world.api.ended(&one, &first).await;
    world.api.ended(&two, &second).await;
    assert_eq!(receiver.calls(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_sync_trigger_is_told_where_the_first_stands() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let first = with_key(&world.api, &id, "?sync=true", "k", "{}").await;
    let again = with_key(&world.api, &id, "?sync=true", "k", "{}").await;
    assert_eq!((first.status, again.status), (200, 200), "{again:?}");
    let (first, again) = (first.json(), again.json());
    for field in ["event_id", "status", "outcome", "status_code", "attempts", "reason", "error"] {
        assert_eq!(first[field], again[field], "{field}");
    }
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotent_large_body_is_delivered_once() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let body = vec![b'x'; 1_000_000];
    let first = with_key(&world.api, &id, "?sync=true", "k", body.clone()).await.json();
    let again = with_key(&world.api, &id, "?sync=true", "k", body).await.json();
    assert_eq!((&first["status"], &first["event_id"]), (&json!("succeeded"), &again["event_id"]));
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_webhook_records_the_event_and_sends_nothing() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"enabled": false})).await;
    let event = world.api.deliver(&id, "{}").await;
    assert_eq!((&event["status"], &event["attempts"]), (&json!("skipped"), &json!([])));
    let reason = json!({"code": "webhook_disabled", "detail": "the webhook is disabled"});
    assert_eq!((&event["reason"], &event["error"]), (&reason, &reason["detail"]));
    let answer = world.api.trigger_sync(&id, "{}").await;
    assert_eq!((&answer["status"], &answer["reason"]), (&json!("skipped"), &reason));
    assert_eq!((&answer["attempts"], &answer["outcome"]), (&json!(0), &json!(null)));
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_is_not_there_is_404_whatever_its_id_looks_like() {
    let world = World::start().await;
    for id in [NOBODY, "nonsense", "%00", "a%2Fb", "0190A000-0000-7000-8000-00000000000F"] {
        for path in [format!("/webhook/{id}/trigger"), format!("/webhook/{id}/uploads")] {
            world.api.post(&path, &json!({"size": 1})).await.problem(404);
        }
        world.api.get(&format!("/webhook/{id}")).await.problem(404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_is_not_even_text_is_404() {
    let world = World::start().await;
    world.api.get("/webhook/%FF").await.problem(404);
    world.api.post("/webhook/%FF/trigger", &json!({})).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_parameter_or_header_is_named() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for (query, field) in [
        ("?sync=yes", "sync"),
        ("?sync=", "sync"),
        ("?sync=true&sync=false", "sync"),
        ("?synch=true", "synch"),
        ("?org_id=other", "org_id"),
    ] {
        let answer = Answer::to(world.api.triggering(&id, query, "{}")).await;
        assert_eq!(answer.wrong_field(), field, "{query}");
    }
    for (name, value) in [("idempotency-key", "k".repeat(256)), ("content-type", "ä".to_owned())] {
        let request = world.api.request(Method::POST, &format!("/webhook/{id}/trigger")).header(name, value);
        assert_eq!(Answer::to(request).await.wrong_field(), name);
    }
    assert_eq!(world.api.events(&id, "").await["data"], json!([]));
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_known_token_nothing_is_answered() {
    let world = World::start().await;
    let url = |path: &str| format!("{}{path}", world.api.base);
    let http = &world.api.http;
    for (method, path) in [
        (Method::POST, format!("/webhook/{NOBODY}/trigger")),
        (Method::POST, format!("/webhook/{NOBODY}/uploads")),
        (Method::POST, "/webhook".to_owned()),
        (Method::GET, "/webhook".to_owned()),
        (Method::PUT, format!("/webhook/{NOBODY}")),
        (Method::DELETE, format!("/webhook/{NOBODY}")),
        (Method::GET, format!("/webhook/{NOBODY}/events")),
        (Method::GET, format!("/webhook/{NOBODY}/events/{NOBODY}")),
    ] {
        let request = || http.request(method.clone(), url(&path));
        let basic = format!("Basic {}", world.api.token);
        for request in [
            request(),
            request().header("authorization", "Bearer "),
            request().bearer_auth("hookstep_0000"),
            request().header("authorization", &basic),
        ] {
            let answer = Answer::to(request).await;
            answer.problem(401);
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_route_takes_is_a_problem_too() {
    let world = World::start().await;
    for path in ["/webhooks", "/webhook/", "/webhook/a/b/c", "/hookstep-claims"] {
        world.api.get(path).await.problem(404);
    }
    for (method, path) in [
        (Method::GET, format!("/webhook/{NOBODY}/trigger")),
        (Method::DELETE, "/webhook".to_owned()),
        (Method::PATCH, "/healthz".to_owned()),
    ] {
        let answer = Answer::to(world.api.request(method, &path)).await;
        answer.problem(405);
        assert!(answer.headers.contains_key("allow"), "{path}: a 405 must have an Allow header");
    }
    let healthy = world.api.get("/healthz").await;
    assert_eq!((healthy.status, healthy.json()), (200, json!({"status": "ok"})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_type_may_be_long_or_empty() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let long = format!("application/json; profile=\"{}\"", "a".repeat(8000));
    for (sent, arrives) in
        [(long.as_str(), Some(long.as_str())), ("", None), ("no type at all", Some("no type at all"))]
    {
        let request = world.api.request(Method::POST, &format!("/webhook/{id}/trigger")).body("{}");
        let event_id = accepted(&Answer::to(request.header("content-type", sent)).await);
        let event = world.api.ended(&id, &event_id).await;
        assert_eq!(event["status"], "succeeded", "{event}");
        assert_eq!(receiver.seen().pop().unwrap().header("content-type"), arrives);
    }
    let request = world.api.request(Method::POST, &format!("/webhook/{id}/trigger")).body("{}");
    let refused = Answer::to(request.header("content-type", "a".repeat(8193))).await;
    assert_eq!(refused.wrong_field(), "content-type");
}
