//! The receiver: accepts a body and reports its arrival time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::post;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::Outcome;

/// The maximum number of senders that wait for arrivals, each of which has a number.
const SENDERS: usize = 1000;

/// What a body begins with when it is the detail of an event on the bus, which is JSON; then comes its number.
const DETAIL: &[u8] = br#"{"a":""#;

/// The length of a number in a body.
const DIGITS: usize = 8;

/// A receiver that notifies each sender when one of its events arrives.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    arrivals: Arc<Vec<Arrivals>>,
    /// Whether requests to the path `/held` are answered.
    gate: watch::Sender<bool>,
}

/// An event that has arrived.
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    /// What the sender gave it.
    pub(crate) number: usize,
}

struct Arrivals {
    tell: mpsc::UnboundedSender<Arrival>,
    told: tokio::sync::Mutex<mpsc::UnboundedReceiver<Arrival>>,
}

impl Receiver {
    pub(crate) async fn start() -> Outcome<Self> {
        let arrivals: Arc<Vec<Arrivals>> = Arc::new(
            (0..SENDERS)
                .map(|_| {
                    let (tell, told) = mpsc::unbounded_channel();
                    Arrivals { tell, told: tokio::sync::Mutex::new(told) }
                })
                .collect(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (gate, opened) = watch::channel(false);
        let router = Router::new()
            .route("/", post(arrive))
            .route("/hang/{seconds}", post(hang))
            .route("/held", post(move || held(opened.clone())))
            .with_state(Arc::clone(&arrivals));
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, arrivals, gate })
    }

    /// Answers the requests to the path `/held`, which hang until then.
    pub(crate) fn release(&self) {
        self.gate.send_replace(true);
    }

    /// Waits until an event of this sender arrives.
    pub(crate) async fn arrival(&self, sender: usize) -> Option<Arrival> {
        self.arrivals[sender].told.lock().await.recv().await
    }

    /// Forgets arrivals that no row has waited for.
    pub(crate) async fn forget(&self) {
        for arrivals in self.arrivals.iter() {
            let mut told = arrivals.told.lock().await;
            while told.try_recv().is_ok() {}
        }
    }
}

/// A body of so many bytes, at least, that carries a sender's and an event's number.
pub(crate) fn body(sender: usize, number: usize, bytes: usize) -> Bytes {
    let mut body = format!("{sender:08}{number:08}").into_bytes();
    body.resize(bytes.max(body.len()), b'x');
    Bytes::from(body)
}

async fn arrive(State(arrivals): State<Arc<Vec<Arrivals>>>, body: Bytes) -> &'static str {
    let at = Instant::now();
    let digits = body.strip_prefix(DETAIL).unwrap_or(&body);
    let number =
        |start: usize| std::str::from_utf8(digits.get(start..start + DIGITS)?).ok()?.parse::<usize>().ok();
    if let (Some(sender), Some(number)) = (number(0), number(DIGITS))
        && let Some(arrivals) = arrivals.get(sender)
    {
        let _ = arrivals.tell.send(Arrival { at, number });
    }
    "ok"
}

/// Answers late. What arrives here is not measured.
async fn hang(Path(seconds): Path<u64>) -> &'static str {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    "ok"
}

/// Answers once it may. What arrives here is not measured.
async fn held(mut opened: watch::Receiver<bool>) -> &'static str {
    // The gate is closed for ever if the receiver is gone.
    let _ = opened.wait_for(|is_open| *is_open).await;
    "ok"
}
