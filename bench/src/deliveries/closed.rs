//! The closed loop: workers that trigger an event, wait for its arrival, and record the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Request;
use http_body_util::Full;
use hyper::body::Bytes;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::connection::{Connection, trigger};
use crate::host::Host;
use crate::receiver::{Receiver, body};
use crate::report::Run;

/// The intensity of the load.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// The number of workers.
    pub(crate) concurrency: usize,
    /// The size of a body in bytes.
    pub(crate) body: usize,
    pub(crate) end: End,
}

/// When the load ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// After so long, and a warm-up of a tenth of it.
    After(Duration),
    /// After so many events, all of which are measured.
    Events(usize),
}

/// The target of the load.
pub(crate) enum Target<'a> {
    /// The receiver itself.
    Receiver,
    /// The async trigger of a host.
    Async(&'a Host),
    /// The sync trigger of a host.
    Sync(&'a Host),
}

/// A worker: it sends the same request again and again.
pub(crate) struct Worker {
    pub(crate) connection: Connection,
    pub(crate) request: Request<Full<Bytes>>,
    pub(crate) accepted: u16,
    /// How often an event arrives.
    pub(crate) arrivals: usize,
}

impl Load {
    /// Runs the load.
    pub(crate) async fn run(&self, target: &Target<'_>, receiver: &Arc<Receiver>) -> Outcome<Run> {
        let mut workers = Vec::new();
        for number in 0..self.concurrency {
            let (address, path, token, accepted) = match target {
                Target::Receiver => (receiver.address, "/".to_owned(), "", 200),
                Target::Async(host) => (host.address, host.trigger_path(0, false), &*host.token, 202),
                Target::Sync(host) => (host.address, host.trigger_path(0, true), &*host.token, 200),
            };
            let request = trigger(&path, token, body(number, 0, self.body))?;
            let connection = Connection::open(address).await?;
            workers.push(Worker { connection, request, accepted, arrivals: 1 });
        }
        self.run_workers(workers, receiver).await
    }

    /// Runs these workers.
    pub(crate) async fn run_workers(&self, workers: Vec<Worker>, receiver: &Arc<Receiver>) -> Outcome<Run> {
        receiver.forget().await;
        let start = Instant::now();
        let (warm, end, events) = match self.end {
            End::After(time) => (start + time / 10, Some(start + time / 10 + time), usize::MAX),
            End::Events(count) => (start, None, count / workers.len()),
        };
        let mut running = JoinSet::new();
        for (number, worker) in workers.into_iter().enumerate() {
            running.spawn(worker.run(number, Arc::clone(receiver), warm, end, events));
        }
        let mut times = Vec::new();
        while let Some(worker) = running.join_next().await {
            times.extend(worker??);
        }
        let seconds = match self.end {
            End::After(time) => time.as_secs_f64(),
            End::Events(_) => start.elapsed().as_secs_f64(),
        };
        Ok(Run::new(times, seconds))
    }
}

impl Worker {
    /// The times of the deliveries whose event was sent from `warm` on, in milliseconds.
    async fn run(
        mut self,
        number: usize,
        receiver: Arc<Receiver>,
        warm: Instant,
        end: Option<Instant>,
        events: usize,
    ) -> Outcome<Vec<f64>> {
        let mut times = Vec::new();
        for _ in 0..events {
            let sent = Instant::now();
            if end.is_some_and(|end| sent >= end) {
                break;
            }
            self.connection.send(self.request.clone(), self.accepted).await?;
            for _ in 0..self.arrivals {
                let arrival = receiver.arrival(number).await.ok_or("the receiver has stopped")?;
                if sent >= warm {
                    times.push((arrival.at - sent).as_secs_f64() * 1000.0);
                }
            }
        }
        Ok(times)
    }
}
