//! Where the failure of an execution is recorded that cannot be restored: in the state of its definition that records every
//! other failure, so that the event ends, its webhook hears of it, and the alarm rings.

use hookstep_asl::{Checkpoint, TaskError};
use hookstep_contract::EventMetadata;
use hookstep_engine::{FailureRoute, FailureRoutes, Remains};
use serde_json::{Value, json};

use crate::machines::{EXPRESS, STANDARD};

/// The failure routes of the product's state machines.
pub(crate) struct ProductFailureRoutes;

impl FailureRoutes for ProductFailureRoutes {
    fn route(&self, remains: &Remains, error: &TaskError) -> Option<FailureRoute> {
        let input = json!({"Error": error.error, "Cause": error.cause});
        if let Some(event) = event(remains) {
            let variables = [("event".to_owned(), event)].into();
            let checkpoint = Checkpoint { state: "RecordException".to_owned(), input, variables };
            return Some(FailureRoute { machine: EXPRESS, checkpoint });
        }
        let mut replay = find(remains, &["replay"], &["replay"])?.clone();
        replay.as_object_mut()?.insert("failed".to_owned(), error.error.clone().into());
        let variables = [("replay".to_owned(), replay)].into();
        let checkpoint = Checkpoint { state: "StopReplay".to_owned(), input, variables };
        Some(FailureRoute { machine: STANDARD, checkpoint })
    }
}

/// The event that an execution was about.
fn event(remains: &Remains) -> Option<Value> {
    let found =
        find(remains, &["event"], &["event"]).or_else(|| find(remains, &["event"], &["resume", "event"]));
    // Without its ids, nothing can be recorded of it.
    found.filter(|event| serde_json::from_value::<EventMetadata>((*event).clone()).is_ok()).cloned()
}

/// What is under this path in the variables, or else under that path in the input.
fn find<'a>(remains: &'a Remains, in_variables: &[&str], in_input: &[&str]) -> Option<&'a Value> {
    let variables = remains.checkpoint.as_ref().and_then(|checkpoint| checkpoint.get("variables"));
    at(variables, in_variables).or_else(|| at(remains.input.as_ref(), in_input))
}

fn at<'a>(value: Option<&'a Value>, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value?, |value, name| value.get(name))
}
