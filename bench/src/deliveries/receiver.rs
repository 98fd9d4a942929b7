//! The receiver: accepts a body and reports its arrival time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::Outcome;

/// The maximum number of workers: the first three bytes of a body are the worker's number.
const WORKERS: usize = 1000;

/// A receiver that notifies each worker when its event arrives.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    arrivals: Arc<Vec<Arrivals>>,
}

struct Arrivals {
    tell: mpsc::UnboundedSender<Instant>,
    told: tokio::sync::Mutex<mpsc::UnboundedReceiver<Instant>>,
}

impl Receiver {
    pub(crate) async fn start() -> Outcome<Self> {
        let arrivals: Arc<Vec<Arrivals>> = Arc::new(
            (0..WORKERS)
                .map(|_| {
                    let (tell, told) = mpsc::unbounded_channel();
                    Arrivals { tell, told: tokio::sync::Mutex::new(told) }
                })
                .collect(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/", post(arrive)).with_state(Arc::clone(&arrivals));
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, arrivals })
    }

    /// Waits until an event of this worker arrives, and returns the arrival time.
    pub(crate) async fn arrival(&self, worker: usize) -> Option<Instant> {
        self.arrivals[worker].told.lock().await.recv().await
    }
}

async fn arrive(State(arrivals): State<Arc<Vec<Arrivals>>>, body: Bytes) -> &'static str {
    let now = Instant::now();
    let worker = body.get(..3).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
    if let Some(arrivals) = worker.and_then(|worker| arrivals.get(worker)) {
        let _ = arrivals.tell.send(now);
    }
    "ok"
}
