//! What is told on the bus of an event that ended. The state machine puts it there.

use hookstep_contract::{
    Attempt, DeliveryDetail, DeliveryEvent, DetailType, EventMetadata, Next, Origin, Status, is_ours,
};

use crate::Context;

/// What is told of an attempt: nothing while there is another to come.
pub(crate) fn attempt(
    event: &EventMetadata,
    attempt: &Attempt,
    next: &Next,
    disabled: Option<&str>,
    ctx: &Context,
) -> Vec<DeliveryEvent> {
    let ended = match next.status {
        Status::Succeeded => Some(DetailType::DeliverySucceeded),
        Status::Failed => Some(DetailType::DeliveryFailed),
        Status::InProgress | Status::Skipped => None,
    };
    let detail = DeliveryDetail {
        outcome: Some(attempt.outcome),
        status_code: attempt.status_code,
        ..DeliveryDetail::of(event, attempt.number, ctx.sources.now())
    };
    let why = DeliveryDetail { reason: disabled.map(str::to_owned), ..detail.clone() };
    let told = [(ended, detail), (disabled.map(|_| DetailType::Disabled), why)];
    told.into_iter().filter_map(|(detail_type, detail)| told_of(event, detail_type?, detail, ctx)).collect()
}

/// What is told of an event for which something of ours stood in the way.
pub(crate) fn exception(
    event: &EventMetadata,
    attempts: u32,
    reason: String,
    ctx: &Context,
) -> Vec<DeliveryEvent> {
    let detail =
        DeliveryDetail { reason: Some(reason), ..DeliveryDetail::of(event, attempts, ctx.sources.now()) };
    told_of(event, DetailType::DeliveryFailed, detail, ctx).into_iter().collect()
}

fn told_of(
    event: &EventMetadata,
    detail_type: DetailType,
    detail: DeliveryDetail,
    ctx: &Context,
) -> Option<DeliveryEvent> {
    // No delivery of what only tells of others, or a webhook that hears of deliveries would hear of its own for ever; and
    // none of a test, for somebody is looking.
    let silent = event.event_type.as_deref().is_some_and(is_ours) || event.origin == Origin::Test;
    let told = detail_type == DetailType::Disabled || !silent;
    (told && ctx.publish.includes(detail_type)).then_some(DeliveryEvent { detail_type, detail })
}
