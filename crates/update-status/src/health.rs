//! How the receiver does after an attempt, and who is told (ADR 0049).
//!
//! Attempts are not counted: the last attempts of the latest events are in the table of events, and they are looked at after a
//! failure, and after a success of a receiver that is not healthy. So healthy receivers cost nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookstep_contract::{
    Attempt, Circuit, ConfigId, DetailType, EventMetadata, Health, HealthChange, HealthLook, LastAttempt,
    Outcome, Recent, StoreError, Timestamp, WebhookConfig, WebhookNews, error_chain,
};
use hookstep_store::Partitions;

use crate::{Context, news};

/// How many receivers are remembered: those of other times are forgotten.
const MAX_REMEMBERED: usize = 1000;

/// How often a change is tried that meets another one.
const TRIES: usize = 3;

/// When this process last looked at the health of a receiver.
#[derive(Clone, Debug, Default)]
pub struct Looks(Arc<Mutex<HashMap<ConfigId, Timestamp>>>);

/// What an attempt has changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// What is told about the receiver and the webhook.
    pub(crate) news: Vec<(DetailType, WebhookNews)>,
    /// Why the webhook was disabled, if it was.
    pub(crate) disabled: Option<String>,
}

impl Looks {
    /// Whether it is time to look, which is then noted.
    fn is_due(&self, config_id: ConfigId, every: Duration, now: Timestamp) -> bool {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back says nothing.
        if looks.get(&config_id).is_some_and(|last| *last <= now && now.since(*last) < every) {
            return false;
        }
        if looks.len() >= MAX_REMEMBERED {
            looks.retain(|_, last| now.since(*last) < every);
        }
        looks.insert(config_id, now);
        true
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
    let is_success = attempt.outcome == Outcome::Succeeded;
    let is_new = attempt.outcome.is_of_the_receiver() && (!is_success || look.is_some());
    let now = ctx.sources.now();
    if !is_new
        || (look != Some(HealthLook::Always)
            && !ctx.looks.is_due(event.config_id, ctx.health_rules.look_every, now))
    {
        return Ok(Changed::default());
    }
    let mut changed = Changed::default();
    for _ in 0..TRIES {
        let Some(config) = ctx.configs.latest(&event.org_id, event.config_id).await? else { break };
        if let Some(warning) = config.due_certificate_warning(now)
            && ctx.configs.warn_of_certificate(&config, &warning).await?
        {
            changed.news.push((DetailType::CertificateExpiring, news::of_certificate(&config, ctx)));
        }
        let before = config.health.as_ref();
        let change = change(event, attempt, &config, now, ctx).await?;
        let Some(HealthChange { health, news }) = change else { break };
        let is_stored =
            ctx.configs.change_health(&event.org_id, event.config_id, before, health.as_ref()).await?;
        if !is_stored {
            continue;
        }
        let given_up = health.filter(|health| health.is_given_up(&ctx.health_rules, now));
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

async fn change(
    event: &EventMetadata,
    attempt: &Attempt,
    config: &WebhookConfig,
    now: Timestamp,
    ctx: &Context,
) -> Result<Option<HealthChange>, StoreError> {
    let before = config.health.as_ref();
    let is_open = matches!(before.and_then(|before| before.circuit), Some(Circuit::Open { .. }));
    // After a probe, no other attempt matters.
    let recent = if is_open { Recent::default() } else { recent(event, attempt, config, now, ctx).await? };
    Ok(match (attempt.outcome, before) {
        (Outcome::Succeeded, Some(before)) => before.after_success(attempt, recent, now),
        (Outcome::Succeeded, None) => None,
        _ => Health::after_failure(before, attempt, recent, &ctx.health_rules, now),
    })
}

/// The last attempts, including this one, which a read of the table may not see yet.
async fn recent(
    event: &EventMetadata,
    attempt: &Attempt,
    config: &WebhookConfig,
    now: Timestamp,
    ctx: &Context,
) -> Result<Recent, StoreError> {
    // Of events that were accepted later, few have been attempted if the receiver takes its time.
    let mut attempts = ctx.events.last_attempts(&Partitions::of(config), attempt.started_at).await?;
    let event_id = event.event_id;
    attempts.retain(|attempt| attempt.event_id != event_id);
    let (outcome, number) = (attempt.outcome, attempt.number);
    attempts.push(LastAttempt { event_id, ended_at: now, outcome, number });
    Ok(Recent::of(&attempts, config.health.as_ref(), now))
}

/// Disables a webhook whose receiver has taken nothing for too long; returns the reason if the webhook was not disabled before.
async fn disable(
    event: &EventMetadata,
    health: &Health,
    now: Timestamp,
    ctx: &Context,
) -> Result<Option<String>, StoreError> {
    let days = health.failing_since.map_or(0, |since| now.since(since).as_secs() / (24 * 3600));
    let reason = match days {
        0 => "the receiver has taken no event for too long".to_owned(),
        1 => "the receiver has taken no event for a day".to_owned(),
        days => format!("the receiver has taken no event for {days} days"),
    };
    let is_news = ctx.configs.disable(&event.org_id, event.config_id, &reason, now).await?;
    Ok(is_news.then_some(reason))
}
