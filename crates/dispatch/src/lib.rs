//! Events of the bus that name no webhook: for each of them, one execution for every webhook of the org that subscribes to
//! its type (docs/adr/0018).

mod context;

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{
    Claim, ConfigId, ErrorName, EventId, EventMetadata, Mode, OrgId, Origin, StepError, Timestamp,
    WorkflowInput, is_traceparent, subscribes,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use context::Context;

/// How many executions are started at once.
const AT_ONCE: usize = 16;

/// An event of the bus, as the rule's input transformer hands it on.
#[derive(Debug, Deserialize)]
pub struct BusEvent {
    /// The bus's own id of it.
    pub id: String,
    /// When the bus took it.
    pub accepted_at: Timestamp,
    /// What kind of event it is.
    pub detail_type: String,
    /// What is delivered: the bytes as the bus hands them on.
    pub detail: Box<RawValue>,
}

/// The detail's fields, of which three say something of its delivery. All the rest is the product's.
type Envelope = BTreeMap<String, Box<RawValue>>;

/// How many deliveries were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Dispatched {
    /// One for each webhook that subscribes.
    pub started: usize,
}

/// Starts the deliveries of an event.
///
/// Every one is tried. Should one not be started, the event is dispatched again as a whole, and those that were started
/// deliver once all the same, for their ids are the same.
///
/// # Errors
/// `StorageUnavailable`, or `WorkflowUnavailable` when at least one delivery could not be started.
pub async fn handle(event: BusEvent, ctx: &Context) -> Result<Dispatched, StepError> {
    let envelope: Option<Envelope> = serde_json::from_str(event.detail.get()).ok();
    let org_id = envelope.as_ref().and_then(|envelope| text(envelope, "org_id")?.parse::<OrgId>().ok());
    let (Some(envelope), Some(org_id)) = (envelope, org_id) else {
        // Nobody's event: other products may share the bus.
        tracing::debug!(event.id = event.id, "an event without an org");
        return Ok(Dispatched { started: 0 });
    };
    let of_this_type = |event_types: &[String]| subscribes(event_types, &event.detail_type);
    let subscribed = ctx.configs.subscribed(&org_id, of_this_type).await?;
    let starts: Vec<_> =
        subscribed.iter().map(|config_id| start(&event, &envelope, &org_id, *config_id, ctx)).collect();
    let started: Vec<_> = stream::iter(starts).buffer_unordered(AT_ONCE).collect().await;
    let count = started.len();
    started.into_iter().collect::<Result<(), _>>()?;
    Ok(Dispatched { started: count })
}

async fn start(
    event: &BusEvent,
    envelope: &Envelope,
    org_id: &OrgId,
    config_id: ConfigId,
    ctx: &Context,
) -> Result<(), StepError> {
    let body = event.detail.get();
    // The bus delivers at least once, and a dispatch that failed in part is repeated: each time, the id is the same.
    let parts = [event.id.as_bytes(), config_id.0.as_bytes().as_slice()];
    let event_id = EventId::derived(event.accepted_at, &parts);
    let accepted_at = event.accepted_at;
    let metadata = EventMetadata {
        content_type: Some("application/json".to_owned()),
        size: Some(body.len() as u64),
        correlation_id: text(envelope, "correlation_id")
            .filter(|id| (1..=CORRELATION_ID_BYTES).contains(&id.len())),
        traceparent: text(envelope, "traceparent").filter(|trace| is_traceparent(trace)),
        event_type: Some(event.detail_type.clone()),
        ..EventMetadata::new(
            org_id.clone(),
            config_id,
            event_id,
            Origin::EventBridge,
            Mode::Async,
            accepted_at,
        )
    };
    let key = Claim::key_for(org_id, config_id, event_id);
    let payload = ctx.claims.source(&key, Bytes::copy_from_slice(body.as_bytes()), ctx.inline_limit).await?;
    let started = ctx.machines.start(&WorkflowInput { event: metadata, payload }).await;
    started.map_err(|error| {
        StepError::because(ErrorName::WorkflowUnavailable, "a delivery could not be started", error)
    })
}

fn text(envelope: &Envelope, field: &str) -> Option<String> {
    serde_json::from_str(envelope.get(field)?.get()).ok()
}
