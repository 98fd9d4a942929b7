//! What events about a webhook say of it.

use hookstep_contract::{DetailType, Health, HealthState, WebhookConfig, WebhookNews};
use http::Uri;

use crate::Context;

/// How the receiver does after a change, and how it did while it took no events.
pub(crate) fn of_health(
    config: &WebhookConfig,
    health: &Health,
    detail_type: DetailType,
    ctx: &Context,
) -> WebhookNews {
    let state = if detail_type == DetailType::Recovered { HealthState::Healthy } else { health.state };
    WebhookNews { health: state, ..of(config, Some(health), ctx) }
}

/// The webhook that was disabled, and how its receiver did before.
pub(crate) fn of_disabled(config: &WebhookConfig, ctx: &Context) -> WebhookNews {
    of(config, config.health.as_ref(), ctx)
}

/// When the client certificate expires.
pub(crate) fn of_certificate(config: &WebhookConfig, ctx: &Context) -> WebhookNews {
    let certificate_expires_at = config.certificate.as_ref().map(|certificate| certificate.not_after);
    WebhookNews { certificate_expires_at, ..of(config, None, ctx) }
}

fn of(config: &WebhookConfig, health: Option<&Health>, ctx: &Context) -> WebhookNews {
    let page =
        |console: &String| format!("{}/console/webhooks/{}", console.trim_end_matches('/'), config.config_id);
    let url = config.fields.url.parse::<Uri>().ok();
    WebhookNews {
        name: config.fields.name.clone(),
        host: url.and_then(|url| url.host().map(str::to_owned)),
        health: config.health_state(),
        failures: health.map_or(0, |health| health.failures),
        failing_since: health.and_then(|health| health.failing_since),
        last_success_at: health.and_then(|health| health.last_success_at),
        certificate_expires_at: None,
        console_url: ctx.console_url.as_ref().map(page),
    }
}
