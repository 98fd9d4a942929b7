//! How receivers can misbehave.

use std::time::{Duration, Instant};

use hookstep_contract::limits::{RESPONSE_BODY_BYTES, RESPONSE_HEADER_BYTES};
use hookstep_egress::Policy;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{Receiver, Reply, World, closed_port};

/// The event of one trigger to `url`, without retries and with a timeout of two seconds.
async fn event_at(world: &World, url: &str) -> Value {
    let fields = json!({"timeout_seconds": 2, "retry": {"schedule_seconds": []}});
    let id = world.api.create_webhook(url, fields).await;
    world.api.deliver(&id, "{}").await
}

/// Checks that the event at `url` failed without a response, and why.
async fn assert_unreachable(url: &str, code: &str, detail: &str) {
    let reason = json!({"code": code, "detail": detail});
    let event = event_at(&World::start().await, url).await;
    let attempt = &event["attempts"][0];
    assert_eq!(
        (&event["status"], &event["outcome"]),
        (&json!("failed"), &json!("failed_unreachable")),
        "{event}"
    );
    assert_eq!((&attempt["reason"], &attempt["status_code"]), (&reason, &json!(null)));
    assert_eq!((&attempt["error"], &event["error"]), (&reason["detail"], &reason["detail"]));
    assert_eq!((&attempt["response_body"], &attempt["response_headers"]), (&json!(null), &json!({})));
    assert_eq!(event["reason"], reason);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_times_out() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(200).after(Duration::from_secs(30))]).await;
    let fields = json!({"timeout_seconds": 1, "retry": {"schedule_seconds": []}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let event = world.api.deliver(&id, "{}").await;
    assert_eq!((&event["status"], &event["outcome"]), (&json!("failed"), &json!("failed_timeout")));
    assert_eq!(event["reason"], json!({"code": "answer_timeout", "detail": "no answer within 1 s"}));
    let took = event["attempts"][0]["duration_ms"].as_u64().unwrap();
    assert!((1000..5000).contains(&took), "{took}");
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_port_is_unreachable() {
    assert_unreachable(&closed_port().await, "connection_refused", "connection refused").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_without_address_is_unreachable() {
    assert_unreachable("http://nosuch.invalid/", "dns", "the host name does not resolve").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_receiver_behind_https_is_unreachable() {
    let receiver = Receiver::bytes("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let event = event_at(&World::start().await, &receiver.url.replace("http://", "https://")).await;
    // The receiver waits for a request head, which TLS never contains, so whichever side times out first ends
    // the attempt.
    let outcome = event["outcome"].as_str().unwrap();
    assert!(matches!(outcome, "failed_unreachable" | "failed_timeout"), "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_before_the_answer_is_unreachable() {
    let receiver = Receiver::raw(|stream| async move { stream.set_zero_linger().unwrap() }).await;
    assert_unreachable(&receiver.url, "reset", "the connection was reset before an answer came").await;
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_ends_in_its_head_is_unreachable() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let receiver = Receiver::bytes(answer).await;
        assert_unreachable(&receiver.url, "reset", "the connection was closed before an answer came").await;
        receiver.only();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_http_is_unreachable() {
    let reason = "the answer is not valid HTTP, or its headers are too large";
    for answer in [
        b"220 mail.example.com ESMTP ready\r\n".as_slice(),
        b"\x16\x03\x01\xff\xff\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Null: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    ] {
        let receiver = Receiver::bytes(answer).await;
        assert_unreachable(&receiver.url, "protocol", reason).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_without_end_is_cut_off() {
    let receiver = Receiver::raw(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        while stream.write_all(format!("x: {}\r\n", "y".repeat(8000)).as_bytes()).await.is_ok() {}
    })
    .await;
    assert_unreachable(
        &receiver.url,
        "protocol",
        "the answer is not valid HTTP, or its headers are too large",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_headers_is_taken_and_kept_in_bounds() {
    let flood: String = (0..900).map(|i| format!("X-{i}: {}\r\n", "y".repeat(50))).collect();
    let receiver = Receiver::bytes(format!("HTTP/1.1 200 OK\r\n{flood}Content-Length: 2\r\n\r\nok")).await;
    let event = event_at(&World::start().await, &receiver.url).await;
    assert_eq!(event["status"], "succeeded", "{}", event["reason"]);
    let kept = event["attempts"][0]["response_headers"].as_object().unwrap();
    let bytes: usize = kept.iter().map(|(name, value)| name.len() + value.as_str().unwrap().len()).sum();
    assert!(bytes <= RESPONSE_HEADER_BYTES && bytes > RESPONSE_HEADER_BYTES / 2, "{bytes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_kept_and_not_followed() {
    let target = Receiver::ok().await;
    let receiver =
        Receiver::answering([Reply::status(302).header("Location", target.url.clone()).body("over there")])
            .await;
    let event = event_at(&World::start().await, &receiver.url).await;
    let attempt = &event["attempts"][0];
    assert_eq!((&event["outcome"], &event["status_code"]), (&json!("failed_http"), &json!(302)));
    assert_eq!(
        (&attempt["response_headers"]["location"], &attempt["response_body"]),
        (&json!(target.url), &json!("over there"))
    );
    assert_eq!(target.calls(), 0);
}

/// The only attempt of an event that the receiver accepted, even if its response then broke off.
async fn taken(receiver: &Receiver) -> Value {
    let start = Instant::now();
    let event = event_at(&World::start().await, &receiver.url).await;
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert_eq!(
        (&event["status"], &event["attempt_count"]),
        (&json!("succeeded"), &json!(1)),
        "{}",
        event["reason"]
    );
    receiver.only();
    event["attempts"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_breaks_off_after_its_head_is_taken() {
    let reset = Receiver::raw(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await.unwrap();
        // Prevents the reset from overtaking the data already written.
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let closed = Receiver::bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await;
    let chunked =
        Receiver::bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense").await;
    for receiver in [reset, closed, chunked] {
        let attempt = taken(&receiver).await;
        assert_eq!(
            (&attempt["response_body"], &attempt["response_truncated"]),
            (&json!("half"), &json!(true))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_huge_answer_the_start_is_kept() {
    let receiver = Receiver::answering([Reply::status(200).body(vec![b'z'; 50_000_000])]).await;
    let attempt = taken(&receiver).await;
    assert_eq!(attempt["response_body"].as_str().unwrap(), "z".repeat(RESPONSE_BODY_BYTES));
    assert_eq!(attempt["response_truncated"], true);
    let exact = Receiver::answering([Reply::status(200).body(vec![0xff; RESPONSE_BODY_BYTES])]).await;
    let attempt = taken(&exact).await;
    assert_eq!(
        (&attempt["response_body_encoding"], &attempt["response_truncated"]),
        (&json!("base64"), &json!(false))
    );
    assert_eq!(attempt["response_body"].as_str().unwrap().len(), RESPONSE_BODY_BYTES.div_ceil(3) * 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_end_is_ended() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let flood = Receiver::raw(|mut stream| async move {
        stream.write_all(HEAD).await.unwrap();
        while stream.write_all(b"4\r\nmore\r\n").await.is_ok() {}
    })
    .await;
    assert_eq!(taken(&flood).await["response_body"], "more".repeat(RESPONSE_BODY_BYTES / 4));
    let drip = Receiver::raw(|mut stream| async move {
        stream.write_all(HEAD).await.unwrap();
        while stream.write_all(b"1\r\n.\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let attempt = taken(&drip).await;
    assert_eq!(attempt["response_truncated"], true);
    assert!((2000..8000).contains(&attempt["duration_ms"].as_u64().unwrap()), "{attempt}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unusual_answer_is_taken() {
    for (answer, body) in [
        (
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "ok",
        ),
        ("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok"),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", "to the end"),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: nonsense\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
            "ok",
        ),
    ] {
        let attempt = taken(&Receiver::bytes(answer).await).await;
        assert_eq!(
            (&attempt["response_body"], &attempt["response_truncated"]),
            (&json!(body), &json!(false)),
            "{answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_refusal_of_a_large_body_is_an_answer() {
    // Responds before reading the body, then reads the rest, like a server that lingers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 64 * 1024];
            let _ = stream.read(&mut buffer).await;
            let _ = stream
                .write_all(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                .await;
            while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
        }
    });
    let world = World::start().await;
    let id = world
        .api
        .create_webhook(&url, json!({"timeout_seconds": 5, "retry": {"schedule_seconds": []}}))
        .await;
    let event = world.api.deliver(&id, vec![b'x'; 5_000_000]).await;
    assert_eq!((&event["outcome"], &event["status_code"]), (&json!("failed_http"), &json!(413)), "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_address_is_refused_when_it_is_saved() {
    let world = World::with_options(|options| options.policy = Policy::default()).await;
    for url in [
        "http://127.0.0.1:8080/",
        "http://example.com/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://db.internal/",
        "https://0.0.0.0/",
    ] {
        let answer = world.api.post("/webhook", &json!({"name": "n", "url": url})).await;
        assert_eq!(answer.wrong_field(), "url", "{url}");
    }
    world.api.create_webhook("https://example.com/", json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_address_is_refused_when_it_is_used() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let named = receiver.url.replace("127.0.0.1", "localhost");
    let mut ids = Vec::new();
    for url in [&receiver.url, &named] {
        ids.push(world.api.create_webhook(url, json!({"retry": {"schedule_seconds": [1]}})).await);
    }
    let http_only = Policy { allow_http_targets: true, allow_private_targets: false };
    let mut world = world;
    for policy in [http_only, Policy::default()] {
        world = world.reopen(|options| options.policy = policy).await;
        for id in &ids {
            let event = world.api.deliver(id, "{}").await;
            assert_eq!(
                (&event["status"], &event["outcome"]),
                (&json!("failed"), &json!("refused")),
                "{event}"
            );
            assert_eq!(
                (&event["attempt_count"], &event["attempts"][0]["request_headers"]),
                (&json!(1), &json!({}))
            );
            assert!(event["reason"]["code"].is_string() && event["error"].is_string(), "{event}");
            let answer = world.api.trigger_sync(id, "{}").await;
            assert_eq!((&answer["outcome"], &answer["attempts"]), (&json!("refused"), &json!(1)));
        }
    }
    assert_eq!(receiver.calls(), 0);
}
