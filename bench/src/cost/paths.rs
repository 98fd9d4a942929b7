//! The paths that an event can take, each executed for real.

use std::collections::VecDeque;

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

use crate::Outcome;
use crate::assumptions::Assumptions;
use crate::counts::{Counts, Execution};
use crate::listener::Listener;
use crate::prices::HTTP_API_UNIT_BYTES;
use crate::queued;
use crate::world::{Notes, World};
use hookstep_contract::MachineKind;
use hookstep_contract::limits::{DEFAULT_SCHEDULE_SECS, LANE_BATCH};

/// A body just above the size that travels in the state.
pub(crate) const LARGE_BYTES: usize = 256 * 1024;
/// How long a slow receiver takes.
const SLOW_RECEIVER_MS: f64 = 30_000.0;
/// The usual body.
pub(crate) const SMALL_BYTES: usize = 1024;

/// One path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Delivered,
    ClaimCheck,
    /// The first retry, which waits in the express execution.
    OneRetry,
    /// A second one, which is a schedule.
    TwoRetries,
    /// A receiver that is down through the whole schedule.
    Down,
    Skipped,
    /// An event that is to be sent in an hour, which is a schedule.
    Delayed,
    /// A webhook with `max_in_flight` 10, in whose lane more events wait than it takes at once.
    Lane,
    /// A webhook with `ordering`: one event after the other.
    Ordered,
    /// A receiver that takes half a minute.
    Slow,
    /// The same by the delivery queue, in full batches.
    SlowQueued,
}

impl Path {
    pub(crate) const ALL: [Self; 11] = [
        Self::Delivered,
        Self::ClaimCheck,
        Self::OneRetry,
        Self::TwoRetries,
        Self::Down,
        Self::Skipped,
        Self::Delayed,
        Self::Lane,
        Self::Ordered,
        Self::Slow,
        Self::SlowQueued,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered first time, 1 KB",
            Self::ClaimCheck => "claim check, 256 KB",
            Self::OneRetry => "one retry, 1 KB",
            Self::TwoRetries => "two retries, 1 KB",
            Self::Down => "down through all nine retries, 1 KB",
            Self::Skipped => "skipped, 1 KB",
            Self::Delayed => "delayed by an hour, 1 KB",
            Self::Lane => "a lane of 10 in flight, 1 KB",
            Self::Ordered => "an order, 1 KB",
            Self::Slow => "a receiver that takes 30 s, direct, 1 KB",
            Self::SlowQueued => "a receiver that takes 30 s, queued, 1 KB",
        }
    }

    /// Whether its first attempt or later ones are schedules.
    pub(crate) fn waits_in_schedules(self) -> bool {
        matches!(self, Self::TwoRetries | Self::Down | Self::Delayed)
    }

    /// Whether its receiver is the slow one.
    pub(crate) fn is_slow(self) -> bool {
        matches!(self, Self::Slow | Self::SlowQueued)
    }

    /// What is assumed for it.
    pub(crate) fn given(self, given: &Assumptions) -> Assumptions {
        let mut given = given.clone();
        if self.is_slow() {
            given.receiver_ms = SLOW_RECEIVER_MS;
        }
        given
    }

    /// After how long the producer wants the event to be sent.
    fn delay_seconds(self) -> Option<u32> {
        (self == Self::Delayed).then_some(3600)
    }

    /// The size of the body.
    pub(crate) fn body_bytes(self) -> usize {
        if self == Self::ClaimCheck { LARGE_BYTES } else { SMALL_BYTES }
    }

    /// The receiver's failing responses before it succeeds.
    fn answers(self) -> VecDeque<StatusCode> {
        let failures = match self {
            Self::OneRetry => 1,
            Self::TwoRetries => 2,
            Self::Down => DEFAULT_SCHEDULE_SECS.len() + 1,
            Self::Delivered | Self::ClaimCheck | Self::Skipped | Self::Delayed | Self::Lane => 0,
            Self::Ordered | Self::Slow | Self::SlowQueued => 0,
        };
        vec![StatusCode::INTERNAL_SERVER_ERROR; failures].into()
    }

    /// The fields of the webhook that make the difference.
    fn webhook(self) -> Value {
        match self {
            Self::Skipped => json!({"enabled": false}),
            Self::Lane => json!({"max_in_flight": LANE_BATCH}),
            Self::Ordered => json!({"ordering": {}}),
            _ => json!({}),
        }
    }

    /// Sends one event along this path and counts its usage. Needs a single-threaded runtime, because the
    /// listener sees only its own thread.
    pub(crate) async fn walk(self, workflow: MachineKind, keep_bodies: bool) -> Outcome<Counts> {
        let world = World::open(workflow, keep_bodies).await?;
        let config_id = world.webhook(&self.webhook()).await?;
        // The first event finds cold caches; how often that happens is an assumption.
        let (first, _) = world.trigger(&config_id, body(SMALL_BYTES), None).await?;
        world.executions(first).await?;
        *world.receiver.notes() = Notes { answers: self.answers(), ..Notes::default() };
        let before = world.stored_bytes().await?;
        let body = body(self.body_bytes());
        let (listener, _listening) = listen();
        let (event_id, answer_bytes) = world.trigger(&config_id, body.clone(), self.delay_seconds()).await?;
        let executions = world.executions(event_id).await?;
        let mut counts = listener.take();
        counts.is_ordered = self == Self::Ordered;
        counts.http_units = body.len().div_ceil(HTTP_API_UNIT_BYTES) as u64;
        counts.functions.entry("trigger".to_owned()).or_default().invocations = 1;
        counts.executions = executions.iter().map(|(arn, history)| Execution::read(arn, history)).collect();
        counts.stored_bytes = world.stored_bytes().await? - before;
        counts.object_bytes = counts.s3_puts * body.len() as u64;
        counts.deliveries = world.receiver.notes().requests;
        counts.sent_bytes = world.receiver.notes().bytes + answer_bytes as u64;
        world.close().await;
        Ok(if self == Self::SlowQueued { queued::instead(counts)? } else { counts })
    }
}

fn listen() -> (Listener, DefaultGuard) {
    let listener = Listener::default();
    let subscriber = tracing_subscriber::registry().with(listener.clone());
    (listener, tracing::subscriber::set_default(subscriber))
}

/// A JSON body of exactly this size, like those of energy platforms: ids and numbers vary, names repeat.
/// Compression halves it.
fn body(bytes: usize) -> Bytes {
    let mut text = r#"{"type":"meter.readings.created","readings":["#.to_owned();
    // Pseudo-random numbers from a linear congruential generator.
    let mut noise = 1_u64;
    let mut next = || {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise >> 16
    };
    while text.len() + 200 < bytes {
        let (id, value) = (next(), next() % 10_000_000);
        text.push_str(&format!(
            r#"{{"meter_id":"{id:012x}-{:08x}","value":{}.{:03},"unit":"kWh","at":"2026-11-25T{:02}:{:02}:00Z"}},"#,
            next() & 0xffff_ffff,
            value / 1000,
            value % 1000,
            next() % 24,
            next() % 60
        ));
    }
    text.push_str(r#"{}],"note":""#);
    let filler = "x".repeat(bytes - text.len() - 2);
    text.push_str(&filler);
    text.push_str("\"}");
    text.into()
}
