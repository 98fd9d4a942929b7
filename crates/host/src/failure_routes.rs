//! Routes the failure of an execution that cannot be restored to the state of its definition that records all
//! other failures, so that the event ends, its webhook is notified, and the alarm is raised.

use hookstep_asl::{Checkpoint, TaskError};
use hookstep_contract::{EventId, EventMetadata, Timestamp};
use hookstep_engine::{FailureRoute, FailureRoutes, Remains};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::machines::{EXPRESS, REPLAY, TEST_AUTH};

/// The failure routes of the product's state machines.
pub(crate) struct ProductFailureRoutes;

impl FailureRoutes for ProductFailureRoutes {
    fn route(&self, remains: &Remains, error: &TaskError) -> Option<FailureRoute> {
        let (machine, state, variables) = match remains.machine.as_deref() {
            // The caller that waited for the test is gone, and a test has no record.
            Some(TEST_AUTH) => return None,
            Some(REPLAY) => {
                // The state identifies the replay by the execution's input.
                remains.input.as_ref()?;
                (REPLAY, "StopReplay", Vec::new())
            }
            _ => (EXPRESS, "RecordException", vec![("event".to_owned(), event(remains)?)]),
        };
        let checkpoint = Checkpoint {
            state: state.to_owned(),
            input: json!({"Error": error.error, "Cause": error.cause}),
            variables: variables.into_iter().collect(),
        };
        Some(FailureRoute { machine, checkpoint })
    }
}

/// The event of an execution: from the checkpoint's variables or, failing that, from the input.
fn event(remains: &Remains) -> Option<Value> {
    let at = |value: &Option<Value>, path: &str| value.as_ref()?.pointer(path).cloned();
    let event = at(&remains.checkpoint, "/variables/event")
        .or_else(|| at(&remains.input, "/event"))
        .or_else(|| at(&remains.input, "/resume/event"))
        .or_else(|| event_of_the_bus(remains.input.as_ref()?.get("event_bridge")?))?;
    // An event without its ids has no record that could be updated.
    serde_json::from_value::<EventMetadata>(event.clone()).is_ok().then_some(event)
}

/// The event that the state `Start` would build from a direct
/// event of the bus, with what recording a failure needs.
fn event_of_the_bus(event: &Value) -> Option<Value> {
    let accepted_at: Timestamp = serde_json::from_value(event["accepted_at"].clone()).ok()?;
    let bus_id: Uuid = serde_json::from_value(event["id"].clone()).ok()?;
    Some(json!({
        "event_id": EventId::of_bus(accepted_at, bus_id),
        "org_id": event["detail"]["org_id"], "config_id": event["detail"]["config_id"],
        "origin": "event_bridge", "mode": "async", "created_at": accepted_at,
    }))
}
