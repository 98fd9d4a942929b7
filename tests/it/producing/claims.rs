//! Claim checks: bodies that never enter the execution state.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::process::{FREE_PORT, Hookstep};
use crate::world::{Answer, Api, Dir, NOBODY, ORG, Receiver, Reply, World, accepted, moment};

const MIB: usize = 1024 * 1024;

/// The upload URL, and the claim check to trigger with.
struct Upload {
    url: String,
    claim_check: String,
}

/// A place for a body of `size` bytes.
async fn new_upload(api: &Api, config_id: &str, size: usize) -> Upload {
    let answer = api.post(&format!("/webhook/{config_id}/uploads"), &json!({"size": size})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let text = |field: &str| answer.json()[field].as_str().unwrap().to_owned();
    assert!(moment(&answer.json()["expires_at"]) > hookstep_ambient::Sources::system().now().get());
    let headers = json!({"content-length": size.to_string(), "if-none-match": "*"});
    assert_eq!(answer.json()["headers"], headers);
    Upload { url: text("upload_url"), claim_check: text("claim_check") }
}

/// PUTs without a token: the URL itself grants permission.
async fn put(api: &Api, url: &str, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    let request = api.http.put(url).header("if-none-match", "*").header("content-length", body.len());
    Answer::to(request.body(body)).await
}

/// Uploads this content.
async fn uploaded(api: &Api, config_id: &str, body: impl Into<Bytes>) -> Upload {
    let body = body.into();
    let upload = new_upload(api, config_id, body.len()).await;
    let answer = put(api, &upload.url, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    upload
}

async fn trigger_with(api: &Api, config_id: &str, claim_check: &str) -> Answer {
    let path = format!("/webhook/{config_id}/trigger?claim_check={claim_check}");
    Answer::to(api.request(Method::POST, &path).header("content-type", "text/csv")).await
}

/// The stored file of a claim check.
fn file(world: &World, claim_check: &str) -> PathBuf {
    world.dir.path().join("s3/hookstep-claims").join(claim_check)
}

/// A line of the status of a process, in bytes: `VmRSS` is the current memory, `VmHWM` its peak.
fn memory(process: u32, line: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let value = status.lines().find_map(|found| found.strip_prefix(line)).unwrap();
    value.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_are_streamed_and_memory_does_not_grow_with_them() {
    const CHUNK: usize = 64 * 1024;
    const CHUNKS: usize = 1600;
    let dir = Dir::new();
    // A process of its own, because other tests need memory, too.
    let (host, receiver) = (Hookstep::start(dir.path(), FREE_PORT).await, Receiver::ok().await);
    let (api, process) = (&host.api, host.process.id());
    let id = api.create_webhook(&receiver.url, json!({})).await;
    // A first run allocates everything that is built only once, before the measurement.
    let small = uploaded(api, &id, vec![7; 9 * MIB]).await;
    api.ended(&id, &accepted(&trigger_with(api, &id, &small.claim_check).await)).await;

    let before = memory(process, "VmRSS");
    let chunk = |number: usize| Bytes::from(vec![(number % 251) as u8; CHUNK]);
    let upload = new_upload(api, &id, CHUNK * CHUNKS).await;
    let chunks = (0..CHUNKS).map(move |number| Ok::<_, std::io::Error>(chunk(number)));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let request = api.http.put(&upload.url).header("if-none-match", "*").body(body);
    let request = request.header("content-length", CHUNK * CHUNKS);
    let stored = Answer::to(request).await;
    assert_eq!(stored.status, 200, "{stored:?}");
    let event_id = accepted(&trigger_with(api, &id, &upload.claim_check).await);
    let event = api.ended(&id, &event_id).await;
    let grown = memory(process, "VmHWM").saturating_sub(before);

    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    let seen = receiver.seen().pop().unwrap();
    assert_eq!(seen.length, (CHUNK * CHUNKS) as u64);
    let hash = (0..CHUNKS).fold(Sha256::new(), |hash, number| hash.chain_update(chunk(number)));
    assert_eq!(seen.sha256, hex::encode(hash.finalize()));
    assert_eq!(seen.header("content-length"), Some((CHUNK * CHUNKS).to_string().as_str()));
    assert_eq!(seen.header("transfer-encoding"), None);
    assert_eq!(seen.header("content-type"), Some("text/csv"));
    assert!(grown < 60 * MIB, "memory grew by {} MiB", grown / MIB);
    println!("memory grew by {} MiB", grown / MIB);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_delivered_sync_too_and_kept_for_retries() {
    let (world, receiver) = (World::start().await, Receiver::answering([500, 200].map(Reply::status)).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let upload = uploaded(&world.api, &id, "a,b\r\n1,2\r\n").await;
    let path = format!("/webhook/{id}/trigger?sync=true&claim_check={}", upload.claim_check);
    let answer = Answer::to(world.api.request(Method::POST, &path)).await.json();
    assert_eq!((&answer["status"], &answer["attempts"]), (&json!("succeeded"), &json!(2)));
    assert!(receiver.seen().iter().all(|seen| seen.body == b"a,b\r\n1,2\r\n"));
    // An empty body is valid.
    let empty = uploaded(&world.api, &id, "").await;
    world.api.ended(&id, &accepted(&trigger_with(&world.api, &id, &empty.claim_check).await)).await;
    let seen = receiver.seen().pop().unwrap();
    assert_eq!((seen.length, seen.header("content-length")), (0, Some("0")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_was_never_uploaded_fails_the_event() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let upload = new_upload(&world.api, &id, 1).await;
    let event_id = accepted(&trigger_with(&world.api, &id, &upload.claim_check).await);
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!((&event["status"], &event["outcome"]), (&json!("failed"), &json!("failed_payload")));
    assert_eq!(event["reason"]["code"], "body_not_uploaded", "{event}");
    assert_eq!(event["attempts"][0]["request_headers"], json!({}), "nothing was sent");
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_check_of_somebody_else_is_refused() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let sibling = world.api.create_webhook(&receiver.url, json!({})).await;
    let other = world.admin_of("other").await;
    let foreign = other.create_webhook(&receiver.url, json!({})).await;
    let (ours, theirs) = (uploaded(&world.api, &sibling, "1").await, uploaded(&other, &foreign, "2").await);
    for key in [
        ours.claim_check.clone(),
        theirs.claim_check.clone(),
        format!("claims/other/{id}/{NOBODY}"),
        format!("claims/{ORG}/{id}/../../other/{foreign}/{NOBODY}"),
        format!("claims/{ORG}/{id}/..%2F{sibling}%2F{NOBODY}"),
        format!("claims/{ORG}/{id}/"),
        "claims".to_owned(),
        "nonsense".to_owned(),
        String::new(),
    ] {
        trigger_with(&world.api, &id, &key).await.problem(403);
    }
    trigger_with(&other, &id, &theirs.claim_check).await.problem(403);
    trigger_with(&other, &id, &format!("claims/other/{id}/{NOBODY}")).await.problem(404);
    assert_eq!(world.api.events(&id, "").await["data"], json!([]));
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_check_comes_without_a_body() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let upload = uploaded(&world.api, &id, "1").await;
    let query = format!("?claim_check={}", upload.claim_check);
    let answer = Answer::to(world.api.triggering(&id, &query, "{}")).await;
    assert_eq!(answer.wrong_field(), "claim_check");
    assert_eq!(receiver.calls(), 0);
}

/// A webhook with a two-second retry delay, and an upload for it.
async fn with_upload(world: &World, receiver: &Receiver) -> (String, Upload) {
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [2]}})).await;
    let upload = uploaded(&world.api, &id, "first").await;
    (id, upload)
}

/// The event once it has failed because of its payload, after one attempt that was sent and one that was not.
async fn changed(world: &World, config_id: &str, event_id: &str) -> Value {
    let event = world.api.ended(config_id, event_id).await;
    assert_eq!(
        (&event["status"], &event["outcome"]),
        (&json!("failed"), &json!("failed_payload")),
        "{event}"
    );
    assert_eq!(event["attempt_count"], 2);
    assert_eq!(event["reason"]["code"], "body_changed", "{event}");
    event
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_was_replaced_before_the_retry_is_not_sent() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(500)]).await);
    let (id, upload) = with_upload(&world, &receiver).await;
    let event_id = accepted(&trigger_with(&world.api, &id, &upload.claim_check).await);
    world.api.until(&id, &event_id, |event| event["attempt_count"] == 1).await;
    std::fs::write(file(&world, &upload.claim_check), "another").unwrap();
    changed(&world, &id, &event_id).await;
    assert_eq!(receiver.only().body, b"first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_written_once_and_sent_as_it_was() {
    let (world, receiver) = (World::start().await, Receiver::answering([500, 200].map(Reply::status)).await);
    let (id, upload) = with_upload(&world, &receiver).await;
    assert_eq!(put(&world.api, &upload.url, "other").await.status, 412);
    let event_id = accepted(&trigger_with(&world.api, &id, &upload.claim_check).await);
    world.api.until(&id, &event_id, |event| event["attempt_count"] == 1).await;
    assert_eq!(put(&world.api, &upload.url, "other").await.status, 412);
    let other = new_upload(&world.api, &id, 5).await;
    let without = Answer::to(world.api.http.put(&other.url).body("other")).await;
    assert_eq!(without.status, 403, "if-none-match is signed: {without:?}");
    assert_eq!(world.api.ended(&id, &event_id).await["status"], "succeeded");
    assert!(receiver.seen().iter().all(|seen| seen.body == b"first"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_has_the_size_that_was_said() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let upload = new_upload(&world.api, &id, 5).await;
    for body in ["", "four", "sixsix"] {
        let refused = put(&world.api, &upload.url, body).await;
        assert!(matches!(refused.status, 403 | 411), "{body}: {refused:?}");
    }
    assert!(!file(&world, &upload.claim_check).exists());
    assert_eq!(put(&world.api, &upload.url, "five!").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_without_its_size_is_refused() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let path = format!("/webhook/{id}/uploads");
    let too_large = 5 * 1024_u64.pow(3) + 1;
    for body in [
        json!({}),
        json!({"size": "7"}),
        json!({"size": -1}),
        json!({"size": 1.5}),
        json!({"size": too_large}),
    ] {
        assert_eq!(world.api.post(&path, &body).await.wrong_field(), "size", "{body}");
    }
    let bare = Answer::to(world.api.request(Method::POST, &path)).await;
    assert_eq!(bare.wrong_field(), "size", "as older clients ask");
    let largest = world.api.post(&path, &json!({"size": too_large - 1})).await;
    assert_eq!(largest.status, 201, "{largest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_written_once_and_a_replay_sends_what_was_sent() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let (id, upload) = with_upload(&world, &receiver).await;
    let first = accepted(&trigger_with(&world.api, &id, &upload.claim_check).await);
    assert_eq!(world.api.ended(&id, &first).await["status"], "succeeded");
    assert_eq!(put(&world.api, &upload.url, "other").await.status, 412);
    let replayed = async |event_id: &str, how: Value| {
        let path = format!("/webhook/{id}/events/{event_id}/replay");
        let replay = accepted(&world.api.post(&path, &how).await);
        world.api.ended(&id, &replay).await
    };
    let again = replayed(&first, json!({})).await;
    assert_eq!(again["status"], "succeeded", "{again}");
    let seen = receiver.seen();
    assert!(seen.len() == 2 && seen.iter().all(|seen| seen.body == b"first"));
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));

    // Whoever has the disk can still change the object; it is never sent as if it were the old one.
    std::fs::write(file(&world, &upload.claim_check), "another").unwrap();
    for event_id in [&first, again["event_id"].as_str().unwrap()] {
        for how in [json!({}), json!({"reapply": true})] {
            let event = replayed(event_id, how).await;
            assert_eq!(
                (&event["status"], &event["reason"]["code"]),
                (&json!("failed"), &json!("body_changed")),
                "{event}"
            );
        }
    }
    assert_eq!(receiver.calls(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_uploads_at_once_to_one_url_one_is_taken() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let upload = new_upload(&world.api, &id, 1000).await;
    let bodies = ["a", "b"].map(|letter| letter.repeat(1000));
    let [one, other] = bodies.clone().map(|body| put(&world.api, &upload.url, body));
    let (one, other) = tokio::join!(one, other);
    let statuses = [one.status, other.status];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let stored = std::fs::read(file(&world, &upload.claim_check)).unwrap();
    let taken = statuses.iter().position(|status| *status == 200).unwrap();
    assert!(stored == bodies[taken].as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_gone_before_the_retry_is_not_sent() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(500)]).await);
    let (id, upload) = with_upload(&world, &receiver).await;
    let event_id = accepted(&trigger_with(&world.api, &id, &upload.claim_check).await);
    world.api.until(&id, &event_id, |event| event["attempt_count"] == 1).await;
    std::fs::remove_file(file(&world, &upload.claim_check)).unwrap();
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!(
        (&event["status"], &event["outcome"]),
        (&json!("failed"), &json!("failed_payload")),
        "{event}"
    );
    assert_eq!(event["reason"]["code"], "body_missing", "{event}");
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_that_was_altered_on_disk_never_arrives_whole() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(500)]).await);
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [2]}})).await;
    let body = vec![b'x'; 1_000_000];
    let event_id = world.api.trigger(&id, body.clone()).await;
    world.api.until(&id, &event_id, |event| event["attempt_count"] == 1).await;
    let path = file(&world, &format!("claims/{ORG}/{id}/{event_id}"));
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(bytes == body, "the stored claim check is the body");
    *bytes.last_mut().unwrap() = b'y';
    std::fs::write(&path, bytes).unwrap();
    changed(&world, &id, &event_id).await;
    let whole: Vec<_> = receiver.seen().into_iter().filter(|seen| seen.is_whole).collect();
    assert_eq!(whole.len(), 1, "only the first attempt was complete");
    assert!(whole[0].body == body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bucket_takes_nothing_but_what_we_signed() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let upload = new_upload(&world.api, &id, "mine".len()).await;
    let (bare, query) = upload.url.split_once('?').unwrap();
    let other_id = bare.replace(bare.rsplit('/').next().unwrap(), NOBODY);
    let broken = if upload.url.ends_with('0') { "1" } else { "0" };
    for url in [
        bare.to_owned(),
        format!("{bare}?{}", query.replace("X-Amz-Signature=", "X-Amz-Signature=0")),
        upload.url.replace("X-Amz-Expires=3600", "X-Amz-Expires=360000"),
        format!("{}{broken}", &upload.url[..upload.url.len() - 1]),
        format!("{other_id}?{query}"),
    ] {
        let answer = put(&world.api, &url, "mine").await;
        assert!(matches!(answer.status, 400 | 403), "{url}: {answer:?}");
    }
    assert_eq!(put(&world.api, bare, "mine").await.status, 403, "without a signature");
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::POST] {
        for url in [bare, &upload.url] {
            let answer = Answer::to(world.api.http.request(method.clone(), url)).await;
            assert!(matches!(answer.status, 403 | 405), "{method} {url}: {answer:?}");
        }
    }
    assert!(!file(&world, &upload.claim_check).exists() && !file(&world, NOBODY).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_url_does_not_copy_what_others_uploaded() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let other = world.admin_of("other").await;
    let foreign = other.create_webhook(&receiver.url, json!({})).await;
    let theirs = uploaded(&other, &foreign, "their secret").await;
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let upload = new_upload(&world.api, &id, 0).await;
    let source = format!("/hookstep-claims/{}", theirs.claim_check);
    let answer = Answer::to(
        world.api.http.put(&upload.url).header("if-none-match", "*").header("x-amz-copy-source", source),
    )
    .await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
    let copied = std::fs::read(file(&world, &upload.claim_check)).unwrap_or_default();
    assert_ne!(String::from_utf8_lossy(&copied), "their secret");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_url_expires() {
    let past = |options: &mut hookstep_host::Options| {
        options.sources.clock = || (hookstep_ambient::Sources::system().clock)() - Duration::from_secs(3700);
    };
    let world = World::with_options(past).await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let answer = world.api.post(&format!("/webhook/{id}/uploads"), &json!({"size": 4})).await.json();
    let refused = put(&world.api, answer["upload_url"].as_str().unwrap(), "late").await;
    assert_eq!(refused.status, 403, "{refused:?}");
}
