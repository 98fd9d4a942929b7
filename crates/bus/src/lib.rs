//! Puts Hookstep's own events on the EventBridge bus. Those that say how deliveries ended are put there by the state machine.

use std::error::Error;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use hookstep_ambient::OnDemand;
use hookstep_contract::DetailType;

/// The `source` of the events of Hookstep.
const SOURCE: &str = "hookstep";

/// The bus.
#[derive(Clone, Debug)]
pub struct Bus {
    client: OnDemand<Client>,
    name: String,
}

/// An event was not put on the bus, or nobody knows whether it was.
#[derive(Debug, thiserror::Error)]
#[error("an event could not be put on the bus")]
pub struct NotPut(#[source] Box<dyn Error + Send + Sync>);

impl Bus {
    /// The bus with this name or ARN. `client` is called once, for the first request.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, name: impl Into<String>) -> Self {
        Self { client: OnDemand::new(client), name: name.into() }
    }

    /// Puts an event on the bus. `detail` is a JSON object.
    ///
    /// # Errors
    /// If the bus did not take it, or did not answer.
    pub async fn put(&self, detail_type: DetailType, detail: String) -> Result<(), NotPut> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(detail_type.as_str())
            .detail(detail)
            .build();
        let answer = Box::pin(self.client.put_events().entries(entry).send()).await;
        let answer = answer.map_err(|error| NotPut(error.into()))?;
        let refused = answer.entries().iter().find_map(|entry| entry.error_message());
        refused.map_or(Ok(()), |message| Err(NotPut(message.into())))
    }
}
