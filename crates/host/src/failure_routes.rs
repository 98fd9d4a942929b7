//! Routes the failure of an execution that cannot be restored to the state of its definition that records all
//! other failures: an attempt is missed, and a bulk replay stops.

use hookstep_asl::{Checkpoint, Json, TaskError};
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
            _ => (EXPRESS, "RecordMissed", delivery(remains)?),
        };
        let checkpoint = Checkpoint {
            state: state.to_owned(),
            input: Json::from(json!({"Error": error.error, "Cause": error.cause})),
            variables: variables.into_iter().map(|(name, value)| (name, value.into())).collect(),
        };
        Some(FailureRoute { machine, checkpoint })
    }
}

/// The variables of a delivery, as far as they are readable: from the checkpoint or, failing that, from the input. The
/// attempt that was to be made is missed, and the event takes its webhook's schedule.
fn delivery(remains: &Remains) -> Option<Vec<(String, Value)>> {
    let at = |value: &Option<Value>, path: &str| value.as_ref()?.pointer(path).cloned();
    let find = |name: &str| {
        at(&remains.checkpoint, &format!("/variables/{name}"))
            .or_else(|| at(&remains.input, &format!("/{name}")))
            .or_else(|| at(&remains.input, &format!("/resume/{name}")))
    };
    let event = find("event")?;
    // An event without its ids has no record that could be updated.
    serde_json::from_value::<EventMetadata>(event.clone()).ok()?;
    let number = find("attempt_number").or_else(|| find("number")).unwrap_or_else(|| json!(1));
    let mut variables = vec![("event".to_owned(), event), ("attempt_number".to_owned(), number)];
    let (payload, plan) = (find("payload"), at(&remains.checkpoint, "/variables/plan"));
    // An event that is taken up again has a record, and one without its body cannot get one.
    let is_recorded = at(&remains.checkpoint, "/variables/recorded").is_some()
        || at(&remains.input, "/resume").is_some()
        || payload.is_none();
    let recorded = is_recorded.then(|| json!(true));
    let others = [("payload", payload), ("plan", plan), ("recorded", recorded)];
    variables.extend(others.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Some(variables)
}
