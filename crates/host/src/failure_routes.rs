//! Routes the failure of an execution that cannot be restored to the state of its definition that records all
//! other failures, so that the event ends, its webhook is notified, and the alarm is raised.

use hookstep_asl::{Checkpoint, TaskError};
use hookstep_contract::EventMetadata;
use hookstep_engine::{FailureRoute, FailureRoutes, Remains};
use serde_json::{Value, json};

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
        .or_else(|| at(&remains.input, "/resume/event"))?;
    // An event without its ids has no record that could be updated.
    serde_json::from_value::<EventMetadata>(event.clone()).is_ok().then_some(event)
}
