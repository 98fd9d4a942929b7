//! The open loop: events are due at fixed moments, and times are measured from then.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::connection::{Connection, trigger};
use crate::receiver::{Receiver, body};
use crate::report::Run;

/// The number of connections; an event is late if none is free.
const CONNECTIONS: usize = 32;

/// How long to wait for the last arrivals.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// The sender that the receiver tells of the arrivals.
const SENDER: usize = 0;

/// Events at a fixed rate.
#[derive(Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    pub(crate) seconds: u32,
    /// The size of a body in bytes.
    pub(crate) body: usize,
}

/// Where the events go, in turn.
pub(crate) struct Route {
    pub(crate) address: SocketAddr,
    pub(crate) paths: Vec<String>,
    pub(crate) token: String,
    pub(crate) accepted: u16,
    /// How many of the first paths lead to a receiver whose arrivals are not measured.
    pub(crate) unmeasured: usize,
}

impl Rate {
    /// Runs the load. Fails if a measured event does not arrive.
    pub(crate) async fn run(&self, route: Route, receiver: &Arc<Receiver>) -> Outcome<Run> {
        receiver.forget().await;
        let (route, count) = (Arc::new(route), (self.per_second * self.seconds) as usize);
        let start = Instant::now() + Duration::from_millis(100);
        let due = Arc::new(Mutex::new(self.clock(start, count)));
        let mut senders = JoinSet::new();
        for _ in 0..CONNECTIONS.min(count) {
            let connection = Connection::open(route.address).await?;
            senders.spawn(send(connection, Arc::clone(&due), Arc::clone(&route), self.body));
        }
        while let Some(sender) = senders.join_next().await {
            sender??;
        }
        let measured = (0..count).filter(|number| number % route.paths.len() >= route.unmeasured).count();
        let mut times = Vec::with_capacity(measured);
        // A host that does not keep up delivers for longer than it is sent to.
        let mut end = self.moment(start, count);
        while times.len() < measured {
            let arrival = tokio::time::timeout(WAIT_TIMEOUT, receiver.arrival(SENDER)).await;
            let Ok(arrival) = arrival else {
                return Err(format!("{} of {measured} events did not arrive", measured - times.len()).into());
            };
            let arrival = arrival.ok_or("the receiver has stopped")?;
            times.push((arrival.at - self.moment(start, arrival.number)).as_secs_f64() * 1000.0);
            end = end.max(arrival.at);
        }
        Ok(Run::new(times, (end - start).as_secs_f64()))
    }

    /// When an event is due.
    fn moment(&self, start: Instant, number: usize) -> Instant {
        start + Duration::from_secs_f64(number as f64 / f64::from(self.per_second))
    }

    /// The numbers of the events, each at its moment. On a thread of its own, because timers of the runtime are late by up
    /// to a millisecond.
    #[expect(clippy::disallowed_methods, reason = "this thread is not the runtime's")]
    fn clock(&self, start: Instant, count: usize) -> mpsc::UnboundedReceiver<usize> {
        let (tell, due) = mpsc::unbounded_channel();
        let rate = *self;
        std::thread::spawn(move || {
            for number in 0..count {
                std::thread::sleep(rate.moment(start, number).saturating_duration_since(Instant::now()));
                if tell.send(number).is_err() {
                    return;
                }
            }
        });
        due
    }
}

async fn send(
    mut connection: Connection,
    due: Arc<Mutex<mpsc::UnboundedReceiver<usize>>>,
    route: Arc<Route>,
    bytes: usize,
) -> Outcome<()> {
    loop {
        let Some(number) = due.lock().await.recv().await else { return Ok(()) };
        let path = &route.paths[number % route.paths.len()];
        let request = trigger(path, &route.token, body(SENDER, number, bytes))?;
        connection.send(request, route.accepted).await?;
    }
}
