//! How a webhook's receiver does, and what its lane lets through meanwhile (ADR 0049). Pure: the caller has the clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{
    EXPRESS_ATTEMPT_SECS, LEAST_PROBE_PAUSE, MAX_IN_FLIGHT, MAX_PROBE_PAUSE, PROBE_MARGIN, RAMP, RAMP_STEP,
};
use crate::{CertificateWarning, LaneLimits, Period, RateLimit, ReasonCode, Timestamp, WebhookConfig};

/// How a receiver takes the events of its webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// It takes them.
    Healthy,
    /// It takes some of them.
    Degraded,
    /// It takes none of them: they wait until it takes one that is sent to find that out.
    Failing,
    /// The webhook is disabled.
    Disabled,
}

impl HealthState {
    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
            Self::Disabled => "disabled",
        }
    }
}

/// What is known about a receiver that does not take all events, or has not until a moment ago. It is stored with the
/// webhook, which has none while its receiver is healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Counts the changes: whoever writes the next one has seen this one.
    pub change: u64,
    /// The state; never [`HealthState::Disabled`], which the webhook says.
    pub state: HealthState,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// When the first attempt failed after which none has succeeded, as far as that is known; absent if the last known attempt
    /// has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// How many attempts have failed since then, as far as they were counted.
    pub failures: u32,
    /// When an attempt last succeeded, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// Why the attempt failed after which the state was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonCode>,
    /// What holds events back; absent if nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circuit: Option<Circuit>,
}

/// What holds back the events of a receiver that takes none, or takes some again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Circuit {
    /// Only probes are sent, one at a time: events whose success would show that the receiver takes events again.
    Open {
        /// When it was opened.
        opened_at: Timestamp,
        /// When the next probe may begin.
        probe_at: Timestamp,
        /// When the last probe began, if its result is not known yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        probed_at: Option<Timestamp>,
        /// How many probes have failed.
        probes: u32,
    },
    /// A probe has succeeded, and more and more events are sent at once.
    Ramping {
        /// When it was closed.
        closed_at: Timestamp,
        /// How many probes had failed.
        probes: u32,
        /// When the first attempt had failed after which none succeeded, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed_since: Option<Timestamp>,
    },
}

/// What the lane of a webhook lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// What these limits allow.
    Limits(LaneLimits),
    /// One attempt, for whoever claims it.
    Probe {
        /// When it may begin.
        at: Timestamp,
    },
}

impl Health {
    /// The health with another circuit.
    #[must_use]
    pub fn with(&self, circuit: Circuit) -> Self {
        Self { change: self.change + 1, circuit: Some(circuit), ..self.clone() }
    }

    /// The health while a probe is under way that begins `now` and takes up to `timeout`; `None` if none may begin. If nothing is
    /// heard of the probe, another one may begin after that.
    pub fn probing(&self, now: Timestamp, timeout: Duration) -> Option<Self> {
        match self.circuit? {
            Circuit::Open { opened_at, probe_at, probes, .. } if probe_at <= now => {
                let probe_at = now.plus(timeout + PROBE_MARGIN);
                Some(self.with(Circuit::Open { opened_at, probe_at, probed_at: Some(now), probes }))
            }
            _ => None,
        }
    }

    /// The health after a probe that was claimed has not been made: its event was cancelled, or has ended otherwise. Another one is
    /// due.
    pub fn unprobed(&self, now: Timestamp) -> Option<Self> {
        let Some(Circuit::Open { opened_at, probes, .. }) = self.circuit else { return None };
        Some(self.with(Circuit::Open { opened_at, probe_at: now, probed_at: None, probes }))
    }

    /// The health after the owner has changed the webhook, which may be what the receiver needed: the next probe is due.
    #[must_use]
    pub fn after_edit(self, now: Timestamp) -> Self {
        match self.circuit {
            Some(Circuit::Open { opened_at, .. }) => {
                self.with(Circuit::Open { opened_at, probe_at: now, probed_at: None, probes: 0 })
            }
            _ => self,
        }
    }
}

impl Circuit {
    /// Whether attempts wait in the lane because of it.
    pub fn holds_back(&self, now: Timestamp) -> bool {
        match self {
            Self::Open { .. } => true,
            Self::Ramping { closed_at, .. } => now.since(*closed_at) < RAMP,
        }
    }

    /// How many attempts may be in flight at once: twice as many after each [`RAMP_STEP`].
    fn most(&self, now: Timestamp) -> Option<u32> {
        let Self::Ramping { closed_at, .. } = self else { return None };
        let steps = now.since(*closed_at).as_millis() / RAMP_STEP.as_millis();
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        1_u32.checked_shl(steps).filter(|most| *most > 0 && *most < MAX_IN_FLIGHT)
    }
}

impl WebhookConfig {
    /// The circuit, if it holds events back.
    pub fn circuit(&self, now: Timestamp) -> Option<&Circuit> {
        self.health.as_ref()?.circuit.as_ref().filter(|circuit| circuit.holds_back(now))
    }

    /// Whether a probe is under way, as far as is known.
    pub fn is_probed(&self) -> bool {
        let circuit = self.health.as_ref().and_then(|health| health.circuit);
        matches!(circuit, Some(Circuit::Open { probed_at: Some(_), .. }))
    }

    /// How the receiver does.
    pub fn health_state(&self) -> HealthState {
        match &self.health {
            _ if !self.fields.enabled => HealthState::Disabled,
            Some(health) => health.state,
            None => HealthState::Healthy,
        }
    }

    /// What the owner is to be told about the end of the client certificate.
    pub fn due_certificate_warning(&self, now: Timestamp) -> Option<CertificateWarning> {
        self.certificate.as_ref()?.warning(self.certificate_warning.as_ref(), now)
    }

    /// The longest pause between two probes: half of what an event waits at most, so that not all events fail that come in between.
    pub fn longest_probe_pause(&self) -> Duration {
        (self.fields.longest_delivery() / 2).clamp(LEAST_PROBE_PAUSE, MAX_PROBE_PAUSE)
    }

    /// When the schedule is over for an event that was to be sent first at `due_at`, so that it is not sent any more.
    pub fn outlived_at(&self, due_at: Timestamp) -> Timestamp {
        due_at.plus(self.fields.longest_delivery())
    }
}

impl Gate {
    /// What the lane of a webhook lets through. If the webhook was disabled or deleted, what waits for it waits for nothing.
    pub fn of(config: Option<&WebhookConfig>, now: Timestamp) -> Self {
        let Some(config) = config.filter(|config| config.fields.enabled) else {
            return Self::Limits(LaneLimits::default());
        };
        let without_limits = match config.fields.ordering {
            Some(_) => LaneLimits::ORDERED_WEBHOOK,
            None => LaneLimits::UNLIMITED_WEBHOOK,
        };
        let limits = config.limits(now).unwrap_or(without_limits);
        let limits = match config.circuit(now) {
            Some(Circuit::Open { probe_at, .. }) => return Self::Probe { at: *probe_at },
            Some(ramping) => {
                let most = [limits.max_in_flight, ramping.most(now)].into_iter().flatten().min();
                LaneLimits { max_in_flight: most, ..limits }
            }
            None => limits,
        };
        // A long attempt is handed over to the standard machine and holds no place, so that as many may begin in a second.
        let is_long = config.fields.timeout_seconds > EXPRESS_ATTEMPT_SECS;
        let rate = limits.max_in_flight.filter(|_| is_long);
        let rate = rate.map(|events| RateLimit { events, per: Period::Second, burst: 1 });
        Self::Limits(LaneLimits { rate: limits.rate.or(rate), ..limits })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_767_323_045).unwrap().plus(Duration::from_secs(seconds))
    }

    fn webhook(fields: Value, circuit: Option<Circuit>) -> WebhookConfig {
        let mut config = json!({
            "org_id": "acme", "config_id": "0190a000-0000-7000-8000-00000000000a", "created_at": at(0), "updated_at": at(0),
            "name": "n", "url": "https://example.com/",
        });
        config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let config: WebhookConfig = serde_json::from_value(config).unwrap();
        let health = Health {
            change: 1,
            state: HealthState::Failing,
            since: at(0),
            failing_since: None,
            failures: 1,
            last_success_at: None,
            reason: None,
            circuit,
        };
        WebhookConfig { health: circuit.map(|_| health), ..config }
    }

    #[test]
    fn long_attempts_begin_at_a_rate_because_they_hold_no_place() {
        for (seconds, circuit, expected) in
            [(120, RAMPING(), None), (121, RAMPING(), Some(2)), (121, None, Some(10))]
        {
            let webhook = webhook(json!({"timeout_seconds": seconds}), circuit);
            let Gate::Limits(limits) = Gate::of(Some(&webhook), at(15)) else { panic!("{webhook:?}") };
            let rate = expected.map(|events| RateLimit { events, per: Period::Second, burst: 1 });
            assert_eq!(limits.rate, rate, "{seconds}");
        }
    }

    #[test]
    fn probes_are_no_further_apart_than_half_of_what_events_wait() {
        for (fields, seconds) in [
            (json!({}), 1800),
            (json!({"retry": {"schedule_seconds": [5]}, "timeout_seconds": 5}), 7),
            (json!({"retry": {"schedule_seconds": []}, "timeout_seconds": 1}), 5),
        ] {
            assert_eq!(webhook(fields.clone(), None).longest_probe_pause().as_secs(), seconds, "{fields}");
        }
    }

    const RAMPING: fn() -> Option<Circuit> =
        || Some(Circuit::Ramping { closed_at: at(10), probes: 3, failed_since: None });

    fn open() -> Circuit {
        Circuit::Open { opened_at: at(5), probe_at: at(40), probed_at: None, probes: 2 }
    }

    #[test]
    fn more_and_more_are_sent_at_once_after_a_probe_has_succeeded() {
        for (fields, seconds, expected) in [
            (json!({}), 10, Some(1)),
            (json!({}), 14, Some(1)),
            (json!({}), 15, Some(2)),
            (json!({}), 29, Some(8)),
            (json!({}), 30, Some(10)),
            (json!({"max_in_flight": 5}), 29, Some(5)),
            (json!({"max_in_flight": 500}), 29, Some(8)),
            (json!({"max_in_flight": 1000}), 59, Some(512)),
            (json!({"max_in_flight": 1000}), 60, Some(1000)),
            (json!({}), 69, Some(10)),
            (json!({"max_in_flight": 5}), 70, Some(5)),
            (json!({}), 10_000, Some(10)),
        ] {
            let gate = Gate::of(Some(&webhook(fields.clone(), RAMPING())), at(seconds));
            let limits = LaneLimits { max_in_flight: expected, rate: None };
            assert_eq!(gate, Gate::Limits(limits), "{fields} {seconds}");
        }
    }

    #[test]
    fn an_open_circuit_lets_probes_through_unless_the_webhook_is_disabled() {
        let probe = Gate::Probe { at: at(40) };
        for (fields, expected) in [
            (json!({}), probe),
            (json!({"max_in_flight": 9}), probe),
            (json!({"enabled": false}), Gate::Limits(LaneLimits::default())),
        ] {
            assert_eq!(Gate::of(Some(&webhook(fields.clone(), Some(open()))), at(6)), expected, "{fields}");
        }
        assert_eq!(Gate::of(None, at(6)), Gate::Limits(LaneLimits::default()));
    }

    #[test]
    fn one_probe_is_under_way_at_a_time() {
        let health = webhook(json!({}), Some(open())).health.unwrap();
        let timeout = Duration::from_secs(30);
        assert_eq!(health.probing(at(39), timeout), None);
        let probing = health.probing(at(41), timeout).unwrap();
        let probe_at = at(41 + 30).plus(PROBE_MARGIN);
        let circuit = Circuit::Open { opened_at: at(5), probe_at, probed_at: Some(at(41)), probes: 2 };
        assert_eq!((probing.change, probing.circuit), (2, Some(circuit)));
        assert_eq!(probing.probing(at(60), timeout), None);
        assert!(probing.probing(probe_at, timeout).is_some());
        assert_eq!(webhook(json!({}), RAMPING()).health.unwrap().probing(at(60), timeout), None);
    }

    #[test]
    fn a_webhook_that_its_owner_has_changed_is_probed() {
        let health = webhook(json!({}), Some(open())).health.unwrap().after_edit(at(9));
        let circuit = Circuit::Open { opened_at: at(5), probe_at: at(9), probed_at: None, probes: 0 };
        assert_eq!((health.change, health.circuit), (2, Some(circuit)));
        let ramping = webhook(json!({}), RAMPING()).health.unwrap();
        assert_eq!(ramping.clone().after_edit(at(9)), ramping);
    }
}
