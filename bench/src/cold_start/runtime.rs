//! The Lambda Runtime API for one environment: serves events, collects responses, and notes each poll.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::Outcome;

/// This process's side of a Runtime API.
pub(crate) struct Runtime {
    pub(crate) address: SocketAddr,
    pub(crate) events: mpsc::UnboundedSender<Value>,
    /// When the function polled for an event.
    pub(crate) polls: mpsc::UnboundedReceiver<Instant>,
    pub(crate) answers: mpsc::UnboundedReceiver<Answer>,
    /// The server stops, and frees its socket, when this is dropped.
    _serving: JoinSet<std::io::Result<()>>,
}

/// The outcome of an invocation.
pub(crate) struct Answer {
    pub(crate) at: Instant,
    /// `response` or `error`: the last segment of the path.
    pub(crate) kind: String,
    pub(crate) body: Value,
}

#[derive(Clone)]
struct Stub {
    events: Arc<Mutex<mpsc::UnboundedReceiver<Value>>>,
    polls: mpsc::UnboundedSender<Instant>,
    answers: mpsc::UnboundedSender<Answer>,
}

impl Runtime {
    pub(crate) async fn start() -> Outcome<Self> {
        let (events, handed_out) = mpsc::unbounded_channel();
        let (poll, polls) = mpsc::unbounded_channel();
        let (answer, answers) = mpsc::unbounded_channel();
        let stub = Stub { events: Arc::new(Mutex::new(handed_out)), polls: poll, answers: answer };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(answered))
            .with_state(stub);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        let mut serving = JoinSet::new();
        serving.spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, events, polls, answers, _serving: serving })
    }
}

async fn next(State(stub): State<Stub>) -> Response {
    let _ = stub.polls.send(Instant::now());
    let Some(event) = stub.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:000000000000:function:bench"),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793"),
    ];
    (headers, event.to_string()).into_response()
}

async fn answered(
    State(stub): State<Stub>,
    Path((_, kind)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let at = Instant::now();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let _ = stub.answers.send(Answer { at, kind, body });
    StatusCode::ACCEPTED
}
