//! The state `FetchConfig`: what a webhook's config means for one event.

use std::time::Duration;

use contract::limits::EXPRESS_ATTEMPT_SECS;
use contract::{
    ErrorName, EventRecord, FetchConfigInput, FetchedConfig, Mode, Plan, RequestPlan, Status, StepError,
    WebhookConfig,
};
use store::{Configs, Events};

/// What the step needs.
#[derive(Clone, Debug)]
pub struct Context {
    /// The table of webhooks.
    pub configs: Configs,
    /// How long the event's record is kept.
    pub retention: Duration,
}

/// Loads the config and answers the delivery plan and the event's record.
///
/// # Errors
/// `ConfigNotFound`, or `StorageUnavailable`.
pub async fn handle(input: FetchConfigInput, ctx: &Context) -> Result<FetchedConfig, StepError> {
    let event = &input.event;
    let config = ctx
        .configs
        .get(&event.org_id, event.config_id)
        .await?
        .ok_or_else(|| StepError::new(ErrorName::ConfigNotFound, "the webhook was deleted"))?;
    let plan = plan(config, event.mode);
    let record = EventRecord::new(event, &input.execution, plan.status, plan.reason.clone(), ctx.retention);
    Ok(FetchedConfig { plan, record: Events::item_as_json(&record)? })
}

fn plan(config: WebhookConfig, mode: Mode) -> Plan {
    let disabled = config.disabled_reason.unwrap_or_else(|| "the webhook is disabled".to_owned());
    let fields = config.fields;
    let (status, reason) =
        if fields.enabled { (Status::InProgress, None) } else { (Status::Skipped, Some(disabled)) };
    // A waiting producer is never handed over: a quick receiver's answer must reach it.
    let timeout_seconds = match mode {
        Mode::Async => fields.timeout_seconds,
        Mode::Sync => fields.timeout_seconds.min(EXPRESS_ATTEMPT_SECS),
    };
    Plan {
        status,
        reason,
        long: timeout_seconds > EXPRESS_ATTEMPT_SECS,
        retry: fields.retry,
        request: RequestPlan {
            url: fields.url,
            method: fields.method,
            headers: fields.headers,
            timeout_seconds,
            revision: config.revision,
        },
    }
}
