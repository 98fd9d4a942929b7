//! The local event bus: `PutEvents`. The rules of `infra/template.yaml` are a port.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hookstep_ambient::Sources;
use hookstep_contract::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::connections::ConnectionStore;
use crate::trace;
use crate::transport::JsonService;
use crate::wire::{Answer, Reply, ServiceError, read};

/// The name of the bus, as in a deployment whose stack has the usual name.
pub const BUS_NAME: &str = "hookstep";

/// The bus that AWS uses for requests without a bus name. Here it is the same bus.
const DEFAULT: &str = "default";

/// EventBridge's limits for one call.
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 1024 * 1024;

/// The rules of the bus.
pub trait Rules: Send + Sync + 'static {
    /// Applies the rules to an event. When this returns, everything that the rules started is on disk.
    fn apply(&self, event: TakenEvent) -> BoxFuture<'_, Result<(), RuleError>>;
}

/// An event that the bus has accepted.
#[derive(Clone, Debug)]
pub struct TakenEvent {
    /// The id assigned by the bus.
    pub id: String,
    /// When the bus accepted it.
    pub accepted_at: Timestamp,
    /// Who put it there, in their own words.
    pub source: String,
    /// The event's detail type.
    pub detail_type: String,
    /// The event's detail: a JSON object, byte for byte as in the request.
    pub detail: Box<RawValue>,
}

/// A rule failed. EventBridge would retry; here, the `PutEvents` response reports the failure.
#[derive(Clone, Debug)]
pub struct RuleError {
    /// The error message for the response.
    pub message: String,
}

/// The event bus.
#[derive(Clone)]
pub struct Bus {
    rules: Arc<dyn Rules>,
    sources: Sources,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bus")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRequest {
    entries: Vec<Entry>,
}

/// An entry of the request. AWS has more fields, which make no difference here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    source: String,
    #[serde(default)]
    detail_type: String,
    #[serde(default)]
    detail: String,
    event_bus_name: Option<String>,
}

impl Bus {
    /// Creates a bus with these rules.
    pub fn new(rules: impl Rules, sources: Sources) -> Self {
        Self { rules: Arc::new(rules), sources }
    }

    /// Runs `PutEvents` in the service's JSON protocol. An event is on disk before the response is sent.
    pub async fn put(&self, request: &[u8]) -> Reply {
        self.answer(request).await.into()
    }

    async fn answer(&self, request: &[u8]) -> Answer {
        let PutRequest { entries } = read(request)?;
        if entries.is_empty() || entries.len() > MAX_ENTRIES {
            let message = format!("a call takes 1 to {MAX_ENTRIES} entries");
            return Err(ServiceError::new("ValidationException", message));
        }
        let bytes: usize = entries.iter().map(Entry::bytes).sum();
        if bytes > MAX_BYTES {
            let message = "Total size of the entries in the request is over the limit.";
            return Err(ServiceError::new("ValidationException", message));
        }
        let (mut answers, mut failed) = (Vec::new(), 0);
        for entry in entries {
            answers.push(match self.take(entry).await {
                Ok(id) => json!({"EventId": id}),
                Err(ServiceError { name, message }) => {
                    failed += 1;
                    json!({"ErrorCode": name, "ErrorMessage": message})
                }
            });
        }
        Ok(json!({"FailedEntryCount": failed, "Entries": answers}))
    }

    /// Accepts one event and applies the rules to it. Returns the event's id.
    async fn take(&self, entry: Entry) -> Result<String, ServiceError> {
        entry.check()?;
        let id = (self.sources.new_id)().to_string();
        let event = TakenEvent {
            id: id.clone(),
            accepted_at: self.sources.now(),
            detail: serde_json::from_str(&entry.detail).map_err(|_| malformed())?,
            source: entry.source,
            detail_type: entry.detail_type,
        };
        let applied = self.rules.apply(event).await;
        applied.map(|()| id).map_err(|error| ServiceError::new("InternalFailure", error.message))
    }
}

/// The EventBridge API: the bus and the connections.
pub(crate) struct EventBridge {
    pub(crate) bus: Bus,
    pub(crate) connections: ConnectionStore,
}

impl JsonService for EventBridge {
    async fn call(&self, operation: &str, request: Bytes) -> Reply {
        let answer = match operation {
            "PutEvents" => self.bus.answer(&request).await,
            _ => self.connections.call(operation, &request).await,
        };
        trace::service("events", operation, answer.into())
    }
}

impl Entry {
    /// The event's size as EventBridge counts it.
    fn bytes(&self) -> usize {
        self.source.len() + self.detail_type.len() + self.detail.len()
    }

    fn check(&self) -> Result<(), ServiceError> {
        for (name, value) in
            [("Source", &self.source), ("DetailType", &self.detail_type), ("Detail", &self.detail)]
        {
            if value.is_empty() {
                let message =
                    format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
                return Err(ServiceError::new("InvalidArgument", message));
            }
        }
        if self.source.starts_with("aws.") {
            return Err(ServiceError::new(
                "NotAuthorizedForSourceException",
                "Not authorized for the source.".to_owned(),
            ));
        }
        // `arn:aws:events:us-east-1:000000000000:event-bus/hookstep`, or only the name.
        let bus = self.event_bus_name.as_deref().unwrap_or(DEFAULT);
        if ![BUS_NAME, DEFAULT].contains(&bus.rsplit('/').next().unwrap_or(bus)) {
            return Err(ServiceError::new("InvalidArgument", format!("Event bus {bus} does not exist.")));
        }
        match serde_json::from_str(&self.detail) {
            Ok(Value::Object(_)) => Ok(()),
            _ => Err(malformed()),
        }
    }
}

fn malformed() -> ServiceError {
    ServiceError::new("MalformedDetail", "Detail is malformed.")
}
