//! What is looked at only when somebody reads the metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::Process;

/// The state of a host at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Since the host was opened.
    pub uptime: Duration,
    /// The executions that run.
    pub running: usize,
    /// The executions that are to run as soon as there is a place.
    pub queued: usize,
    /// The executions that wait for a moment.
    pub waiting: usize,
    /// Since the start of the oldest execution that waits; zero if none does.
    pub oldest_waiting: Duration,
    /// The attempts that wait for their turn in the lanes of webhooks.
    pub in_lanes: usize,
    /// The attempts that wait for their moment outside an execution.
    pub scheduled: usize,
    /// Since the moment of the scheduled attempt that is overdue most; zero if none is.
    pub overdue: Duration,
    /// The bytes of the files in the data directory, by the name of the file or folder up to its first dot.
    pub store_bytes: BTreeMap<String, u64>,
    /// The bytes that are free on the disk of the data directory, if that is known.
    pub disk_free_bytes: Option<u64>,
    /// The process, if that is known.
    pub process: Option<Process>,
}

type Seconds = Gauge<f64, AtomicU64>;
type Bytes = Gauge<u64, AtomicU64>;

/// The meters of a [`Sample`].
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    uptime: Seconds,
    running: Gauge,
    queued: Gauge,
    waiting: Gauge,
    oldest_waiting: Seconds,
    in_lanes: Gauge,
    scheduled: Gauge,
    overdue: Seconds,
    store_bytes: Family<[(&'static str, String); 1], Bytes>,
    disk_free_bytes: Bytes,
    resident_bytes: Bytes,
    open_files: Bytes,
    cpu_seconds: Counter<f64, AtomicU64>,
}

impl Gauges {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        let of = registry.sub_registry_with_prefix("hookstep");
        of.register("build", "The version of Hookstep", version);
        of.register("uptime_seconds", "Since the host was opened", gauges.uptime.clone());
        of.register("executions_running", "Executions that run", gauges.running.clone());
        of.register("executions_queued", "Executions for which there is no place yet", gauges.queued.clone());
        of.register("executions_waiting", "Executions that wait for a moment", gauges.waiting.clone());
        let help = "Since the start of the oldest execution that waits";
        of.register("executions_oldest_waiting_seconds", help, gauges.oldest_waiting.clone());
        let help = "Attempts that wait for their turn in the lane of their webhook";
        of.register("attempts_in_lanes", help, gauges.in_lanes.clone());
        let help = "Attempts that wait for their moment outside an execution";
        of.register("attempts_scheduled", help, gauges.scheduled.clone());
        let help = "Since the moment of the scheduled attempt that is overdue most";
        of.register("attempts_overdue_seconds", help, gauges.overdue.clone());
        of.register("store_bytes", "Bytes of the files in the data directory", gauges.store_bytes.clone());
        let help = "Bytes that are free on the disk of the data directory";
        of.register("disk_free_bytes", help, gauges.disk_free_bytes.clone());
        registry.register("process_resident_memory_bytes", "Resident memory", gauges.resident_bytes.clone());
        registry.register("process_open_fds", "Open files and sockets", gauges.open_files.clone());
        registry.register(
            "process_cpu_seconds",
            "Processor time, user and system",
            gauges.cpu_seconds.clone(),
        );
        gauges
    }

    pub(crate) fn set(&self, sample: &Sample) {
        self.uptime.set(sample.uptime.as_secs_f64());
        self.running.set(as_i64(sample.running));
        self.queued.set(as_i64(sample.queued));
        self.waiting.set(as_i64(sample.waiting));
        self.oldest_waiting.set(sample.oldest_waiting.as_secs_f64());
        self.in_lanes.set(as_i64(sample.in_lanes));
        self.scheduled.set(as_i64(sample.scheduled));
        self.overdue.set(sample.overdue.as_secs_f64());
        for (part, bytes) in &sample.store_bytes {
            self.store_bytes.get_or_create(&[("part", part.clone())]).set(*bytes);
        }
        self.disk_free_bytes.set(sample.disk_free_bytes.unwrap_or_default());
        if let Some(process) = &sample.process {
            self.resident_bytes.set(process.resident_bytes);
            self.open_files.set(process.open_files);
            self.cpu_seconds.inner().store(process.cpu.as_secs_f64().to_bits(), Ordering::Relaxed);
        }
    }
}

fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
