//! The event as a CloudEvent, if its webhook wants that.

use hookstep_claims::Claims;
use hookstep_contract::limits::MAX_STRUCTURED_BYTES;
use hookstep_contract::{CloudEvents, CloudEventsMode, ErrorName, EventMetadata, RequestPlan, StepError};

use crate::outgoing::OutgoingBody;
use crate::unsent::Unsent;
use crate::whole::{self, Limit};

const LIMIT: Limit = Limit {
    bytes: MAX_STRUCTURED_BYTES,
    what: "a CloudEvent in structured mode",
    instead: ": binary mode takes any size",
};

/// How the event is put into the body as a whole, if it is.
pub(crate) fn structured(plan: &RequestPlan) -> Option<&CloudEvents> {
    plan.cloud_events.as_deref().filter(|cloud_events| cloud_events.mode == CloudEventsMode::Structured)
}

/// The attributes that headers have in binary mode.
pub(crate) fn headers(
    plan: &RequestPlan,
    event: &EventMetadata,
) -> impl Iterator<Item = (&'static str, String)> {
    let binary =
        plan.cloud_events.as_deref().filter(|cloud_events| cloud_events.mode == CloudEventsMode::Binary);
    let headers = binary.map(|cloud_events| cloud_events.event(event).headers().collect::<Vec<_>>());
    headers.into_iter().flatten()
}

/// The body in the envelope of structured mode. It is decoded first, because the envelope cannot say how it is coded.
pub(crate) async fn envelope(
    cloud_events: &CloudEvents,
    event: &EventMetadata,
    body: &OutgoingBody,
    claims: &Claims,
) -> Result<OutgoingBody, Unsent> {
    let bytes = whole::read(body, event, claims, &LIMIT).await?;
    let envelope = cloud_events.event(event).envelope(&bytes).map_err(|error| {
        StepError::because(ErrorName::InvalidInput, "the event cannot be written as a CloudEvent", error)
    })?;
    Ok(OutgoingBody::Bytes(envelope.into()))
}
