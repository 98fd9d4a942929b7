//! The meters.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hookstep_contract::{Mode, Origin, Outcome, ReasonCode, Status};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::bounded::Counters;
use crate::sample::Gauges;
use crate::{By, Sample, Tenant};

/// The media type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Bounds in seconds for what a receiver takes: from the same machine to the longest attempt, 840 s.
const ATTEMPT_SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 840.0];

/// Bounds in seconds for what we take to accept an event. A sync trigger waits up to 27 s.
const TRIGGER_SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 30.0];

/// Bounds in seconds for a commit: from a solid-state disk to one that is overloaded.
const COMMIT_SECONDS: [f64; 12] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5];

/// Bounds for the number of writes that share a commit.
const COMMIT_WRITES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0];

/// Histograms by one label.
type Histograms = Family<[(&'static str, &'static str); 1], Histogram, Bounds>;

/// Makes histograms with these bounds.
#[derive(Clone, Copy, Debug)]
struct Bounds(&'static [f64]);

impl MetricConstructor<Histogram> for Bounds {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// Everything that is counted and measured. Clones share the same meters.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Meters>);

#[derive(Debug)]
struct Meters {
    by: By,
    registry: Registry,
    accepted: Counters,
    refused: Counters,
    trigger_seconds: Histograms,
    attempts: Counters,
    attempt_seconds: Histograms,
    ended: Counters,
    function_failures: Counters,
    commit_writes: Histogram,
    commit_seconds: Histogram,
    gauges: Gauges,
}

impl Metrics {
    /// New meters, all of them at zero.
    pub fn new(by: By) -> Self {
        let mut registry = Registry::default();
        let gauges = Gauges::register(&mut registry);
        let of = registry.sub_registry_with_prefix("hookstep");
        Self(Arc::new(Meters {
            by,
            gauges,
            accepted: Counters::register(of, "events_accepted", "Events taken durably, by how they came in"),
            refused: Counters::register(of, "triggers_refused", "Trigger requests refused, by HTTP status"),
            trigger_seconds: histograms(
                of,
                ("trigger_duration_seconds", "From a trigger request to its answer"),
                &TRIGGER_SECONDS,
            ),
            attempts: Counters::register(of, "attempts", "Attempts, by how they ended and why they failed"),
            attempt_seconds: histograms(
                of,
                ("attempt_duration_seconds", "How long attempts took, with the receiver's answer"),
                &ATTEMPT_SECONDS,
            ),
            ended: Counters::register(of, "events_ended", "Events that got their final status"),
            function_failures: Counters::register(
                of,
                "function_failures",
                "Failures of the workflow's own functions, most of which are repeated",
            ),
            commit_writes: histogram(of, ("commit_writes", "Writes that shared a commit"), &COMMIT_WRITES),
            commit_seconds: histogram(
                of,
                ("commit_duration_seconds", "How long commits took"),
                &COMMIT_SECONDS,
            ),
            registry,
        }))
    }

    /// The label of an event; `field` is asked for the value of `org_id` or of `config_id`, if it is needed.
    pub fn tenant<'a>(&self, field: impl FnOnce(&'static str) -> &'a str) -> Tenant {
        Tenant::of(self.0.by, field)
    }

    /// An event was taken durably.
    pub fn accepted(&self, mode: Mode, origin: Origin, tenant: &Tenant) {
        let origin = match origin {
            Origin::Api => "api",
            Origin::EventBridge => "event_bridge",
            Origin::Replay => "replay",
            Origin::Test => "test",
        };
        self.0.accepted.count([("mode", mode_name(mode).into()), ("origin", origin.into())], tenant);
    }

    /// A trigger request was answered with this status after this time.
    pub fn answered(&self, mode: Mode, status: u16, took: Duration) {
        if status >= 400 {
            self.0.refused.count([("status", status.to_string().into())], &Tenant::default());
        } else {
            let labels = [("mode", mode_name(mode))];
            self.0.trigger_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        }
    }

    /// An attempt was made, or was to be made: then it `took` no time that says anything.
    pub fn attempted(
        &self,
        outcome: Outcome,
        reason: Option<ReasonCode>,
        took: Option<Duration>,
        tenant: &Tenant,
    ) {
        let reason = reason.map_or("", ReasonCode::as_str);
        self.0.attempts.count([("outcome", outcome.as_str().into()), ("reason", reason.into())], tenant);
        if let Some(took) = took {
            let labels = [("outcome", outcome.as_str())];
            self.0.attempt_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        }
    }

    /// An event got its final status.
    pub fn ended(&self, status: Status, tenant: &Tenant) {
        self.0.ended.count([("status", status.as_str().into())], tenant);
    }

    /// A function of the state machines failed with an error of this name.
    pub fn function_failed(&self, function: &str, error: &str) {
        let labels = [("function", function.to_owned().into()), ("error", error.to_owned().into())];
        self.0.function_failures.count(labels, &Tenant::default());
    }

    /// The storage committed this many writes at once. The storage calls this after each commit that is on the disk.
    pub fn committed(&self, writes: usize, took: Duration) {
        self.0.commit_writes.observe(writes as f64);
        self.0.commit_seconds.observe(took.as_secs_f64());
    }

    /// All meters, in the text format of Prometheus. Without a sample, what is sampled is as it was the last time.
    ///
    /// # Errors
    /// Never in practice: a `String` takes whatever is written to it.
    pub fn text(&self, sample: Option<&Sample>) -> Result<String, fmt::Error> {
        if let Some(sample) = sample {
            self.0.gauges.set(sample);
        }
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Async => "async",
        Mode::Sync => "sync",
    }
}

fn histograms(registry: &mut Registry, (name, help): (&str, &str), bounds: &'static [f64]) -> Histograms {
    let family = Family::new_with_constructor(Bounds(bounds));
    registry.register(name, help, family.clone());
    family
}

fn histogram(registry: &mut Registry, (name, help): (&str, &str), bounds: &'static [f64]) -> Histogram {
    let histogram = Bounds(bounds).new_metric();
    registry.register(name, help, histogram.clone());
    histogram
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn a_commit_is_counted_with_its_size_and_its_time() {
        let metrics = Metrics::new(By::Nothing);
        metrics.committed(3, Duration::from_millis(2));
        metrics.committed(100, Duration::from_millis(40));
        let text = metrics.text(Some(&Sample::default())).unwrap();
        for line in [
            "hookstep_commit_writes_bucket{le=\"4\"} 1",
            "hookstep_commit_writes_bucket{le=\"128\"} 2",
            "hookstep_commit_writes_sum 103.0",
            "hookstep_commit_duration_seconds_bucket{le=\"0.0025\"} 1",
            "hookstep_commit_duration_seconds_sum 0.042",
            "hookstep_commit_duration_seconds_count 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing:\n{text}");
        }
    }

    /// The names of all meters; those of a histogram's series are not among them.
    fn names() -> BTreeSet<String> {
        let metrics = Metrics::new(By::Nothing);
        let (tenant, time) = (metrics.tenant(|_| ""), Duration::from_millis(1));
        metrics.accepted(Mode::Async, Origin::Api, &tenant);
        metrics.answered(Mode::Async, 202, time);
        metrics.answered(Mode::Async, 404, time);
        metrics.attempted(Outcome::Succeeded, None, Some(time), &tenant);
        metrics.ended(Status::Succeeded, &tenant);
        metrics.function_failed("deliver", "StorageUnavailable");
        let store_bytes = [("tables".to_owned(), 1)].into();
        let text = metrics.text(Some(&Sample { store_bytes, ..Sample::default() })).unwrap();
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect()
    }

    /// The names in the expressions of the dashboard.
    fn names_in_dashboard() -> BTreeSet<String> {
        let dashboard: Value =
            serde_json::from_str(include_str!("../../../infra/grafana-dashboard.json")).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
        let words = targets.flat_map(|target| {
            let is_of_a_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            target["expr"].as_str().unwrap().split(move |c| !is_of_a_word(c))
        });
        let names = words.filter(|word| word.starts_with("hookstep_") || word.starts_with("process_"));
        let series = ["_bucket", "_sum", "_count"];
        let of = |name: &str| series.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned();
        names.map(of).collect()
    }

    #[test]
    fn the_dashboard_shows_every_meter_and_no_other() {
        let names = names();
        assert!(names.len() > 20, "{names:?}");
        assert_eq!(names_in_dashboard(), names);
    }
}
