//! What events about a webhook say of it.

use hookstep_contract::{
    DetailType, EventMetadata, Health, HealthState, StoreError, WebhookConfig, WebhookNews,
};
use http::Uri;

use crate::Context;

/// How the receiver does after a change, and how it did while it took no events.
pub(crate) fn of_health(
    config: &WebhookConfig,
    health: &Health,
    detail_type: DetailType,
    ctx: &Context,
) -> WebhookNews {
    WebhookNews {
        health: if detail_type == DetailType::Recovered { HealthState::Healthy } else { health.state },
        failures: health.failures,
        failing_since: health.failing_since,
        last_success_at: health.last_success_at,
        ..of(config, ctx)
    }
}

/// The webhook that was disabled; `None` if it was deleted meanwhile.
pub(crate) async fn of_disabled(
    event: &EventMetadata,
    ctx: &Context,
) -> Result<Option<WebhookNews>, StoreError> {
    let config = ctx.configs.latest(&event.org_id, event.config_id).await?;
    Ok(config.map(|config| {
        let health = config.health.clone();
        WebhookNews {
            failures: health.as_ref().map_or(0, |health| health.failures),
            failing_since: health.as_ref().and_then(|health| health.failing_since),
            last_success_at: health.as_ref().and_then(|health| health.last_success_at),
            ..of(&config, ctx)
        }
    }))
}

/// When the client certificate expires.
pub(crate) fn of_certificate(config: &WebhookConfig, ctx: &Context) -> WebhookNews {
    let certificate_expires_at = config.certificate.as_ref().map(|certificate| certificate.not_after);
    WebhookNews { certificate_expires_at, ..of(config, ctx) }
}

fn of(config: &WebhookConfig, ctx: &Context) -> WebhookNews {
    let page =
        |console: &String| format!("{}/console/webhooks/{}", console.trim_end_matches('/'), config.config_id);
    let url = config.fields.url.parse::<Uri>().ok();
    WebhookNews {
        name: config.fields.name.clone(),
        host: url.and_then(|url| url.host().map(str::to_owned)),
        health: config.health_state(),
        failures: 0,
        failing_since: None,
        last_success_at: None,
        certificate_expires_at: None,
        console_url: ctx.console_url.as_ref().map(page),
    }
}
