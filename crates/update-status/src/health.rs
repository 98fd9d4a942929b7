//! How the receiver does after an attempt, and who is told (ADR 0049).
//!
//! Attempts are not counted in a table: the last attempts of the latest events are in the table of events, and they are looked at
//! after a failure, and after a success of a receiver that is not healthy. So healthy receivers cost nothing. Of a row of failures,
//! each process knows its own part in addition.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookstep_contract::{
    Attempt, Circuit, ConfigId, DetailType, EventMetadata, Health, HealthChange, HealthLook, HealthRules,
    HealthState, LastAttempt, Load, LoadSign, MaxInFlight, Origin, Outcome, Recent, Row, StoreError,
    Timestamp, WebhookConfig, WebhookNews, error_chain,
};
use hookstep_store::Partitions;

use crate::{Context, news};

/// How many receivers that have failed are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// How often a change is tried that meets another one.
const TRIES: usize = 3;

/// What this process remembers of receivers that have failed: the latest events of a webhook may not have been attempted yet, so
/// that they say nothing, and failures go on all the same.
#[derive(Clone, Debug, Default)]
pub struct Looks(Arc<Mutex<HashMap<ConfigId, Seen>>>);

/// What was seen of a receiver.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// When its health was last looked at.
    looked_at: Option<Timestamp>,
    /// The failures that no success has followed.
    row: Row,
}

/// What an attempt has changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// What is told about the receiver and the webhook.
    pub(crate) news: Vec<(DetailType, WebhookNews)>,
    /// The webhook, if it was disabled.
    pub(crate) disabled: Option<WebhookConfig>,
}

impl Looks {
    /// Notes a failure; returns the row that it belongs to, if it is time to look.
    fn failed(&self, config_id: ConfigId, every: Duration, now: Timestamp) -> Option<Row> {
        let mut seen = self.lock();
        // A webhook that is forgotten begins anew.
        if seen.len() >= MAX_REMEMBERED && !seen.contains_key(&config_id) {
            seen.clear();
        }
        let seen = seen.entry(config_id).or_default();
        seen.row = seen.row.longer(now);
        seen.is_due(every, now).then_some(seen.row)
    }

    /// Notes a success; returns whether it is time to look.
    fn succeeded(&self, config_id: ConfigId, every: Duration, now: Timestamp) -> bool {
        match self.lock().get_mut(&config_id) {
            Some(seen) => {
                seen.row = Row::default();
                seen.is_due(every, now)
            }
            None => true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConfigId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn is_due(&mut self, every: Duration, now: Timestamp) -> bool {
        // A clock that was set back says nothing.
        let is_due = self.looked_at.is_none_or(|last| now < last || now.since(last) >= every);
        if is_due {
            self.looked_at = Some(now);
        }
        is_due
    }
}

/// Looks at the health of the receiver after an attempt, if that may say something new, and stores what has changed. A fault of
/// the tables does not hold up the event: the next attempt shows the same.
pub(crate) async fn after_attempt(
    event: &EventMetadata,
    attempt: &Attempt,
    look: Option<HealthLook>,
    ctx: &Context,
) -> Changed {
    let changed = change_health(event, attempt, look, ctx).await;
    changed.unwrap_or_else(|error| {
        let chain = error_chain(&error);
        tracing::error!(webhook.id = %event.config_id, error.chain = chain, "the health of a receiver is not known");
        Changed::default()
    })
}

async fn change_health(
    event: &EventMetadata,
    attempt: &Attempt,
    look: Option<HealthLook>,
    ctx: &Context,
) -> Result<Changed, StoreError> {
    let now = ctx.sources.now();
    let Some(row) = row_to_look_at(event, attempt, look, now, ctx) else { return Ok(Changed::default()) };
    let mut changed = Changed::default();
    for _ in 0..TRIES {
        let config = ctx.configs.latest(&event.org_id, event.config_id).await?;
        // A webhook that is disabled gets nothing, so that there is nothing to say.
        let Some(config) = config.filter(|config| config.fields.enabled) else { break };
        if let Some(warning) = config.due_certificate_warning(now)
            && ctx.configs.warn_of_certificate(&config, &warning).await?
        {
            changed.news.push((DetailType::CertificateExpiring, news::of_certificate(&config, ctx)));
        }
        let before = config.health.as_ref();
        let change = change(Look { event, attempt, row, now }, &config, ctx).await?;
        let Some(HealthChange { health, news }) = change else { break };
        let is_stored =
            ctx.configs.change_health(&event.org_id, event.config_id, before, health.as_ref()).await?;
        if !is_stored {
            continue;
        }
        // Not before a probe has failed as well.
        let was_failing = before.is_some_and(|before| before.state == HealthState::Failing);
        let given_up = health.filter(|health| was_failing && health.is_given_up(&ctx.health_rules, now));
        changed.disabled = match given_up {
            Some(health) => disable(event, &health, now, ctx).await?,
            None => None,
        };
        let news = news
            .map(|(detail_type, health)| (detail_type, news::of_health(&config, &health, detail_type, ctx)));
        changed.news.extend(news);
        break;
    }
    Ok(changed)
}

/// The row of failures that the attempt belongs to, which is empty after a success; `None` if the attempt says nothing new about the
/// receiver, or too soon after another one.
fn row_to_look_at(
    event: &EventMetadata,
    attempt: &Attempt,
    look: Option<HealthLook>,
    now: Timestamp,
    ctx: &Context,
) -> Option<Row> {
    if !attempt.outcome.is_of_the_receiver() {
        return None;
    }
    let (looks, every) = (&ctx.looks, ctx.health_rules.look_every);
    if attempt.outcome != Outcome::Succeeded {
        // Of what is held back, only probes are sent, and each of them counts.
        let every = if look == Some(HealthLook::Always) { Duration::ZERO } else { every };
        return looks.failed(event.config_id, every, now);
    }
    let is_due = looks.succeeded(event.config_id, every, now);
    match look? {
        HealthLook::Always => Some(Row::default()),
        HealthLook::NowAndThen => is_due.then(Row::default),
    }
}

/// An attempt that is looked at, with the row of failures that it belongs to.
#[derive(Clone, Copy)]
struct Look<'a> {
    event: &'a EventMetadata,
    attempt: &'a Attempt,
    row: Row,
    now: Timestamp,
}

async fn change(
    look: Look<'_>,
    config: &WebhookConfig,
    ctx: &Context,
) -> Result<Option<HealthChange>, StoreError> {
    let Look { event, attempt, now, .. } = look;
    let before = config.health.as_ref();
    let is_open = matches!(before.and_then(|before| before.circuit), Some(Circuit::Open { .. }));
    // After a probe, no other attempt matters.
    let recent = if is_open { Recent::default() } else { recent(look, config, ctx).await? };
    let rules = HealthRules { longest_probe_pause: config.longest_probe_pause(), ..ctx.health_rules };
    let change = match (attempt.outcome, before) {
        (Outcome::Succeeded, Some(before)) => before.after_success(attempt, recent, now),
        (Outcome::Succeeded, None) => None,
        // A person's test is not the probe that is under way.
        _ if is_open && event.origin == Origin::Test => None,
        _ => Health::after_failure(before, attempt, recent, &rules, now),
    };
    Ok(change.filter(|change| !is_search(change, attempt, config)))
}

/// Whether a receiver seems degraded because we look for what it takes: that is found by sending too much (ADR 0052).
fn is_search(change: &HealthChange, attempt: &Attempt, config: &WebhookConfig) -> bool {
    let is_degraded = |health: &Health| health.state == HealthState::Degraded;
    config.fields.max_in_flight == Some(MaxInFlight::Auto)
        && change.health.as_ref().is_some_and(is_degraded)
        && Load::of(attempt).is_some_and(|load| load.sign == LoadSign::Refused)
}

/// The last attempts, including this one, which a read of the table may not see yet.
async fn recent(look: Look<'_>, config: &WebhookConfig, ctx: &Context) -> Result<Recent, StoreError> {
    let Look { event, attempt, row, now } = look;
    // Of events that were accepted later, few have been attempted if the receiver takes its time.
    let mut attempts = ctx.events.last_attempts(&Partitions::of(config), attempt.started_at).await?;
    let event_id = event.event_id;
    attempts.retain(|attempt| attempt.event_id != event_id);
    let (outcome, number) = (attempt.outcome, attempt.number);
    attempts.push(LastAttempt { event_id, ended_at: now, outcome, number });
    Ok(Recent::of(&attempts, config.health.as_ref(), now).with(row, now))
}

/// Disables a webhook whose receiver has taken nothing for too long; returns the webhook if it was not disabled before.
async fn disable(
    event: &EventMetadata,
    health: &Health,
    now: Timestamp,
    ctx: &Context,
) -> Result<Option<WebhookConfig>, StoreError> {
    let days = health.failing_since.map_or(0, |since| now.since(since).as_secs() / (24 * 3600));
    let reason = match days {
        0 => "the receiver has taken no event for too long".to_owned(),
        1 => "the receiver has taken no event for a day".to_owned(),
        days => format!("the receiver has taken no event for {days} days"),
    };
    ctx.configs.disable(&event.org_id, event.config_id, &reason, now).await
}
