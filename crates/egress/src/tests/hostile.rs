//! Hostile receivers, over HTTP/1.1 and below. Each test checks that the receiver is cut off: its task ends
//! only when its connection does, and the bytes it could write until then are counted, because what a peer
//! cannot write cannot take memory here.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;

use super::client::{large_chain, read_head, request, server_config, trusting_client};
use crate::{Phase, Request, Response, SendError, Unreachable};

/// More than the library buffers of a head or a body (about 400 KiB), plus the socket buffers of both sides.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// A receiver that runs `script` on its first connection; returns its port and the task of the script.
pub(super) async fn receiver<F, S>(script: S) -> (u16, JoinHandle<F::Output>)
where
    S: FnOnce(TcpStream) -> F + Send + 'static,
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let socket = TcpSocket::new_v4().unwrap();
    // This limits both sides of the connection, as the client's socket accepts the window it is offered.
    socket.set_send_buffer_size(64 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = async move { script(listener.accept().await.unwrap().0).await };
    (port, tokio::spawn(task))
}

/// Waits for the request, then writes `start`, then `more` until the connection ends; returns the number of
/// bytes written.
async fn flood(mut stream: TcpStream, start: String, more: &'static str) -> usize {
    stream.read_u8().await.unwrap();
    // Writing small parts one at a time would only be slow.
    let more = more.repeat(4096 / more.len());
    let mut written = 0;
    let mut part = start.as_bytes();
    loop {
        let Ok(count) = stream.write(part).await else { return written };
        written += count;
        part = if count < part.len() { &part[count..] } else { more.as_bytes() };
    }
}

/// The same, but with one byte of `more` per second.
async fn drip(mut stream: TcpStream, start: &'static str, more: &'static [u8]) {
    stream.read_u8().await.unwrap();
    stream.write_all(start.as_bytes()).await.unwrap();
    for byte in more.iter().cycle() {
        sleep(Duration::from_secs(1)).await;
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
    }
}

async fn send(port: u16, scheme: &str, deadline: Duration) -> Result<Response, SendError> {
    let request = Request { deadline, ..request(format!("{scheme}://receiver.test:{port}/")) };
    trusting_client().send(request).await.map_err(|failure| failure.error)
}

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(300);

fn is_timeout(result: &Result<Response, SendError>, waited_for: Phase, seconds: u64) -> bool {
    matches!(result, Err(SendError::Timeout { phase, after })
        if *phase == waited_for && *after == Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_shake_hands_has_the_connect_timeout_and_no_more() {
    for (deadline, waited) in [(LONG, 10), (Duration::from_secs(3), 3)] {
        let (port, peer) = receiver(async |mut stream| stream.read_to_end(&mut Vec::new()).await).await;
        let result = send(port, "https", deadline).await;
        assert!(is_timeout(&result, Phase::Connect, waited), "{result:?}");
        // The client has disconnected. (Not immediately: a connect may outlive the request, within its own
        // ten seconds.)
        assert!(peer.await.unwrap().is_ok());

        // The header of a 16 KiB record, then its bytes.
        let (port, peer) = receiver(|stream| drip(stream, "\x16\x03\x03\x40\x00\x02", b"\0")).await;
        let result = send(port, "https", deadline).await;
        assert!(is_timeout(&result, Phase::Connect, waited), "{result:?}");
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn garbage_in_place_of_tls_ends_at_once() {
    // An unknown record, a record above the maximum size, and a handshake message above the maximum size in
    // valid records.
    for (start, more) in [
        ("garbage ", "garbage "),
        ("\x16\x03\x03\x7f\x7f", "\0"),
        ("\x16\x03\x03\x00\x04\x02\x7f\x7f\x7f", "\x16\x03\x03\x00\x01\0"),
    ] {
        let (port, peer) = receiver(move |stream| flood(stream, start.to_owned(), more)).await;
        let result = send(port, "https", LONG).await;
        let is_tls = matches!(&result, Err(SendError::Unreachable { kind: Unreachable::Tls(_), .. }));
        assert!(is_tls, "{start:?}: {result:?}");
        assert!(peer.await.unwrap() < MAX_BYTES);
    }
}

#[tokio::test]
async fn a_certificate_chain_has_a_largest_size() {
    let (chain, key) = large_chain(200);
    let builder = ServerConfig::builder_with_provider(server_config().crypto_provider().clone());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (port, peer) = receiver(async move |stream| acceptor.accept(stream).await.is_err()).await;
    let result = send(port, "https", LONG).await;
    let is_tls = matches!(&result, Err(SendError::Unreachable { kind: Unreachable::Tls(_), .. }));
    assert!(is_tls, "{result:?}");
    assert!(peer.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_dripping_answer_has_the_deadline_and_no_more() {
    let (port, peer) = receiver(|stream| drip(stream, OK, b"x: y\r\n")).await;
    let start = Instant::now();
    let result = send(port, "http", LONG).await;
    assert!(is_timeout(&result, Phase::Answer, 30), "{result:?}");
    assert_eq!(start.elapsed().as_secs(), 30);
    peer.await.unwrap();

    let (port, peer) = receiver(|stream| drip(stream, "HTTP/1.1 200 OK\r\n\r\n", b"x")).await;
    let start = Instant::now();
    let answer = send(port, "http", LONG).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.truncated), (200, true));
    assert_eq!(start.elapsed().as_secs(), 30);
    peer.await.unwrap();
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    for (start, more) in [(OK, "x: y\r\n"), ("HTTP/1.1 200 OK\r\nx: ", "y"), ("HTTP/1.1 200 ", "OK")] {
        let (port, peer) = receiver(move |stream| flood(stream, start.to_owned(), more)).await;
        let result = send(port, "http", LONG).await;
        let is_protocol = matches!(&result, Err(SendError::Unreachable { kind: Unreachable::Protocol, .. }));
        assert!(is_protocol, "{start:?}: {result:?}");
        assert!(peer.await.unwrap() < MAX_BYTES);
    }
}

#[tokio::test]
async fn endless_interim_answers_have_the_deadline_and_no_more() {
    // Each interim response is read and discarded, so their number costs only time.
    let more = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let (port, peer) = receiver(|stream| flood(stream, more.to_owned(), more)).await;
    let start = Instant::now();
    let result = send(port, "http", SHORT).await;
    let is_timeout = matches!(result, Err(SendError::Timeout { phase: Phase::Answer, .. }));
    assert!(is_timeout, "{result:?}");
    assert!(start.elapsed() < 5 * SHORT);
    peer.await.unwrap();
}

#[tokio::test]
async fn an_endless_body_is_kept_to_its_cap_and_cut_off() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (start, more, kept) in [
        ("HTTP/1.1 200 OK\r\n\r\n".to_owned(), "x", 1024),
        (format!("{OK}Content-Length: 9223372036854775807\r\n\r\n"), "x", 1024),
        (CHUNKED.to_owned(), "8\r\nxxxxxxxx\r\n", 1024),
        (CHUNKED.to_owned(), "1;a=\"b\"\r\nx\r\n", 1024),
        (format!("{CHUNKED}1;"), "a", 0),
        (format!("{CHUNKED}0\r\n"), "x: y\r\n", 0),
        (format!("{CHUNKED}0\r\nx: "), "y", 0),
        (format!("{CHUNKED}ffffffffffffffff"), "f", 0),
    ] {
        let head = start.clone();
        let (port, peer) = receiver(move |stream| flood(stream, head, more)).await;
        let answer = send(port, "http", LONG).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.truncated), (200, true), "{start}");
        assert_eq!(answer.body.len(), kept, "{start}");
        assert!(peer.await.unwrap() < MAX_BYTES, "{start}");
    }
}

#[tokio::test]
async fn a_chunk_size_that_never_ends_has_the_deadline_and_no_more() {
    let start = format!("{OK}Transfer-Encoding: chunked\r\n\r\n");
    let (port, peer) = receiver(|stream| flood(stream, start, "0")).await;
    let answer = send(port, "http", SHORT).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.truncated, answer.body.len()), (200, true, 0));
    peer.await.unwrap();
}

#[tokio::test]
async fn a_compressed_body_stays_compressed() {
    // 100,000 zeros, compressed by gzip to 138 bytes.
    const BOMB: &[u8] = include_bytes!("fixtures/zeros.gz");
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let head = format!("{OK}Content-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", BOMB.len());
        let (port, peer) = receiver(async move |mut stream| {
            let asked = read_head(&mut stream).await;
            stream.write_all(&[head.as_bytes(), BOMB].concat()).await.unwrap();
            asked
        })
        .await;
        let answer = send(port, "http", LONG).await.unwrap();
        assert_eq!((answer.body.as_slice(), answer.truncated), (BOMB, false));
        assert!(!peer.await.unwrap().contains("accept-encoding"));
    }
}
