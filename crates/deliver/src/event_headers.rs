//! The headers whose values are made from the event and its body (ADR 0063).

use std::collections::BTreeMap;

use hookstep_claims::Claims;
use hookstep_contract::limits::MAX_HEADER_BODY_BYTES;
use hookstep_contract::{
    ErrorName, EventMetadata, HeaderFault, HeaderTemplate, JsonLevels, Outcome, Reason, ReasonCode,
    RequestPlan, StepError,
};
use serde_json::value::RawValue;

use crate::outgoing::OutgoingBody;
use crate::unsent::Unsent;
use crate::whole::{self, Limit};

const LIMIT: Limit =
    Limit { bytes: MAX_HEADER_BODY_BYTES, what: "a header that is made from the body", instead: "" };

/// The headers of an attempt. The body is read only if one of them needs it, as it is sent but for the envelope of a CloudEvent.
pub(crate) async fn of(
    plan: &RequestPlan,
    event: &EventMetadata,
    number: u32,
    body: &OutgoingBody,
    claims: &Claims,
) -> Result<BTreeMap<String, String>, Unsent> {
    let mut templates = Vec::with_capacity(plan.event_headers.len());
    for (name, text) in &plan.event_headers {
        let template = HeaderTemplate::parse(text).map_err(|reason| {
            StepError::new(ErrorName::InvalidInput, format!("the header {name} {reason}"))
        })?;
        templates.push((name, template));
    }
    let bytes = if templates.iter().any(|(_, template)| template.reads_body()) {
        Some(whole::read(body, event, claims, &LIMIT).await?)
    } else {
        None
    };
    let json = bytes.as_ref().and_then(|bytes| serde_json::from_slice::<&RawValue>(bytes).ok());
    let (mut headers, mut levels) = (BTreeMap::new(), JsonLevels::default());
    for (name, template) in templates {
        let value = template.value(event, number, json, &mut levels).map_err(|fault| faulty(name, fault))?;
        headers.extend(value.map(|value| (name.to_ascii_lowercase(), value)));
    }
    Ok(headers)
}

/// Names the header and not its value, which may be anything.
fn faulty(name: &str, fault: HeaderFault) -> Unsent {
    let reason = Reason::new(ReasonCode::HeaderFault, format!("the header {name} {fault}"));
    Unsent::failed(Outcome::FailedPayload, reason)
}
