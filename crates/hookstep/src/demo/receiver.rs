//! The tour's receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedSender};

use super::inbox::{Inbox, Received};

/// How many requests `/flaky` rejects before it accepts one.
const REJECTED: usize = 2;

/// Starts the receiver on a free port, and returns its URL and what it gets.
pub(super) async fn start() -> std::io::Result<(String, Inbox)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (received, inbox) = mpsc::unbounded_channel();
    let (calls, moves) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let flaky = async move |State(inbox): Requests, headers: HeaderMap, body: Bytes| {
        keep(&inbox, headers, body);
        reject(&calls, REJECTED, (StatusCode::SERVICE_UNAVAILABLE, "not yet"))
    };
    let moved = async move |State(inbox): Requests, headers: HeaderMap, body: Bytes| {
        keep(&inbox, headers, body);
        reject(&moves, 1, (StatusCode::NOT_FOUND, "no such hook"))
    };
    let router = Router::new()
        .route("/hello", post(hello))
        .route("/flaky", post(flaky))
        .route("/moved", post(moved))
        .route("/count", post(count))
        .layer(DefaultBodyLimit::disable())
        .with_state(received);
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok((format!("http://{address}"), Inbox(inbox)))
}

type Requests = State<UnboundedSender<Received>>;

async fn hello(State(inbox): Requests, headers: HeaderMap, body: Bytes) -> &'static str {
    keep(&inbox, headers, body);
    "hello from the receiver"
}

async fn count(State(inbox): Requests, headers: HeaderMap, body: Bytes) -> String {
    let answer = format!("received {} bytes", body.len());
    keep(&inbox, headers, body);
    answer
}

/// Rejects the request unless enough have been rejected.
fn reject(
    calls: &AtomicUsize,
    rejected: usize,
    refusal: (StatusCode, &'static str),
) -> (StatusCode, &'static str) {
    match calls.fetch_add(1, Ordering::Relaxed) {
        call if call < rejected => refusal,
        _ => (StatusCode::OK, "thank you"),
    }
}

fn keep(inbox: &UnboundedSender<Received>, headers: HeaderMap, body: Bytes) {
    // After the tour nobody reads them.
    let _ = inbox.send(Received { headers, body });
}

/// A URL where nothing listens.
pub(super) async fn closed_port() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(format!("http://{}/", listener.local_addr()?))
}
