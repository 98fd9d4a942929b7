//! When a receiver counts as degraded, failing or healthy, and when its circuit is opened and closed (ADR 0049). Pure.

use std::time::Duration;

use crate::limits::{
    DEGRADED_FAILURES, DEGRADED_PERCENT, DISABLE_AFTER, FAILING_FAILURES, FAILING_FOR, FEW_FAILURES,
    FEW_FAILURES_FOR, FIRST_PROBE_AFTER, HEALTH_LOOK, HEALTH_WINDOW, HEALTHY_PERCENT, MAX_PROBE_PAUSE, RAMP,
    days,
};
use crate::{Attempt, Circuit, DetailType, EventId, Health, HealthState, Outcome, Timestamp};

/// The rules that a deployment may have otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthRules {
    /// For how long at least no attempt has succeeded when a receiver counts as failing: [`FAILING_FOR`], or less in a test.
    pub failing_for: Duration,
    /// How often a process looks at the health of the same receiver at most: [`HEALTH_LOOK`], or always in a test.
    pub look_every: Duration,
    /// How long after its circuit was opened a receiver is probed: [`FIRST_PROBE_AFTER`], or less in a test.
    pub first_probe_after: Duration,
    /// The longest pause between two probes: [`MAX_PROBE_PAUSE`], or less for a webhook with a short retry schedule.
    pub longest_probe_pause: Duration,
    /// After how long without a success a webhook is disabled; `None` for never.
    pub disable_after: Option<Duration>,
}

impl Default for HealthRules {
    fn default() -> Self {
        Self {
            failing_for: FAILING_FOR,
            look_every: HEALTH_LOOK,
            first_probe_after: FIRST_PROBE_AFTER,
            longest_probe_pause: MAX_PROBE_PAUSE,
            disable_after: Some(DISABLE_AFTER),
        }
    }
}

impl HealthRules {
    /// The usual rules, with which a webhook is disabled after so many days without a success, or never if that is 0.
    pub fn with_days(disable_after: u16) -> Self {
        let disable_after = (disable_after > 0).then(|| days(disable_after.into()));
        Self { disable_after, ..Self::default() }
    }
}

/// The last attempt of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastAttempt {
    /// The event.
    pub event_id: EventId,
    /// When the attempt ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Its number.
    pub number: u32,
}

/// What the last attempts of some events of a webhook say about its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// How many attempts have failed since one last succeeded.
    pub failures: u32,
    /// When the first of the last attempts failed after which none has succeeded.
    pub failing_since: Option<Timestamp>,
    /// When an attempt last succeeded.
    pub last_success_at: Option<Timestamp>,
    /// How many of the last attempts have failed in [`HEALTH_WINDOW`].
    failed: u32,
    /// How many of the last attempts have ended in [`HEALTH_WINDOW`].
    ended: u32,
}

/// Failures that no success has followed, as one process has seen them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    failures: u32,
    since: Option<Timestamp>,
}

impl Row {
    /// The row with one more failure.
    #[must_use]
    pub fn longer(self, now: Timestamp) -> Self {
        Self { failures: self.failures.saturating_add(1), since: self.since.or(Some(now)) }
    }
}

/// A change of a receiver's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthChange {
    /// What is to be stored; `None` if the receiver is healthy.
    pub health: Option<Health>,
    /// What the owner is told, with this health.
    pub news: Option<(DetailType, Health)>,
}

impl Outcome {
    /// Whether the receiver is to blame, and not the event or the platform.
    pub fn is_of_the_receiver(self) -> bool {
        match self {
            Self::Succeeded
            | Self::FailedHttp
            | Self::FailedTimeout
            | Self::FailedUnreachable
            | Self::Refused
            | Self::FailedAuth => true,
            Self::FailedPayload | Self::FailedPlatform => false,
        }
    }
}

impl Recent {
    /// What these attempts say `now`, after what was known `before`.
    pub fn of(attempts: &[LastAttempt], before: Option<&Health>, now: Timestamp) -> Self {
        let attempts = || attempts.iter().filter(|attempt| attempt.outcome.is_of_the_receiver());
        let is_success = |attempt: &&LastAttempt| attempt.outcome == Outcome::Succeeded;
        let last_success_at = attempts().filter(is_success).map(|attempt| attempt.ended_at).max();
        let last_success_at = last_success_at.max(before.and_then(|before| before.last_success_at));
        let mut recent = Self { last_success_at, ..Self::default() };
        for attempt in attempts() {
            let is_success = is_success(&attempt);
            if now.since(attempt.ended_at) <= HEALTH_WINDOW {
                recent.ended += 1;
                recent.failed += u32::from(!is_success);
            }
            if is_success || Some(attempt.ended_at) <= last_success_at {
                continue;
            }
            // Of an event that was accepted before the success, only the last attempt surely came after it.
            let all_are_later =
                last_success_at.is_none_or(|success| success < attempt.event_id.accepted_at());
            let failures = if all_are_later { attempt.number } else { 1 };
            recent.failures = recent.failures.saturating_add(failures);
            recent.failing_since =
                Some(recent.failing_since.map_or(attempt.ended_at, |since| since.min(attempt.ended_at)));
        }
        match before.and_then(|before| Some((before.failures, before.failing_since?))) {
            // The row goes on that was known before.
            Some((failures, since)) if last_success_at < Some(since) => Self {
                failing_since: Some(recent.failing_since.map_or(since, |recent| recent.min(since))),
                failures: recent.failures.max(failures),
                ..recent
            },
            _ => recent,
        }
    }

    /// The same, with the row of failures that a process has seen. The latest events of a webhook may not have been attempted yet:
    /// they are delayed or wait in a lane, or a filter lets few of them pass.
    #[must_use]
    pub fn with(self, row: Row, now: Timestamp) -> Self {
        let Some(since) = row.since.filter(|since| self.last_success_at < Some(*since)) else { return self };
        let in_window = if now.since(since) <= HEALTH_WINDOW { row.failures } else { 1 };
        let failed = self.failed.max(in_window);
        Self {
            failures: self.failures.max(row.failures),
            failing_since: Some(self.failing_since.map_or(since, |recent| recent.min(since))),
            failed,
            ended: self.ended.max(failed),
            ..self
        }
    }

    fn has_failed_by(&self, percent: u32) -> bool {
        self.failed > 0 && self.failed * 100 >= self.ended * percent
    }

    fn is_degraded(&self) -> bool {
        self.has_failed_by(DEGRADED_PERCENT)
            && (self.failures >= FEW_FAILURES || self.failed >= DEGRADED_FAILURES)
    }

    fn is_failing(&self, now: Timestamp, rules: &HealthRules) -> bool {
        let Some(since) = self.failing_since else { return false };
        let failing_for = now.since(since);
        (self.failures >= FAILING_FAILURES && failing_for >= rules.failing_for)
            || (self.failures >= FEW_FAILURES && failing_for >= FEW_FAILURES_FOR)
    }
}

impl Health {
    /// What an attempt changes that the receiver did not take; `None` if nothing. `recent` includes that attempt.
    pub fn after_failure(
        before: Option<&Self>,
        attempt: &Attempt,
        recent: Recent,
        rules: &HealthRules,
        now: Timestamp,
    ) -> Option<HealthChange> {
        let circuit = before.and_then(|before| before.circuit).filter(|circuit| circuit.holds_back(now));
        let failed_probes = match (before, circuit) {
            (Some(before), Some(Circuit::Open { .. })) => {
                return before.after_failed_probe(attempt, rules, now);
            }
            // What began before is no answer to the ramp.
            (_, Some(Circuit::Ramping { closed_at, .. })) if attempt.started_at < closed_at => return None,
            (_, Some(Circuit::Ramping { probes, .. })) => Some(probes),
            _ => None,
        };
        let is_down = failed_probes.is_some() && recent.failures >= FEW_FAILURES;
        let state = if is_down || recent.is_failing(now, rules) {
            HealthState::Failing
        } else if recent.is_degraded() {
            HealthState::Degraded
        } else {
            return None;
        };
        if before.is_some_and(|before| state <= before.state) {
            return None;
        }
        let (news, circuit) = match state {
            HealthState::Failing => (
                DetailType::Failing,
                Some(rules.opened(failed_probes.map_or(0, |failed| failed.saturating_add(1)), now)),
            ),
            // Whoever is degraded while the events ramp up still ramps up.
            _ => (DetailType::Degraded, circuit),
        };
        let health = Self {
            // Not 1: whoever has seen an earlier health of the webhook, which was removed, must not take this one for it.
            change: before.map_or(now.unix_millis().unsigned_abs(), |before| before.change + 1),
            state,
            since: now,
            failing_since: recent.failing_since,
            failures: recent.failures,
            last_success_at: recent.last_success_at,
            reason: attempt.reason.as_ref().map(|reason| reason.code),
            circuit,
        };
        Some(HealthChange { news: Some((news, health.clone())), health: Some(health) })
    }

    /// What a failure changes while the circuit is open: nothing, if the attempt was no probe. It has begun before the circuit was
    /// opened, and says nothing new.
    fn after_failed_probe(
        &self,
        attempt: &Attempt,
        rules: &HealthRules,
        now: Timestamp,
    ) -> Option<HealthChange> {
        let Some(Circuit::Open { opened_at, probed_at, probes, .. }) = self.circuit else { return None };
        probed_at.filter(|probed_at| attempt.started_at >= *probed_at)?;
        let probes = probes.saturating_add(1);
        let probe_at = now.plus(rules.probe_pause(probes));
        let circuit = Circuit::Open { opened_at, probe_at, probed_at: None, probes };
        let reason = attempt.reason.as_ref().map(|reason| reason.code);
        let failures = self.failures.saturating_add(1);
        Some(HealthChange::silent(Self { failures, reason, ..self.with(circuit) }))
    }

    /// What an attempt changes that the receiver took; `None` if nothing. `recent` includes that attempt.
    pub fn after_success(&self, attempt: &Attempt, recent: Recent, now: Timestamp) -> Option<HealthChange> {
        let healthy = |circuit| Self {
            change: self.change + 1,
            state: HealthState::Healthy,
            since: now,
            failing_since: None,
            failures: 0,
            last_success_at: Some(now),
            reason: None,
            circuit,
        };
        match self.circuit {
            Some(Circuit::Open { opened_at, probes, .. }) => (attempt.started_at >= opened_at).then(|| {
                let failed_since = self.failing_since;
                let health = healthy(Some(Circuit::Ramping { closed_at: now, probes, failed_since }));
                HealthChange { health: Some(health), news: Some((DetailType::Recovered, self.clone())) }
            }),
            Some(Circuit::Ramping { closed_at, .. }) if now.since(closed_at) < RAMP => None,
            _ if self.state == HealthState::Healthy => Some(HealthChange { health: None, news: None }),
            _ if !recent.has_failed_by(HEALTHY_PERCENT) => {
                Some(HealthChange { health: None, news: Some((DetailType::Recovered, self.clone())) })
            }
            _ if self.failing_since.is_some() => Some(HealthChange::silent(Self {
                change: self.change + 1,
                failing_since: None,
                failures: 0,
                last_success_at: Some(now),
                ..self.clone()
            })),
            _ => None,
        }
    }

    /// Whether the webhook is to be disabled, if the receiver has failed again.
    pub fn is_given_up(&self, rules: &HealthRules, now: Timestamp) -> bool {
        let failing_for = self.failing_since.map(|since| now.since(since));
        let longest = rules.disable_after.filter(|_| self.state == HealthState::Failing);
        failing_for.zip(longest).is_some_and(|(failing_for, longest)| failing_for >= longest)
    }
}

impl HealthChange {
    fn silent(health: Health) -> Self {
        Self { health: Some(health), news: None }
    }
}

impl HealthRules {
    /// The circuit of a receiver that has just been found failing, after so many failed probes.
    fn opened(&self, probes: u32, now: Timestamp) -> Circuit {
        Circuit::Open {
            opened_at: now,
            probe_at: now.plus(self.probe_pause(probes)),
            probed_at: None,
            probes,
        }
    }

    /// How long after so many failed probes the next one comes: twice as long after each.
    fn probe_pause(&self, probes: u32) -> Duration {
        self.first_probe_after
            .saturating_mul(1_u32.checked_shl(probes).unwrap_or(u32::MAX))
            .min(self.longest_probe_pause)
    }
}

#[cfg(test)]
mod tests;
