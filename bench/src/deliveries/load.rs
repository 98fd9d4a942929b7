//! The load: workers that trigger an event, wait for its arrival, and record the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::connection::Connection;
use crate::host::Host;
use crate::receiver::Receiver;

/// The intensity of the load.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) concurrency: usize,
    pub(crate) body: usize,
    pub(crate) duration: Duration,
}

/// The target of the load.
pub(crate) enum Target {
    /// The receiver itself.
    Receiver,
    /// The async trigger.
    Async,
    /// The sync trigger.
    Sync,
}

/// The measurements.
pub(crate) struct Run {
    /// In milliseconds, sorted.
    times: Vec<f64>,
    seconds: f64,
}

impl Load {
    /// Runs the load for the duration, after a warm-up of a tenth of it.
    pub(crate) async fn run(&self, target: &Target, receiver: &Arc<Receiver>, host: &Host) -> Outcome<Run> {
        let (address, path, accepted) = match target {
            Target::Receiver => (receiver.address, "/".to_owned(), 200),
            Target::Async => (host.address, host.trigger_path(false), 202),
            Target::Sync => (host.address, host.trigger_path(true), 200),
        };
        let warm = Instant::now() + self.duration / 10;
        let end = warm + self.duration;
        let mut workers = JoinSet::new();
        for worker in 0..self.concurrency {
            let mut connection = Connection::open(address).await?;
            let (receiver, path, token) = (Arc::clone(receiver), path.clone(), host.token.clone());
            let mut body = format!("{worker:03}").into_bytes();
            body.resize(self.body.max(3), b'x');
            let body = Bytes::from(body);
            workers.spawn(async move {
                let mut times = Vec::new();
                loop {
                    let sent = Instant::now();
                    if sent >= end {
                        return Ok::<_, Box<dyn std::error::Error + Send + Sync>>(times);
                    }
                    let (status, answer) = connection.post(&path, &token, body.clone()).await?;
                    if status != accepted {
                        return Err(format!("{status}: {}", String::from_utf8_lossy(&answer)).into());
                    }
                    let arrived = receiver.arrival(worker).await.ok_or("the receiver has stopped")?;
                    if sent >= warm {
                        times.push((arrived - sent).as_secs_f64() * 1000.0);
                    }
                }
            });
        }
        let mut times = Vec::new();
        while let Some(worker) = workers.join_next().await {
            times.extend(worker??);
        }
        times.sort_by(f64::total_cmp);
        Ok(Run { times, seconds: self.duration.as_secs_f64() })
    }
}

impl Run {
    pub(crate) fn count(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.seconds
    }

    /// The time, in milliseconds, below which this share of the deliveries lies.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let last = self.times.len().saturating_sub(1);
        self.times.get((last as f64 * share) as usize).copied().unwrap_or(f64::NAN)
    }
}
