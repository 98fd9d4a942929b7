//! Hostile receivers over HTTP/2, with handwritten frames.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::client::{request, server_config, trusting_client};
use super::hostile::{MAX_BYTES, receiver};
use crate::{Phase, Request, Response, SendError, Unreachable};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
pub(super) const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;

const END_HEADERS: u8 = 4;

/// `:status: 200`, `:status: 103` and `x: y`, encoded with HPACK.
const OK: &[u8] = &[0x88];
const EARLY_HINTS: &[u8] = b"\x08\x03103";
const FIELD: &[u8] = b"\0\x01x\x01y";

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);

pub(super) fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Reads frames until the request's headers arrive: a response before that would be a different kind of
/// error.
pub(super) async fn read_request(stream: &mut TlsStream<TcpStream>) {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        if head[3] == HEADERS {
            return;
        }
    }
}

/// Responds to the first request with `start`, then with `more` until the connection ends; returns the number
/// of bytes written.
async fn flood(start: Vec<u8>, more: Vec<u8>) -> (u16, JoinHandle<usize>) {
    let mut config = server_config();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    receiver(async move |stream| {
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
        read_request(&mut stream).await;
        let more = more.repeat(1 + 4096 / more.len());
        let mut written = 0;
        let mut part = start;
        while stream.write_all(&part).await.is_ok() {
            written += part.len();
            part.clone_from(&more);
        }
        written
    })
    .await
}

/// Sends with a client that is dropped afterwards, together with all its connections.
async fn send(port: u16, deadline: Duration) -> Result<Response, SendError> {
    let request = Request { deadline, ..request(format!("https://receiver.test:{port}/")) };
    trusting_client().send(request).await.map_err(|failure| failure.error)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_floods_and_does_not_read_has_the_deadline_and_no_more() {
    // Both frames require a reply. As the receiver never reads the replies, the client stops reading too, and
    // both sides stall.
    for more in [frame(SETTINGS, 0, 0, &[]), frame(PING, 0, 0, &[0; 8])] {
        let kind = more[3];
        let (port, peer) = flood(more.clone(), more).await;
        let start = Instant::now();
        let result = send(port, LONG).await;
        let is_timeout = matches!(result, Err(SendError::Timeout { phase: Phase::Answer, .. }));
        assert!(is_timeout, "{kind}: {result:?}");
        assert_eq!(start.elapsed().as_secs(), 30);
        peer.await.unwrap();
        // The connection ends within the time of two pings, not after the five minutes of a stalled write.
        assert!(start.elapsed().as_secs() <= 40, "{kind}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn endless_frames_that_lead_nowhere_have_the_deadline_and_no_more() {
    // Interim responses and frames of an unknown type: both are read and discarded.
    for more in [frame(HEADERS, END_HEADERS, 1, EARLY_HINTS), frame(0xbe, 0, 0, &[0; 100])] {
        let kind = more[3];
        let (port, peer) = flood(more.clone(), more).await;
        let start = Instant::now();
        let result = send(port, SHORT).await;
        let is_timeout = matches!(result, Err(SendError::Timeout { phase: Phase::Answer, .. }));
        assert!(is_timeout, "{kind}: {result:?}");
        assert!(start.elapsed() < 5 * SHORT);
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    let small = frame(CONTINUATION, 0, 1, FIELD);
    let large = frame(CONTINUATION, 0, 1, &FIELD.repeat(2000));
    for (name, more) in [("none", frame(CONTINUATION, 0, 1, &[])), ("small", small), ("large", large)] {
        let (port, peer) = flood(frame(HEADERS, 0, 1, OK), more).await;
        let result = send(port, LONG).await;
        let is_protocol = matches!(&result, Err(SendError::Unreachable { kind: Unreachable::Protocol, .. }));
        assert!(is_protocol, "{name}: {result:?}");
        assert!(peer.await.unwrap() < MAX_BYTES, "{name}");
    }
}

#[tokio::test]
async fn a_body_is_kept_to_its_cap_and_sent_no_further_than_its_window() {
    let head = frame(HEADERS, END_HEADERS, 1, OK);
    let (port, peer) = flood(head, frame(DATA, 0, 1, &[b'x'; 1000])).await;
    let answer = send(port, LONG).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.len(), answer.truncated), (200, 1024, true));
    assert!(peer.await.unwrap() < MAX_BYTES);
}

#[tokio::test]
async fn a_body_of_frames_without_bytes_is_cut_off() {
    let (port, peer) = flood(frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, 0, 1, &[])).await;
    let answer = send(port, LONG).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.len(), answer.truncated), (200, 0, true));
    assert!(peer.await.unwrap() < MAX_BYTES);
}
