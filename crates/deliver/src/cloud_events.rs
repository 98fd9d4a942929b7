//! The event as a CloudEvent, if its webhook wants that.

use bytes::Bytes;
use hookstep_claims::{Claims, OpenError};
use hookstep_content_coding::{Codings, Decoded, End};
use hookstep_contract::limits::MAX_STRUCTURED_BYTES;
use hookstep_contract::{
    CloudEvents, CloudEventsMode, ErrorName, EventMetadata, Outcome, PinnedObject, Reason, ReasonCode,
    RequestPlan, StepError,
};

use crate::outgoing::OutgoingBody;
use crate::unsent::Unsent;

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
    body: OutgoingBody,
    claims: &Claims,
) -> Result<OutgoingBody, Unsent> {
    let bytes = match body {
        OutgoingBody::Bytes(bytes) => bytes,
        OutgoingBody::Object(pinned) => read(&pinned, claims).await?,
    };
    let bytes = match &event.content_encoding {
        Some(value) => decode(value, bytes)?,
        None => bytes,
    };
    let envelope = cloud_events.event(event).envelope(&bytes).map_err(|error| {
        StepError::because(ErrorName::InvalidInput, "the event cannot be written as a CloudEvent", error)
    })?;
    Ok(OutgoingBody::Bytes(envelope.into()))
}

async fn read(pinned: &PinnedObject, claims: &Claims) -> Result<Bytes, Unsent> {
    if pinned.size > MAX_STRUCTURED_BYTES as u64 {
        return Err(too_large(format!("the body has {} bytes", pinned.size)));
    }
    match claims.read(pinned).await {
        Ok(body) => Ok(body),
        Err(OpenError::Lost(loss)) => Err(Unsent::failed(Outcome::FailedPayload, loss)),
        Err(OpenError::Unavailable(source)) => Err(StepError::because(
            ErrorName::StorageUnavailable,
            "the claim check could not be read",
            source,
        )
        .into()),
    }
}

fn decode(value: &str, bytes: Bytes) -> Result<Bytes, Unsent> {
    let cannot =
        |detail: String| Unsent::failed(Outcome::FailedPayload, Reason::new(ReasonCode::BodyEncoded, detail));
    let codings = Codings::parse(value).map_err(|error| cannot(error.to_string()))?;
    if codings.is_identity() {
        return Ok(bytes);
    }
    let Decoded { bytes, end } = codings.decode(&bytes, MAX_STRUCTURED_BYTES);
    match end {
        End::Complete => Ok(bytes.into()),
        End::Broken => Err(cannot(format!("the body is not the {value} that its Content-Encoding says"))),
        End::Limit => Err(too_large(format!("the decoded body has more than {MAX_STRUCTURED_BYTES} bytes"))),
    }
}

fn too_large(what: String) -> Unsent {
    let detail = format!(
        "{what}, and a CloudEvent in structured mode takes at most {MAX_STRUCTURED_BYTES}: binary mode takes any size"
    );
    Unsent::failed(Outcome::FailedPayload, Reason::new(ReasonCode::BodyTooLarge, detail))
}
