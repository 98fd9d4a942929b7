//! A webhook with `"max_in_flight": "auto"`, and a receiver whose limit nobody has told it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::post;
use axum::serve::ListenerExt;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::connection::{Connection, trigger};
use crate::host::Host;
use crate::receiver::body;
use crate::{Args, Outcome};

/// How long the limit is looked for, and then how long it is measured how near to it the webhook is.
const PHASE: Duration = Duration::from_secs(60);

/// The number of connections that keep the lane full.
const CONNECTIONS: u32 = 8;

/// How a receiver shows that it gets more than it takes.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// By 429.
    Refuses,
    /// By 429 with `Retry-After: 1`.
    SaysWhen,
    /// It refuses nothing, and answers one request after the other.
    Queues,
}

/// One row for each limit and each manner of a receiver.
pub(crate) async fn learned(args: &Args) -> Outcome<()> {
    for &limit in &args.limit {
        for manner in [Manner::Refuses, Manner::SaysWhen, Manner::Queues] {
            row(args, limit, manner).await?;
        }
    }
    Ok(())
}

async fn row(args: &Args, limit: u32, manner: Manner) -> Outcome<()> {
    let limited = Arc::new(Limited::new(limit, manner));
    let url = limited.serve().await?;
    let mut host = Host::start(args).await?;
    // More retries than any event needs, so that none fails for good.
    let fields = json!({"max_in_flight": "auto", "retry": {"schedule_seconds": vec![1; 20]}});
    host.create_webhook(&url, fields).await?;
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let connection = Connection::open(host.address).await?;
        let request = trigger(&host.trigger_path(0, false), &host.token, body(0, 0, args.body))?;
        senders.spawn(fill(connection, request, f64::from(limit) * 1.3 / f64::from(CONNECTIONS)));
    }
    tokio::time::sleep(PHASE).await;
    let before = limited.counts();
    tokio::time::sleep(PHASE).await;
    let after = limited.counts();
    if let Some(ended) = senders.try_join_next() {
        ended??;
    }
    let (taken, refused) = (after.taken - before.taken, after.refused - before.refused);
    let of_limit = f64::from(taken) / (f64::from(limit) * PHASE.as_secs_f64());
    println!(
        "| a limit of {limit}/s, {manner:?}: {:.1} % of it taken, {:.2} % refused in the second minute; {} refused in the first | \
         | | | | | | |",
        of_limit * 100.0,
        f64::from(refused) * 100.0 / f64::from(taken + refused).max(1.0),
        before.refused,
    );
    Ok(())
}

/// Sends events, so many a second, for as long as the row lasts.
async fn fill(
    mut connection: Connection,
    request: http::Request<http_body_util::Full<hyper::body::Bytes>>,
    per_second: f64,
) -> Outcome<()> {
    let mut due = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
    loop {
        due.tick().await;
        connection.send(request.clone(), 202).await?;
    }
}

/// A receiver with a limit.
struct Limited {
    per_second: u32,
    manner: Manner,
    state: Mutex<Requests>,
}

/// What a receiver with a limit has seen.
struct Requests {
    second: Instant,
    in_second: u32,
    free_at: Instant,
    counts: Counts,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    taken: u32,
    refused: u32,
}

impl Limited {
    fn new(per_second: u32, manner: Manner) -> Self {
        let now = Instant::now();
        let requests = Requests { second: now, in_second: 0, free_at: now, counts: Counts::default() };
        Self { per_second, manner, state: Mutex::new(requests) }
    }

    /// Serves requests; returns the URL.
    async fn serve(self: &Arc<Self>) -> Outcome<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let router = Router::new().route("/", post(receive)).with_state(Arc::clone(self));
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(url)
    }

    fn counts(&self) -> Counts {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).counts
    }

    /// Whether a request is taken, and how long its answer takes.
    fn decide(&self) -> (bool, Duration) {
        let mut requests = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Manner::Queues = self.manner {
            requests.free_at = now.max(requests.free_at) + Duration::from_secs(1) / self.per_second;
            requests.counts.taken += 1;
            return (true, requests.free_at - now);
        }
        if now - requests.second >= Duration::from_secs(1) {
            (requests.second, requests.in_second) = (now, 0);
        }
        requests.in_second += 1;
        let is_taken = requests.in_second <= self.per_second;
        if is_taken {
            requests.counts.taken += 1;
        } else {
            requests.counts.refused += 1;
        }
        (is_taken, Duration::ZERO)
    }
}

async fn receive(State(limited): State<Arc<Limited>>) -> (StatusCode, HeaderMap) {
    let (is_taken, takes) = limited.decide();
    tokio::time::sleep(takes).await;
    let mut headers = HeaderMap::new();
    if is_taken {
        return (StatusCode::OK, headers);
    }
    if let Manner::SaysWhen = limited.manner {
        headers.insert("retry-after", HeaderValue::from_static("1"));
    }
    (StatusCode::TOO_MANY_REQUESTS, headers)
}
