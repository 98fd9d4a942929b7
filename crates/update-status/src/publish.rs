//! The events about a finished delivery, which the state machine publishes on the bus.

use hookstep_contract::{
    Attempt, DeliveryDetail, DeliveryEvent, DetailType, EventMetadata, Origin, Reason, ReasonCode, Status,
    WebhookConfig, WebhookNews, is_ours,
};
use hookstep_store::Recorded;

use crate::{Context, news};

/// The events after an attempt: none if a retry follows, or if another attempt determined the status.
pub(crate) fn after_attempt(
    event: &EventMetadata,
    attempt: &Attempt,
    status: Status,
    recorded: Recorded,
    disabled: Option<WebhookConfig>,
    webhook_news: Vec<(DetailType, WebhookNews)>,
    ctx: &Context,
) -> Vec<DeliveryEvent> {
    let ended = match (recorded, status) {
        (Recorded::Superseded { .. }, _)
        | (_, Status::Scheduled | Status::InProgress | Status::Skipped | Status::Recovered) => None,
        (Recorded::Decisive, Status::Succeeded) => Some(DetailType::DeliverySucceeded),
        (Recorded::Decisive, Status::Failed) => Some(DetailType::DeliveryFailed),
    };
    let detail = DeliveryDetail {
        outcome: Some(attempt.outcome),
        status_code: attempt.status_code,
        // A detail may quote the body, the URL or the authorisation server, so only the code is published.
        reason: attempt.reason.as_ref().map(|reason| Reason::of(reason.code)),
        ..DeliveryDetail::of(event, attempt.number, ctx.sources.now())
    };
    let about_webhook: Vec<_> = webhook_news
        .into_iter()
        .map(|(detail_type, news)| {
            (Some(detail_type), DeliveryDetail { webhook: Some(news), ..detail.clone() })
        })
        .collect();
    let about_disabled = disabled.map(|config| {
        let why = config.disabled_reason.clone().unwrap_or_default();
        let reason = Some(Reason::new(ReasonCode::WebhookDisabled, why));
        let webhook = Some(news::of_disabled(&config, ctx));
        (Some(DetailType::Disabled), DeliveryDetail { reason, webhook, ..detail.clone() })
    });
    let all = [(ended, detail)].into_iter().chain(about_webhook).chain(about_disabled);
    all.filter_map(|(detail_type, detail)| published(event, detail_type?, detail, ctx)).collect()
}

/// The event about a delivery that ended without another attempt.
pub(crate) fn without_attempt(
    event: &EventMetadata,
    attempts: u32,
    reason: Reason,
    ctx: &Context,
) -> Vec<DeliveryEvent> {
    let detail =
        DeliveryDetail { reason: Some(reason), ..DeliveryDetail::of(event, attempts, ctx.sources.now()) };
    published(event, DetailType::DeliveryFailed, detail, ctx).into_iter().collect()
}

fn published(
    event: &EventMetadata,
    detail_type: DetailType,
    detail: DeliveryDetail,
    ctx: &Context,
) -> Option<DeliveryEvent> {
    // Deliveries of Hookstep's own events are not published, because that would cause a loop. Nor are test
    // deliveries, because their user is watching.
    let is_silent = event.event_type.as_deref().is_some_and(is_ours) || event.origin == Origin::Test;
    let is_news = detail_type.is_about_the_webhook() || !is_silent;
    (is_news && ctx.publish.includes(detail_type)).then_some(DeliveryEvent { detail_type, detail })
}
