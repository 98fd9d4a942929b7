//! The HTTP server of the host. Whatever clients do, it holds no connection for longer than its limits say, and it ends in time.
//!
//! Each connection is a task. [`clients`] bounds their number, [`timed_io`] ends those that are silent, [`timed_body`] those
//! whose body trickles, and [`wrong_tokens`] slows down those who guess tokens.

mod clients;
mod connection;
mod limits;
mod timed_body;
mod timed_io;
mod wrong_tokens;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use clients::{Clients, Refused};
use connection::Shared;
pub use limits::{DEFAULT_TRUSTED_PROXIES, Limits};

/// The pauses after an error of accepting: without one, the loop would spin while file descriptors are used up.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often the same error is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// A running server. Dropping it closes every connection.
#[derive(Debug)]
pub struct Server {
    stopping: CancellationToken,
    connections: TaskTracker,
    abandoning: CancellationToken,
    accepting: AbortOnDropHandle<()>,
}

impl Server {
    /// Serves `router` to everybody who connects to `listener`.
    pub fn start(listener: TcpListener, router: Router, limits: Limits) -> Self {
        let (stopping, abandoning) = (CancellationToken::new(), CancellationToken::new());
        let connections = TaskTracker::new();
        let acceptor = Acceptor {
            clients: Clients::new(&limits),
            shared: Arc::new(Shared::new(router, limits, stopping.clone(), abandoning.clone())),
            connections: connections.clone(),
        };
        let accepting = AbortOnDropHandle::new(tokio::spawn(acceptor.run(listener, stopping.clone())));
        Self { stopping, connections, abandoning, accepting }
    }

    /// Closes the port and idle connections, and gives requests until `deadline` to be answered. Returns how many were not.
    pub async fn stop(self, deadline: Instant) -> usize {
        self.stopping.cancel();
        // The listener is closed when its task has ended.
        let _ = self.accepting.await;
        self.connections.close();
        let in_time = tokio::time::timeout_at(deadline, self.connections.wait()).await;
        let unanswered = if in_time.is_ok() { 0 } else { self.connections.len() };
        self.abandoning.cancel();
        self.connections.wait().await;
        unanswered
    }
}

/// The task that accepts connections.
struct Acceptor {
    clients: Clients,
    shared: Arc<Shared>,
    connections: TaskTracker,
}

impl Acceptor {
    async fn run(self, listener: TcpListener, stopping: CancellationToken) {
        let mut trouble = Trouble::default();
        loop {
            let accepted = tokio::select! {
                () = stopping.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    trouble = Trouble { pause: Duration::ZERO, ..trouble };
                    self.take(stream, peer);
                }
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    let pause = trouble.after(&error);
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr) {
        let place = match self.clients.admit(peer.ip()) {
            Ok(place) => place,
            Err(refused) => return turn_away(&stream, refused),
        };
        // Responses are small and written at once, so that waiting for more data to send with them only costs time.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&self.shared);
        self.connections.spawn(async move {
            connection::serve(stream, peer.ip(), shared).await;
            drop(place);
        });
    }
}

/// Answers a client for whose connection there is no place, as far as that is possible without waiting.
fn turn_away(stream: &TcpStream, refused: Refused) {
    let status = match refused {
        Refused::Full => "503 Service Unavailable",
        Refused::TooManyOfClient => "429 Too Many Requests",
    };
    let answer =
        format!("HTTP/1.1 {status}\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.try_write(answer.as_bytes());
}

/// Whether accepting failed because the client was gone again, which says nothing about the next one.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

/// What went wrong with accepting lately.
#[derive(Default)]
struct Trouble {
    pause: Duration,
    logged_at: Option<Instant>,
}

impl Trouble {
    /// Logs the error, unless that was done lately, and returns the pause that follows it.
    fn after(&mut self, error: &io::Error) -> Duration {
        if self.logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
            tracing::error!(
                %error,
                "no connection can be accepted; if the limit of open files is reached, raise it (ulimit -n, LimitNOFILE)"
            );
            self.logged_at = Some(Instant::now());
        }
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.pause
    }
}
