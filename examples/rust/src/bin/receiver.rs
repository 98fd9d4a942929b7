//! A receiver: takes a request only if its signature verifies, and handles each event once.
#![expect(clippy::print_stdout, reason = "the example shows what happens")]
#![expect(clippy::disallowed_methods, reason = "an example reads its settings where it uses them")]

use std::collections::HashSet;
use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hookstep_client::{Key, verify};
use tokio::net::TcpListener;

#[derive(Clone)]
struct Receiver {
    keys: Arc<[Key]>,
    /// The ids of the events that were handled. A real receiver keeps them in its database, with what it made of the event.
    handled: Arc<Mutex<HashSet<String>>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret =
        env::var("HOOKSTEP_SIGNING_SECRET").map_err(|_| "HOOKSTEP_SIGNING_SECRET must be set to whsec_…")?;
    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse::<u16>())?;
    let receiver = Receiver { keys: [Key::Secret(secret.parse()?)].into(), handled: Arc::default() };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let router = axum::Router::new().route("/", post(receive)).with_state(receiver);
    Ok(axum::serve(listener, router).await?)
}

/// `Bytes` and not `Json`: the signature is over the body as it came.
async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if let Err(reason) = verify(&headers, &body, &receiver.keys) {
        println!("refused: {reason}");
        return StatusCode::UNAUTHORIZED;
    }
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let mut handled = receiver.handled.lock().unwrap_or_else(PoisonError::into_inner);
    if handled.insert(id.to_owned()) {
        println!("received {id}: {}", String::from_utf8_lossy(&body));
    } else {
        println!("received {id} again");
    }
    StatusCode::NO_CONTENT
}
