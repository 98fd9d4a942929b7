//! The edges of the server: slow, silent and too many clients, and a stop that does not wait for them.
#![expect(clippy::unwrap_used, reason = "a socket that cannot be used fails the test")]

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::process::{FREE_PORT, Hookstep, Process, in_shell, serve};
use crate::world::{Answer, Api, Dir, Receiver, Reply, World, until};

/// Longer than any limit that these tests set, on a busy machine.
const LATE: Duration = Duration::from_secs(20);

async fn start(dir: &Dir, limits: &[&str]) -> Hookstep {
    Hookstep::started(Process::start(serve(dir.path(), FREE_PORT).args(limits))).await
}

/// A connection that has sent this.
async fn connect(host: &Hookstep, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host.api.base.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// What the host sends until it closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LATE, stream.read_to_end(&mut answer)).await;
    // A reset closes it as well.
    assert!(read.is_ok(), "the connection is still open");
    String::from_utf8(answer).unwrap()
}

const LIVE: &str = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Reads one answer of a connection that stays open.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    while !answer.ends_with("{\"status\":\"ok\"}") {
        let mut part = [0; 1024];
        let length = tokio::time::timeout(LATE, stream.read(&mut part)).await.unwrap().unwrap();
        assert!(length > 0, "closed after {answer:?}");
        answer.push_str(std::str::from_utf8(&part[..length]).unwrap());
    }
    answer
}

#[tokio::test]
async fn clients_that_are_silent_are_disconnected() {
    let dir = Dir::new();
    let host = start(&dir, &["--header-timeout", "1", "--idle-timeout", "2", "--body-timeout", "1"]).await;
    for silent in ["", "G", "GET /livez HTTP/1.1\r\nhost: localhost\r\nx-slow: 1"] {
        assert_eq!(rest(&mut connect(&host, silent).await).await, "", "after {silent:?}");
    }
    let mut idle = connect(&host, LIVE).await;
    assert!(one_answer(&mut idle).await.starts_with("HTTP/1.1 200"));
    let since = Instant::now();
    assert_eq!(rest(&mut idle).await, "");
    assert!(since.elapsed() > Duration::from_millis(1500), "an idle connection is kept for its time");

    let head =
        format!("POST /tokens HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n", host.api.token);
    for body in ["content-length: 1000\r\n\r\n{", "transfer-encoding: chunked\r\n\r\n5\r\n{\"nam"] {
        let answer = rest(&mut connect(&host, &format!("{head}{body}")).await).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{body}: {answer}");
        assert!(answer.contains("the body did not arrive in time"), "{answer}");
    }
}

#[tokio::test]
async fn a_producer_that_waits_for_its_answer_is_not_disconnected() {
    let (dir, receiver) =
        (Dir::new(), Receiver::answering([Reply::status(200).after(Duration::from_secs(3))]).await);
    let host = start(&dir, &["--header-timeout", "1", "--idle-timeout", "1", "--body-timeout", "1"]).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    assert_eq!(host.api.trigger_sync(&config_id, "{}").await["status"], "succeeded");
}

#[tokio::test]
async fn connections_are_bounded_in_total_and_for_each_client() {
    let dir = Dir::new();
    // Loopback addresses are clients like others where no proxy is trusted there.
    let bounds = ["--max-connections", "4", "--max-connections-per-client", "2", "--trusted-proxies"];
    for (trusted, places, refusal) in
        [("192.0.2.0/24", 2, "HTTP/1.1 429 "), ("127.0.0.0/8", 4, "HTTP/1.1 503 ")]
    {
        let host = start(&dir, &[&bounds[..], &[trusted]].concat()).await;
        let mut open = Vec::new();
        for _ in 0..places {
            let mut stream = connect(&host, LIVE).await;
            one_answer(&mut stream).await;
            open.push(stream);
        }
        assert!(rest(&mut connect(&host, "").await).await.starts_with(refusal), "{trusted}");
        drop(open);
        until("there is a place again", async || {
            let answer = host.api.http.get(format!("{}/livez", host.api.base)).send().await;
            answer.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        host.stop().await;
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_clients() {
    let dir = Dir::new();
    let host = start(&dir, &["--stop-timeout", "4"]).await;
    let token = &host.api.token;
    let body = format!(
        "POST /tokens HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n{{"
    );
    let mut open = Vec::new();
    for sent in ["", "GET /", LIVE, &body] {
        open.push(connect(&host, sent).await);
    }
    one_answer(&mut open[2]).await;
    let since = Instant::now();
    host.stop().await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_receivers_and_nothing_is_lost() {
    let never = Reply::status(200).after(Duration::from_secs(3600));
    let (dir, receiver) = (Dir::new(), Receiver::answering([never, Reply::status(200)]).await);
    let host = start(&dir, &["--stop-timeout", "2"]).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = host.api.trigger(&config_id, "{}").await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    host.stop().await;
    let host = start(&dir, &[]).await;
    assert_eq!(host.api.ended(&config_id, &event_id).await["status"], "succeeded");
}

#[cfg(unix)]
#[tokio::test]
async fn few_file_descriptors_are_told_and_survived() {
    let dir = Dir::new();
    let mut command = in_shell("ulimit -n 64", &serve(dir.path(), FREE_PORT));
    let mut host = Hookstep::started(Process::start(&mut command)).await;
    host.process.told("few files may be open at once").await;
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(connect(&host, LIVE).await);
    }
    assert!(rest(&mut open[99]).await.starts_with("HTTP/1.1 503 "));
    drop(open);
    until("the host answers again", async || {
        let answer = host.api.http.get(format!("{}/readyz", host.api.base)).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_guesses_tokens_is_slowed_down_and_a_right_token_is_not() {
    let world = World::start().await;
    let ask = |token: &str, from: &str| {
        let api = Api { token: token.to_owned(), ..world.api.clone() };
        Answer::to(api.request(http::Method::GET, "/webhook").header("x-forwarded-for", from))
    };
    let guesses = (0..60).map(|number| {
        let token = format!("hookstep_{number}");
        let asked = ask(&token, "203.0.113.9");
        async move { asked.await.status }
    });
    let right = async {
        let since = Instant::now();
        let answer = ask(&world.api.token, "203.0.113.9").await;
        (answer.status, since.elapsed())
    };
    let since = Instant::now();
    let (statuses, (status, _)) = tokio::join!(join_all(guesses), right);
    assert!(since.elapsed() >= Duration::from_secs(1), "refusals are held back");
    assert_eq!(status, 200, "who has a right token is let in, wherever it comes from");
    let count = |status| statuses.iter().filter(|found| **found == status).count();
    assert_eq!(count(401) + count(429), 60, "{statuses:?}");
    assert!(count(401) >= 26 && count(429) > 0, "{statuses:?}");
    // Others are refused as before.
    let since = Instant::now();
    ask("hookstep_other", "198.51.100.7").await.problem(401);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}
