//! Events on the bus that are not addressed to a webhook: each starts one execution for every webhook of the
//! org that subscribes to its type (docs/adr/0018).

mod bus_event;
mod context;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hookstep_contract::{Claim, ErrorName, EventMetadata, StepError, WorkflowInput, subscribes};
use serde::Serialize;

pub use bus_event::BusEvent;
pub use context::Context;

/// The maximum number of executions started concurrently.
const MAX_CONCURRENT_STARTS: usize = 16;

/// How many deliveries were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Dispatched {
    /// One for each subscribed webhook.
    pub started: usize,
}

/// Starts the deliveries of an event.
///
/// All deliveries are tried. If one cannot be started, the whole event is dispatched again; deliveries that
/// were already started still happen only once, because their ids are the same.
///
/// # Errors
/// `StorageUnavailable` if a table or bucket does not respond; `WorkflowUnavailable` if at least one delivery
/// could not be started.
pub async fn handle(event: BusEvent, ctx: &Context) -> Result<Dispatched, StepError> {
    let Some(envelope) = event.envelope() else {
        tracing::debug!(event.id = event.id, "an event without an org");
        return Ok(Dispatched { started: 0 });
    };
    let of_this_type = |event_types: &[String]| subscribes(event_types, &event.detail_type);
    let subscribed = ctx.configs.subscribed(&envelope.org_id, of_this_type).await?;
    let starts: Vec<_> = subscribed
        .into_iter()
        .map(|config_id| start(&event, event.metadata(&envelope, config_id), ctx))
        .collect();
    let started: Vec<_> = stream::iter(starts).buffer_unordered(MAX_CONCURRENT_STARTS).collect().await;
    let count = started.len();
    started.into_iter().collect::<Result<(), _>>()?;
    Ok(Dispatched { started: count })
}

async fn start(event: &BusEvent, metadata: EventMetadata, ctx: &Context) -> Result<(), StepError> {
    let body = Bytes::copy_from_slice(event.detail.get().as_bytes());
    let key = Claim::key_for(&metadata.org_id, metadata.config_id, metadata.event_id);
    let payload = ctx.claims.source(&key, body, ctx.inline_limit).await?;
    let started = ctx.machines.start(&WorkflowInput { event: metadata, payload }).await;
    started.map_err(|error| {
        StepError::because(ErrorName::WorkflowUnavailable, "a delivery could not be started", error)
    })
}
