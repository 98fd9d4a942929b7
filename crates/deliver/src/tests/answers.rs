//! What a receiver does, and how the attempt records it.

use std::time::{Duration, Instant};

use hookstep_contract::limits::{RESPONSE_BODY_BYTES, RESPONSE_HEADER_BYTES};
use hookstep_contract::{Body, Content, Outcome, ReasonCode};
use hookstep_egress::Policy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::{DEVELOPMENT, EVENT_ID, Receiver, attempted, context, header, input, told};
use crate::attempt;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\nhi";

#[tokio::test]
async fn a_2xx_succeeds_and_everything_is_recorded() {
    let receiver = Receiver::answering(OK).await;
    let attempt = attempted(input(&receiver.url)).await;
    assert_eq!((attempt.outcome, attempt.status_code, attempt.reason), (Outcome::Succeeded, Some(200), None));
    assert_eq!(attempt.response_headers["x-a"], "1, 2");
    assert_eq!(attempt.response_body, Some(Content::Text("hi".to_owned())));
    assert!(!attempt.response_truncated);
    assert_eq!(attempt.remote_ip.as_deref(), Some("127.0.0.1"));
    let timings = attempt.timings;
    assert!(timings.connect.is_some() && timings.first_byte.is_some(), "{timings:?}");
    // The parts add up: none is longer than the whole, which is measured as finely.
    assert!(timings.prepare.unwrap() + timings.first_byte.unwrap() <= timings.total.unwrap(), "{timings:?}");
    assert!((timings.total.unwrap() - attempt.duration_ms as f64).abs() <= 5.0, "{timings:?}");
    assert_eq!(
        (attempt.method.as_deref(), attempt.url.as_deref()),
        (Some("POST"), Some(receiver.url.as_str()))
    );
    assert_eq!((timings.dns, timings.tls), (None, None), "a literal address and plain HTTP have neither");

    let seen = receiver.seen.lock().unwrap();
    let [request] = seen.as_slice() else { panic!("one request") };
    assert!(request.head.starts_with("POST /hook HTTP/1.1\r\n"));
    assert_eq!(request.body, b"{\"a\": 1.0}");
    assert_eq!(header(&request.head, "webhook-id"), EVENT_ID);
    assert_eq!(header(&request.head, "webhook-timestamp"), "1767323045");
    assert_eq!(header(&request.head, "x-team"), "blue");
    assert!(!request.head.to_ascii_lowercase().contains("transfer-encoding"));
    // The record matches what was sent, except for the host.
    assert_eq!(
        request.head.lines().filter(|line| line.contains(": ")).count(),
        attempt.request_headers.len() + 1
    );
    for (name, value) in &attempt.request_headers {
        assert_eq!(header(&request.head, name), value);
    }
}

#[tokio::test]
async fn other_statuses_fail_and_redirects_are_not_followed() {
    let target = Receiver::answering(OK).await;
    let location = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", target.url);
    let cases = [
        (location.leak().as_bytes(), 302),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad".as_slice(), 500),
        (b"HTTP/1.1 410 Gone\r\n\r\n", 410),
    ];
    for (answer, status) in cases {
        let receiver = Receiver::answering(answer).await;
        let attempt = attempted(input(&receiver.url)).await;
        assert_eq!((attempt.outcome, attempt.status_code), (Outcome::FailedHttp, Some(status)));
        assert_eq!(told(&attempt), (ReasonCode::HttpStatus, &*format!("the receiver answered {status}")));
    }
    assert!(target.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_slow_head_times_out_and_a_slow_body_does_not_fail() {
    let silent = Receiver::new(|stream| async move {
        sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let stalling = Receiver::new(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await.unwrap();
        sleep(Duration::from_secs(60)).await;
    })
    .await;
    let with_a_second = |url| {
        let mut input = input(url);
        input.request.timeout_seconds = 1;
        attempted(input)
    };
    let start = Instant::now();
    let (timed_out, stalled) = tokio::join!(with_a_second(&silent.url), with_a_second(&stalling.url));
    assert!((1.0..3.0).contains(&start.elapsed().as_secs_f64()));
    assert_eq!(timed_out.outcome, Outcome::FailedTimeout);
    assert_eq!(told(&timed_out), (ReasonCode::AnswerTimeout, "no answer within 1 s"));
    assert!(timed_out.duration_ms >= 1000 && timed_out.timings.connect.is_some());
    assert_eq!((stalled.outcome, stalled.response_truncated), (Outcome::Succeeded, true));
    assert_eq!(stalled.response_body, Some(Content::Text("half".to_owned())));
}

#[tokio::test]
async fn unreachable_receivers_say_how() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let reset = Receiver::new(|stream| async move { stream.set_zero_linger().unwrap() }).await;
    let closed = Receiver::answering(b"").await;
    let half_a_head = Receiver::answering(b"HTTP/1.1 200 OK\r\nX-").await;
    let garbage = Receiver::answering(b"\x16\x03\x01\xff\xff not http at all\r\n\r\n").await;
    let endless_head = Receiver::new(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(format!("x: {}\r\n", "y".repeat(8000)).as_bytes()).await.is_ok() {}
    })
    .await;
    let not_http = "the answer is not valid HTTP, or its headers are too large";
    let cases = [
        (format!("http://127.0.0.1:{port}/"), ReasonCode::ConnectionRefused, "connection refused"),
        ("http://nobody.invalid/".to_owned(), ReasonCode::Dns, "the host name does not resolve"),
        (reset.url, ReasonCode::Reset, "the connection was reset before an answer came"),
        (closed.url, ReasonCode::Reset, "the connection was closed before an answer came"),
        (half_a_head.url, ReasonCode::Reset, "the connection was closed before an answer came"),
        (garbage.url, ReasonCode::Protocol, not_http),
        (endless_head.url, ReasonCode::Protocol, not_http),
    ];
    for (url, code, detail) in cases {
        let attempt = attempted(input(&url)).await;
        assert_eq!((attempt.outcome, attempt.status_code), (Outcome::FailedUnreachable, None), "{url}");
        assert_eq!(told(&attempt), (code, detail));
        assert_eq!(attempt.response_body, None);
    }
}

#[tokio::test]
async fn a_receiver_that_never_was_reached_has_not_taken_the_event() {
    let mute = Receiver::raw(|stream| async move {
        sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let mut input = input(&mute.url.replace("http:", "https:"));
    input.request.timeout_seconds = 1;
    let attempt = attempted(input).await;
    assert_eq!(attempt.outcome, Outcome::FailedTimeout);
    assert_eq!(told(&attempt), (ReasonCode::ConnectTimeout, "no connection within 1 s"));
}

#[tokio::test]
async fn a_tls_alert_says_what_it_is_about() {
    for (alert, code) in [
        (112, ReasonCode::TlsHostName),
        (70, ReasonCode::TlsVersion),
        (116, ReasonCode::ClientCertificate),
        (80, ReasonCode::Tls),
    ] {
        let receiver = Receiver::raw(move |mut stream| async move {
            // A fatal alert in plain text, as before key agreement (RFC 8446 §5.1 and §6).
            stream.write_all(&[21, 3, 3, 0, 2, 2, alert]).await.unwrap();
            // Read what arrives: otherwise, closing would reset the connection before the client reads the
            // alert.
            while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
        })
        .await;
        let attempt = attempted(input(&receiver.url.replace("http:", "https:"))).await;
        assert_eq!((attempt.outcome, told(&attempt).0), (Outcome::FailedUnreachable, code), "{alert}");
    }
}

#[tokio::test]
async fn no_body_fails_a_delivery_that_was_accepted() {
    let broken = Receiver::new(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
        stream.flush().await.unwrap();
        sleep(Duration::from_millis(100)).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let endless = Receiver::new(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
        while stream.write_all(b"4\r\nabcd\r\n").await.is_ok() {}
    })
    .await;
    let large = Receiver::new(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n").await.unwrap();
        // The client closes the connection when it has enough.
        let _ = stream.write_all(&vec![b'x'; 52_428_800]).await;
    })
    .await;
    let bad_chunks = Receiver::answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz").await;
    for (receiver, kept) in
        [(broken, 4), (endless, RESPONSE_BODY_BYTES), (large, RESPONSE_BODY_BYTES), (bad_chunks, 0)]
    {
        let attempt = attempted(input(&receiver.url)).await;
        assert_eq!((attempt.outcome, attempt.response_truncated), (Outcome::Succeeded, true));
        assert_eq!(attempt.response_body.unwrap().to_bytes().unwrap().len(), kept);
        assert!(attempt.duration_ms < 3000);
        assert_eq!(receiver.seen.lock().unwrap().len(), 1, "sent once");
    }
}

#[tokio::test]
async fn many_headers_are_bounded_and_retry_after_is_still_found() {
    let receiver = Receiver::new(|mut stream| async move {
        let flood: String = (0..500).map(|n| format!("x-{n}: {}\r\n", "y".repeat(100))).collect();
        let answer = format!("HTTP/1.1 503 Busy\r\n{flood}Retry-After: 7\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let attempt = attempted(input(&receiver.url)).await;
    assert_eq!((attempt.outcome, attempt.retry_after_seconds), (Outcome::FailedHttp, Some(7)));
    let bytes: usize = attempt.response_headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!((RESPONSE_HEADER_BYTES - 200..=RESPONSE_HEADER_BYTES).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn binary_bodies_are_exact_both_ways() {
    let receiver =
        Receiver::answering(b"HTTP/1.1 200 OK\r\nX-Latin: caf\xe9\r\nContent-Length: 3\r\n\r\n\xff\x00\xfe")
            .await;
    let mut binary = input(&receiver.url);
    binary.payload = Body::Inline(Content::new(b"\x00\xff\r\n\x80"));
    let mut empty = input(&receiver.url);
    empty.payload = Body::Inline(Content::Text(String::new()));
    empty.request.method = "DELETE".to_owned();

    let answered = attempted(binary).await;
    assert_eq!(answered.response_body, Some(Content::Base64("/wD+".to_owned())));
    assert_eq!(answered.response_headers["x-latin"], "caf\u{fffd}");
    attempted(empty).await;
    let seen = receiver.seen.lock().unwrap();
    assert_eq!(seen[0].body, b"\x00\xff\r\n\x80");
    assert_eq!((header(&seen[1].head, "content-length"), seen[1].body.len()), ("0", 0));
}

#[tokio::test]
async fn nothing_is_sent_past_the_policy() {
    let receiver = Receiver::answering(OK).await;
    let port = receiver.url.strip_prefix("http://127.0.0.1:").unwrap();
    let closed = context(Policy { allow_private_targets: false, ..DEVELOPMENT });
    for (host, detail) in [
        ("127.0.0.1", "the address 127.0.0.1 is loopback"),
        ("0x7f.1", "the address 127.0.0.1 is loopback"),
        ("[::ffff:127.0.0.1]", "the address ::ffff:127.0.0.1 is loopback"),
        ("localhost", "the host name localhost is not a public name"),
    ] {
        let attempt = attempt::make(input(&format!("http://{host}:{port}")), &closed).await.unwrap();
        assert_eq!(
            (attempt.outcome, told(&attempt)),
            (Outcome::Refused, (ReasonCode::BlockedAddress, detail))
        );
    }
    let mut smuggler = input(&receiver.url);
    smuggler.request.headers.insert("Host".to_owned(), "elsewhere".to_owned());
    let refused = attempted(smuggler).await;
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!(told(&refused), (ReasonCode::BadHeader, "the header Host is reserved"));
    assert!(receiver.seen.lock().unwrap().is_empty());
}
