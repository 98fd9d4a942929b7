//! The event bus of this machine: `PutEvents`, and what the rules of `infra/template.yaml` do with an event.

use std::sync::{Arc, OnceLock};

use hookstep_ambient::Sources;
use hookstep_contract::{StepError, Timestamp, error_chain};
use hookstep_dispatch::BusEvent;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::machines::Kind;
use crate::states::States;
use crate::wire::{Answer, Reply, read};

/// The bus by name: that of a deployment whose stack has the usual name.
pub(crate) const NAME: &str = "hookstep";

/// The same bus as AWS calls the one that needs no name.
const DEFAULT: &str = "default";

/// The detail type that the rule for direct events matches.
const TRIGGER: &str = "Webhook Trigger";

/// EventBridge's own limits of one call.
const MOST_ENTRIES: usize = 10;
const MOST_BYTES: usize = 1024 * 1024;

/// The bus.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    pub(crate) states: States,
    pub(crate) sources: Sources,
    /// Which machine the rule for direct events starts.
    pub(crate) machine: Kind,
    /// What the rule for all other events calls; set once it is there.
    pub(crate) dispatch: Arc<OnceLock<hookstep_dispatch::Context>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRequest {
    entries: Vec<Entry>,
}

/// An event that is put; AWS has more fields, which change nothing here.
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

/// Why an entry is not taken: EventBridge's name for it, and its words.
type Refused = (&'static str, String);

impl Bus {
    /// Runs `PutEvents` of the service's JSON protocol. An event is on disk when it is answered.
    pub(crate) async fn put(&self, request: &[u8]) -> Reply {
        self.answer(request).await.into()
    }

    async fn answer(&self, request: &[u8]) -> Answer {
        let PutRequest { entries } = read(request)?;
        if entries.is_empty() || entries.len() > MOST_ENTRIES {
            let message = format!("a call takes 1 to {MOST_ENTRIES} entries");
            return Err(("ValidationException", message));
        }
        let bytes: usize = entries.iter().map(Entry::bytes).sum();
        if bytes > MOST_BYTES {
            let message = "Total size of the entries in the request is over the limit.".to_owned();
            return Err(("ValidationException", message));
        }
        let (mut answers, mut failed) = (Vec::new(), 0);
        for entry in entries {
            answers.push(match self.take(&entry).await {
                Ok(id) => json!({"EventId": id}),
                Err((name, message)) => {
                    failed += 1;
                    json!({"ErrorCode": name, "ErrorMessage": message})
                }
            });
        }
        Ok(json!({"FailedEntryCount": failed, "Entries": answers}))
    }

    /// Takes one event and starts what is to become of it; answers its id.
    async fn take(&self, entry: &Entry) -> Result<String, Refused> {
        entry.check()?;
        let id = (self.sources.new_id)().to_string();
        if entry.detail_type == TRIGGER {
            self.start(&id, entry).await?;
        } else {
            self.dispatch(&id, entry).await?;
        }
        Ok(id)
    }

    /// What Lambda does with an event of the rule for subscriptions. It would try again; here, whoever puts it is told.
    async fn dispatch(&self, id: &str, entry: &Entry) -> Result<(), Refused> {
        let ctx = self.dispatch.get().ok_or_else(starting)?;
        let event = BusEvent {
            id: id.to_owned(),
            accepted_at: Timestamp::new((self.sources.clock)()),
            detail_type: entry.detail_type.clone(),
            detail: serde_json::from_str(&entry.detail).map_err(|_| malformed())?,
        };
        // Boxed: what it starts may put events on the bus itself.
        let dispatched = Box::pin(hookstep_dispatch::handle(event, ctx)).await;
        dispatched.map(drop).map_err(|error: StepError| {
            tracing::error!(error.chain = error_chain(&error), "an event could not be dispatched");
            ("InternalFailure", format!("not every delivery was started: {}", error.message))
        })
    }

    /// What the target's input transformer hands to the state machine.
    async fn start(&self, id: &str, entry: &Entry) -> Result<(), Refused> {
        let detail: &RawValue = serde_json::from_str(&entry.detail).map_err(|_| malformed())?;
        let accepted_at = Timestamp::new((self.sources.clock)());
        let input = json!({"id": id, "accepted_at": accepted_at});
        let mut input = input.to_string();
        // As it was put: parsing it again could change its numbers.
        input.truncate(input.len() - 1);
        let input = format!("{{\"event_bridge\":{input},\"detail\":{}}}}}", detail.get());
        let engine = self.states.engine().ok_or_else(starting)?;
        // EventBridge would take it, and its rule could not start anything: here, whoever puts it is told.
        let started = engine.start(&self.machine.arn(), id, input).await;
        started.map(drop).map_err(|error| ("InternalFailure", format!("the event starts nothing: {error}")))
    }
}

impl Entry {
    /// How EventBridge counts it.
    fn bytes(&self) -> usize {
        self.source.len() + self.detail_type.len() + self.detail.len()
    }

    fn check(&self) -> Result<(), Refused> {
        for (name, value) in
            [("Source", &self.source), ("DetailType", &self.detail_type), ("Detail", &self.detail)]
        {
            if value.is_empty() {
                let message =
                    format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
                return Err(("InvalidArgument", message));
            }
        }
        if self.source.starts_with("aws.") {
            return Err(("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()));
        }
        // `arn:aws:events:us-east-1:000000000000:event-bus/hookstep`, or only the name.
        let bus = self.event_bus_name.as_deref().unwrap_or(DEFAULT);
        if ![NAME, DEFAULT].contains(&bus.rsplit('/').next().unwrap_or(bus)) {
            return Err(("InvalidArgument", format!("Event bus {bus} does not exist.")));
        }
        match serde_json::from_str(&self.detail) {
            Ok(Value::Object(_)) => Ok(()),
            _ => Err(malformed()),
        }
    }
}

fn starting() -> Refused {
    ("InternalFailure", "the host is starting".to_owned())
}

fn malformed() -> Refused {
    ("MalformedDetail", "Detail is malformed.".to_owned())
}
