//! The tour's receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;

/// How many requests `/flaky` rejects before it accepts one.
const REJECTED: usize = 2;

/// Starts the receiver on a free port and answers its URL.
pub(crate) async fn start() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let calls = Arc::new(AtomicUsize::new(0));
    let flaky = async move || match calls.fetch_add(1, Ordering::Relaxed) {
        call if call < REJECTED => (StatusCode::SERVICE_UNAVAILABLE, "not yet"),
        _ => (StatusCode::OK, "thank you"),
    };
    let router = Router::new()
        .route("/hello", post(async || "hello from the receiver"))
        .route("/flaky", post(flaky))
        .route("/count", post(async |body: Bytes| format!("received {} bytes", body.len())))
        .layer(DefaultBodyLimit::disable());
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(format!("http://{address}"))
}

/// A URL where nothing listens.
pub(crate) async fn closed_port() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(format!("http://{}/", listener.local_addr()?))
}
