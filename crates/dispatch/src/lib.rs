//! The only door from the bus (docs/adr/0034). An event that names its webhook starts one execution; every other
//! event starts one for each webhook of its org that subscribes to its type (docs/adr/0018).

mod bus_event;
mod context;
mod delivery;
mod direct;
mod subscriptions;

use futures_util::{StreamExt, stream};
use hookstep_contract::StepError;
use serde::Serialize;

pub use bus_event::{BusEvent, PutEvent};
pub use context::Context;

/// The maximum number of executions started concurrently.
const MAX_CONCURRENT_STARTS: usize = 16;

/// How many deliveries were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Dispatched {
    /// At most one for a direct event, and one for each subscribed webhook for every other event.
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
    let fields = event.fields();
    let deliveries = if event.event.detail_type == direct::DETAIL_TYPE {
        let delivery = fields.as_ref().and_then(|fields| direct::delivery(&event, fields));
        if delivery.is_none() {
            // A producer's mistake: nobody can be told, so it is counted (docs/LOGGING.md).
            tracing::warn!(
                metric = "UnaddressedEvents",
                event.id = event.event.id,
                "an event names no webhook"
            );
        }
        match delivery {
            Some(delivery) => vec![direct::spread(delivery, ctx).await?],
            None => Vec::new(),
        }
    } else {
        match &fields {
            Some(fields) => subscriptions::deliveries(&event, fields, ctx).await?,
            None => Vec::new(),
        }
    };
    // Each body is copied for its start alone: a thousand webhooks may subscribe to a large event.
    let starts: Vec<_> = deliveries.into_iter().map(|delivery| delivery.start(ctx)).collect();
    let started: Vec<_> = stream::iter(starts).buffer_unordered(MAX_CONCURRENT_STARTS).collect().await;
    let count = started.len();
    started.into_iter().collect::<Result<(), _>>()?;
    Ok(Dispatched { started: count })
}
