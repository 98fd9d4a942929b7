//! The Rust client, against a host and against misbehaving servers.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::time::Duration;

use hookstep_client::{
    BatchEntry, Body, Client, ConfigId, Error, EventQuery, EventSearch, INLINE_BODY_BYTES, Key, NewEvent,
    Outcome, Redelivery, StatsQuery, StatsStep, Status, SyncAnswer, verify,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::world::{NOBODY, Receiver, Reply, World, closed_port};

const ACCEPTED: &str = r#"{"event_id": "0190a000-0000-7000-8000-00000000000f", "status": "in_progress"}"#;

fn nobody() -> ConfigId {
    NOBODY.parse().unwrap()
}

/// A client of a server that gives these responses in turn.
async fn of(replies: impl IntoIterator<Item = Reply>) -> (Receiver, Client) {
    let server = Receiver::answering(replies).await;
    let url = server.url.replace("/hook", "");
    (server, Client::new(&url, "hookstep_hush").unwrap())
}

/// A client of a host, and a webhook on that host that points to `url`.
async fn world(url: &str) -> (World, Client, ConfigId) {
    let world = World::start().await;
    let client = Client::new(&world.api.base, &world.api.token).unwrap();
    let webhook = client.create_webhook(&json!({"name": "test", "url": url})).await.unwrap();
    (world, client, webhook.config_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_the_same_event() {
    let replies = [
        Reply::status(503),
        Reply::status(500),
        Reply::status(429).header("Retry-After", "0"),
        Reply::status(202).body(ACCEPTED),
    ];
    let (server, client) = of(replies).await;
    client.trigger(nobody(), "one").await.unwrap();
    client.trigger(nobody(), "another").await.unwrap();
    let seen = server.seen();
    let keys: Vec<_> = seen.iter().map(|request| request.header("idempotency-key").unwrap()).collect();
    assert_eq!(keys.len(), 5);
    assert!(keys[..4].iter().all(|key| *key == keys[0] && key.len() == 32), "{keys:?}");
    assert_ne!(keys[0], keys[4]);
    assert!(seen[..4].iter().all(|request| request.body == b"one"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_connection_is_tried_again_and_in_the_end_told_with_its_cause() {
    let server = Receiver::raw(|stream| async move { stream.set_zero_linger().unwrap() }).await;
    let client = Client::new(&server.url, "t").unwrap().with_retries(2);
    let error = client.trigger(nobody(), "x").idempotency_key("mine").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    let chain = hookstep_contract::error_chain(&error);
    assert!(chain.contains("reset") && !chain.contains("127.0.0.1"), "{chain}");
    assert_eq!(server.calls(), 3);
    assert!(server.seen().iter().all(|request| request.header("idempotency-key") == Some("mine")));

    let cut = Receiver::bytes("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{").await;
    let client = Client::new(&cut.url, "t").unwrap().with_retries(1);
    client.trigger(nobody(), "x").await.unwrap_err();
    assert_eq!(cut.calls(), 2, "an incomplete response is retried");

    let client = Client::new(&closed_port().await, "t").unwrap().with_retries(0);
    let error = client.create_webhook(&json!({})).await.unwrap_err();
    assert!(hookstep_contract::error_chain(&error).contains("refused"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_be_done_twice_is_done_once() {
    // API Gateway responds with 503 when a function times out, although the function may have done the work.
    for status in [500, 503] {
        let (server, client) = of([Reply::status(status)]).await;
        let error = client.create_webhook(&json!({"name": "n"})).await.unwrap_err();
        assert_eq!((error.status(), server.calls()), (Some(status), 1));
        let error = client.webhook(nobody()).await.unwrap_err();
        assert_eq!((error.status(), server.calls()), (Some(status), 5));
    }
    let (server, client) = of([Reply::status(429)]).await;
    let error = client.create_webhook(&json!({"name": "n"})).await.unwrap_err();
    assert_eq!((error.status(), server.calls()), (Some(429), 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_retry_after_is_left_to_the_caller() {
    let (server, client) = of([Reply::status(429).header("Retry-After", "3600")]).await;
    assert_eq!(client.trigger(nobody(), "x").await.unwrap_err().status(), Some(429));
    assert_eq!(server.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_is_waited_for() {
    let replies = [Reply::status(503).header("Retry-After", "2"), Reply::status(202).body(ACCEPTED)];
    let (server, client) = of(replies).await;
    client.trigger(nobody(), "x").await.unwrap();
    let [first, second] = &server.seen()[..] else { panic!("{} calls", server.calls()) };
    assert!(second.at - first.at >= Duration::from_millis(1990));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_typed() {
    let receiver = Receiver::ok().await;
    let (world, client, id) = world(&receiver.url).await;
    let stranger = Client::new(&world.api.base, "hookstep_nobody").unwrap();
    assert_eq!(stranger.trigger(id, "x").await.unwrap_err().status(), Some(401));
    assert_eq!(client.trigger(nobody(), "x").await.unwrap_err().status(), Some(404));

    let first = client.trigger(id, "x").idempotency_key("k").await.unwrap();
    let again = client.trigger(id, "x").idempotency_key("k").await.unwrap();
    assert_eq!(first, again);
    let conflict = client.trigger(id, "y").idempotency_key("k").await.unwrap_err();
    let problem = conflict.problem().unwrap();
    assert_eq!((problem.status, problem.event_id), (409, Some(first.event_id)));
    assert!(conflict.to_string().contains("Idempotency-Key"), "{conflict}");

    let error =
        client.create_webhook(&json!({"name": "n", "url": &receiver.url, "timeout_seconds": 0})).await;
    assert_eq!(error.unwrap_err().problem().unwrap().field.as_deref(), Some("timeout_seconds"));
    let large = json!({"name": "x".repeat(1_000_000)});
    assert_eq!(client.create_webhook(&large).await.unwrap_err().status(), Some(413));

    let error = client.trigger(id, "x").correlation_id("a\nb").await.unwrap_err();
    assert!(matches!(error, Error::Header("x-correlation-id")), "{error:?}");
    for wrong in ["", "ftp://h", "127.0.0.1:4700"] {
        assert!(matches!(Client::new(wrong, "t"), Err(Error::Url { .. })), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_answer_of_hookstep_is_said_to_be_none() {
    let (_server, client) = of([Reply::status(200).body("<html>")]).await;
    let error = client.trigger(nobody(), "x").await.unwrap_err();
    assert!(matches!(error, Error::UnexpectedResponse { status: 200, .. }), "{error:?}");
    let (_server, client) = of([Reply::status(404).body("{\"message\":\"Not Found\"}")]).await;
    let error = client.trigger(nobody(), "x").await.unwrap_err();
    assert!(error.to_string().contains("404 Not Found") && error.to_string().contains("message"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_trigger_tells_the_outcome() {
    let receiver = Receiver::answering([Reply::status(200).body("thanks"), Reply::status(404)]).await;
    let (_world, client, id) = world(&receiver.url).await;
    let SyncAnswer::Ended(delivered) = client.trigger(id, "x").sync().await.unwrap() else { panic!() };
    assert_eq!((delivered.status, delivered.body.as_deref()), (Status::Succeeded, Some("thanks")));
    let SyncAnswer::Ended(delivered) = client.trigger(id, "x").sync().await.unwrap() else { panic!() };
    assert_eq!((delivered.status, delivered.outcome), (Status::Failed, Some(Outcome::FailedHttp)));
    assert_eq!(delivered.status_code, Some(404));

    let (_server, client) = of([Reply::status(202).body(ACCEPTED)]).await;
    let answer = client.trigger(id, "x").sync().await.unwrap();
    assert!(matches!(answer, SyncAnswer::StillInProgress(_)), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_goes_by_an_upload_from_memory_or_from_a_file() {
    let receiver = Receiver::ok().await;
    let (_world, client, id) = world(&receiver.url).await;
    let bytes: Vec<u8> = (0..INLINE_BODY_BYTES + 1).map(|at| (at * 31 % 251) as u8).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    for body in [Body::from(bytes.clone()), Body::file(file.path())] {
        let answer = client.trigger(id, body).content_type("application/x-large").sync().await.unwrap();
        assert!(matches!(answer, SyncAnswer::Ended(ended) if ended.status == Status::Succeeded));
    }
    let upload = client.upload(id, bytes.clone()).await.unwrap();
    let first = client.trigger(id, upload.clone()).idempotency_key("k").sync().await.unwrap();
    let again = client.trigger(id, upload).idempotency_key("k").await.unwrap();
    assert!(matches!(first, SyncAnswer::Ended(ended) if ended.event_id == again.event_id));
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3);
    let expected = hex::encode(Sha256::digest(&bytes));
    assert!(seen.iter().all(|request| request.sha256 == expected));
    assert_eq!(seen[0].header("content-type"), Some("application/x-large"));

    let error = client.trigger(id, Body::file("/nowhere/at/all")).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_that_is_too_large_for_its_function_is_uploaded() {
    let upload = json!({"upload_url": "", "claim_check": "claims/a", "expires_at": "2026-01-02T03:04:05Z"});
    let server = Receiver::answering([Reply::status(200)]).await;
    let upload = upload
        .to_string()
        .replace("\"upload_url\":\"\"", &format!("\"upload_url\":\"{}?signed\"", server.url));
    let replies = [Reply::status(413), Reply::status(201).body(upload), Reply::status(202).body(ACCEPTED)];
    let (hookstep, client) = of(replies).await;
    client.trigger(nobody(), "escapes").await.unwrap();
    let put = server.only();
    assert!(put.request_line().starts_with("PUT /hook?signed") && put.body == b"escapes");
    assert_eq!(put.header("authorization"), None, "the token is sent only to Hookstep");
    let last = hookstep.seen().pop().unwrap();
    assert!(last.request_line().contains("claim_check=claims%2Fa") && last.body.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_read_and_sent_again() {
    let receiver = Receiver::ok().await;
    let (world, client, id) = world(&receiver.url).await;
    let accepted = client.trigger(id, "x").correlation_id("order-7").await.unwrap();
    world.api.ended(&id.to_string(), &accepted.event_id.to_string()).await;
    let event = client.event(id, accepted.event_id).await.unwrap();
    assert_eq!((event.status, event.attempts.unwrap().len()), (Status::Succeeded, 1));
    let query =
        EventQuery { correlation_id: Some("order-7".to_owned()), limit: Some(1), ..EventQuery::default() };
    let page = client.events(id, &query).await.unwrap();
    assert_eq!(page.data[0].event_id, accepted.event_id);
    let replayed = client.replay(id, accepted.event_id, Redelivery::AsSent).await.unwrap();
    assert_eq!(replayed.replay_of, accepted.event_id);
    world.api.ended(&id.to_string(), &replayed.event_id.to_string()).await;
    let seen = receiver.seen();
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_published_by_their_type() {
    let receiver = Receiver::ok().await;
    let world = World::start().await;
    let client = Client::new(&world.api.base, &world.api.token).unwrap();
    world.api.create_webhook(&receiver.url, json!({"event_types": ["order.*"]})).await;
    let event = |event_type: &str| NewEvent::new(event_type, r#"{"reading": 1.0}"#).unwrap();
    let created = event("order.created").correlation_id("order-7");
    let published = client.publish(&created).await.unwrap();
    assert_eq!(client.publish(&created).await.unwrap(), published, "the same key");
    let batch = client.publish_batch(&[event("order.*"), event("order.paid")]).await.unwrap();
    let [BatchEntry::Refused { problem }, BatchEntry::Published(paid)] = &batch.events[..] else {
        panic!("{batch:?}")
    };
    assert_eq!(problem.field.as_deref(), Some("event_type"));
    for delivery in [&published.deliveries[0], &paid.deliveries[0]] {
        world.api.ended(&delivery.config_id.to_string(), &delivery.event_id.to_string()).await;
    }
    assert!(receiver.seen().iter().all(|seen| seen.body == br#"{"reading": 1.0}"#));
    let read = client.publication(published.publication_id, None).await.unwrap();
    assert_eq!((read.deliveries[0].status, read.delivery_count), (Status::Succeeded, 1));
    assert!(matches!(NewEvent::new("t", "{").unwrap_err(), Error::Payload(_)));
    let mut search =
        EventSearch { text: Some("reading".to_owned()), limit: Some(1), ..EventSearch::default() };
    let first = client.search_events(&search).await.unwrap();
    search.cursor = first.next_cursor.clone();
    search.event_type = Some("order.*".to_owned());
    let second = client.search_events(&search).await.unwrap();
    let found = [&first, &second].map(|page| page.data[0].event_id);
    assert_eq!(found, [paid.deliveries[0].event_id, published.deliveries[0].event_id]);
    assert_eq!(client.find_event(found[0]).await.unwrap().unwrap().event_id, found[0]);
    assert_eq!(client.find_event(NOBODY.parse().unwrap()).await.unwrap(), None);
    let by_day = StatsQuery { by: Some(StatsStep::Day), ..StatsQuery::default() };
    let (whole, of_one) = (client.org_stats(&by_day), client.stats(paid.deliveries[0].config_id, &by_day));
    assert_eq!((whole.await.unwrap().totals.succeeded, of_one.await.unwrap().totals.succeeded), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_verifies_what_it_gets() {
    let receiver = Receiver::ok().await;
    let world = World::start().await;
    let client = Client::new(&world.api.base, &world.api.token).unwrap();
    let webhook = client.create_webhook(&json!({"name": "test", "url": &receiver.url})).await.unwrap();
    client.trigger(webhook.config_id, r#"{"a": 1.0}"#).sync().await.unwrap();
    let request = receiver.only();
    let headers = request
        .headers()
        .into_iter()
        .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap()));
    let headers = HeaderMap::from_iter(headers);
    let secret = Key::Secret(webhook.signing_secret.as_deref().unwrap().parse().unwrap());
    let public = client.public_key(&crate::world::ORG.parse().unwrap()).await.unwrap();
    let public = Key::Public(public.public_key.parse().unwrap());
    for key in [secret, public] {
        verify(&headers, &request.body, std::slice::from_ref(&key)).unwrap();
        verify(&headers, br#"{"a": 1}"#, &[key]).unwrap_err();
    }
    assert!(!format!("{webhook:?}").contains("whsec_") && !format!("{client:?}").contains(&world.api.token));
}
