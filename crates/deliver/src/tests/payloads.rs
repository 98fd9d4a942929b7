//! What is sent: small bodies from the state, large bodies from the bucket.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use hookstep_contract::{
    Attempt, Body, Content, ErrorName, Outcome, PinnedObject, Reason, ReasonCode, StepError,
};
use http_body::Frame;
use http_body_util::StreamBody;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::{DEVELOPMENT, Receiver, context, input};
use crate::attempt::Outgoing;
use crate::headers::Headers;
use crate::record::Recorder;
use crate::{attempt, outgoing};

const PART: &[u8] = &[b'x'; 10_000];
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn pinned(size: u64, sha256: Option<String>) -> PinnedObject {
    PinnedObject { key: "claims/k".to_owned(), etag: "e".to_owned(), version_id: None, size, sha256 }
}

fn hash(parts: usize) -> String {
    Sha256::digest(PART.repeat(parts)).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An attempt with an object whose bytes come from `parts`.
async fn attempt_with<E>(
    url: &str,
    pinned: PinnedObject,
    parts: impl Stream<Item = Result<&'static [u8], E>> + Send + Unpin + 'static,
) -> Result<Attempt, StepError>
where
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    let object = StreamBody::new(parts.map(|part| part.map(|part| Frame::data(Bytes::from_static(part)))));
    let ctx = context(DEVELOPMENT);
    let input = input(url);
    let mut body = Some(outgoing::stream(&pinned, object));
    let recorder = Recorder::start(1, &input.request, ctx.sources);
    let headers = Headers::new(&input.event, &input.request, BTreeMap::new(), None, recorder.started_at);
    let client = ctx.keyring.client();
    let outgoing = Outgoing { plan: &input.request, length: pinned.size, headers: &headers, client };
    let open = || std::future::ready(Ok(body.take().unwrap()));
    recorder.end(attempt::send(&recorder, &outgoing, None, open).await)
}

fn parts(count: usize) -> impl Stream<Item = Result<&'static [u8], Infallible>> + Unpin {
    stream::iter(vec![Ok(PART); count])
}

#[tokio::test]
async fn an_object_is_streamed_with_its_length() {
    let receiver = Receiver::answering(OK).await;
    for sha256 in [None, Some(hash(3)), Some(hash(3).to_uppercase())] {
        let attempt = attempt_with(&receiver.url, pinned(30_000, sha256), parts(3)).await.unwrap();
        assert_eq!(attempt.outcome, Outcome::Succeeded);
        assert_eq!(attempt.request_headers["content-length"], "30000");
    }
    assert!(receiver.seen.lock().unwrap().iter().all(|request| request.body == PART.repeat(3)));
}

#[tokio::test]
async fn an_altered_object_never_arrives_whole() {
    let receiver = Receiver::answering(OK).await;
    let attempt = attempt_with(&receiver.url, pinned(30_000, Some(hash(4))), parts(3)).await.unwrap();
    assert_eq!(attempt.outcome, Outcome::FailedPayload);
    let changed = "the claim check was changed after the event was accepted";
    assert_eq!(attempt.reason, Some(Reason::new(ReasonCode::BodyChanged, changed)));
    assert!(receiver.seen.lock().unwrap().is_empty(), "no whole request");
}

#[tokio::test]
async fn a_bucket_that_breaks_off_is_our_failure() {
    let receiver = Receiver::answering(OK).await;
    let broken = stream::iter(vec![Ok(PART), Err("the bucket went away")]);
    let failed = attempt_with(&receiver.url, pinned(30_000, None), broken).await.unwrap_err();
    assert_eq!(failed.name, ErrorName::StorageUnavailable);
    assert_eq!(failed.source().unwrap().to_string(), "the bucket went away");

    let short = attempt_with(&receiver.url, pinned(30_000, None), parts(2)).await.unwrap_err();
    assert_eq!(short.name, ErrorName::StorageUnavailable);
    assert!(receiver.seen.lock().unwrap().is_empty(), "no whole request");
}

/// Responds with 413 once the request head has arrived.
async fn too_large(stream: &mut TcpStream) {
    stream.read_exact(&mut [0; 100]).await.unwrap();
    stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_answer_counts() {
    let polite = Receiver::raw(|mut stream| async move {
        too_large(&mut stream).await;
        stream.shutdown().await.unwrap();
        while stream.read(&mut [0; 65_536]).await.is_ok_and(|read| read > 0) {}
    })
    .await;
    let stalling = Receiver::raw(|mut stream| async move {
        too_large(&mut stream).await;
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let rude = Receiver::raw(|mut stream| async move { too_large(&mut stream).await }).await;
    for receiver in [polite, stalling, rude] {
        // As from a bucket: parts arrive at intervals. A client that writes without a pause would lose the
        // response of the rude receiver.
        let endless = stream::repeat(PART).then(|part| async move {
            sleep(Duration::from_millis(1)).await;
            Ok::<_, Infallible>(part)
        });
        let attempt = attempt_with(&receiver.url, pinned(1 << 32, None), Box::pin(endless)).await.unwrap();
        assert_eq!(
            (attempt.outcome, attempt.status_code),
            (Outcome::FailedHttp, Some(413)),
            "{:?}",
            attempt.reason
        );
        assert_eq!(attempt.response_body, Some(Content::Text("big".to_owned())));
        assert!(attempt.duration_ms < 3000);
    }
}

/// Reads a request, and answers it if it is the first on its connection: the second finds the connection closed.
async fn close_after_one(mut stream: TcpStream) {
    let length = 30_000;
    let mut request = Vec::new();
    while !request.ends_with(PART) || request.len() < length {
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return;
        }
    }
    stream.write_all(OK).await.unwrap();
    let _start_of_the_next = stream.read_u8().await;
}

#[tokio::test]
async fn a_streamed_body_is_opened_again_when_a_kept_alive_connection_was_closed() {
    let receiver = Receiver::raw(close_after_one).await;
    let ctx = context(DEVELOPMENT);
    let (input, pinned) = (input(&receiver.url), pinned(30_000, Some(hash(3))));
    let mut opened = 0;
    for _ in 0..3 {
        let recorder = Recorder::start(1, &input.request, ctx.sources);
        let headers = Headers::new(&input.event, &input.request, BTreeMap::new(), None, recorder.started_at);
        let client = ctx.keyring.client();
        let outgoing = Outgoing { plan: &input.request, length: pinned.size, headers: &headers, client };
        let open = || {
            opened += 1;
            let frames = parts(3).map(|part| part.map(|part| Frame::data(Bytes::from_static(part))));
            std::future::ready(Ok(outgoing::stream(&pinned, StreamBody::new(frames))))
        };
        let attempt = recorder.end(attempt::send(&recorder, &outgoing, None, open).await).unwrap();
        assert_eq!((attempt.number, attempt.outcome), (1, Outcome::Succeeded), "{:?}", attempt.reason);
    }
    assert_eq!(opened, 5, "the second and the third request each found a closed connection");
}

#[tokio::test]
async fn payloads_that_cannot_be_sent() {
    let receiver = Receiver::answering(OK).await;
    let ctx = context(DEVELOPMENT);
    let with = |payload| {
        let mut input = input(&receiver.url);
        input.payload = payload;
        attempt::make(input, &ctx)
    };
    let reason = Reason::new(ReasonCode::BodyTooLarge, "too large");
    let attempt = with(Body::Unusable(reason.clone())).await.unwrap();
    assert_eq!((attempt.outcome, attempt.reason), (Outcome::FailedPayload, Some(reason)));

    for (payload, name) in [
        (Body::Inline(Content::Base64("!".to_owned())), ErrorName::InvalidInput),
        (Body::Object(pinned(1, None)), ErrorName::StorageUnavailable),
    ] {
        assert_eq!(with(payload).await.unwrap_err().name, name);
    }
    assert!(receiver.seen.lock().unwrap().is_empty());
}
