//! The way by the delivery queue. The embedded host has none, so that the usage of the direct way is rewritten: what is counted
//! for each step stays, and the states are those of the definition.

use crate::Outcome;
use crate::counts::{Counts, Execution};

const PUT: &str = "arn:aws:states:::dynamodb:putItem";
const DELETE: &str = "arn:aws:states:::dynamodb:deleteItem";
const SEND: &str = "arn:aws:states:::sqs:sendMessage";

/// The states that follow `IsDeliverable`.
const BEFORE: [&str; 4] = ["JoinLane", "HasLane", "QueueDelivery", "InLane"];

/// The states of the execution that goes on after the attempt.
const AFTER: [&str; 6] = ["Start", "LeaveLane", "WasDelivered", "UpdateStatus", "RouteAfterAttempt", "Done"];

/// A note of less than a kilobyte is written, read consistently and deleted.
const NOTE_WRITES: f64 = 2.0;
const NOTE_READS: f64 = 1.0;

/// The usage of an event whose only attempt is made from the queue instead.
pub(crate) fn instead(mut counts: Counts) -> Outcome<Counts> {
    let (Some(mut first), true) = (counts.executions.pop(), counts.executions.is_empty()) else {
        return Err("a direct delivery is one execution".into());
    };
    let queued_at =
        first.states.iter().position(|state| state == "Deliver").ok_or("nothing was delivered")?;
    first.states.splice(queued_at.., BEFORE.map(str::to_owned));
    first.tasks.truncate(first.tasks.iter().position(|task| task == "deliver").unwrap_or_default());
    first.tasks.extend([PUT, SEND].map(str::to_owned));
    let second = Execution {
        states: AFTER.map(str::to_owned).to_vec(),
        tasks: [DELETE, "update-status"].map(str::to_owned).to_vec(),
        ..first.clone()
    };
    // Beside what an attempt needs, the note is read and an execution is started.
    let deliver = counts.functions.entry("deliver".to_owned()).or_default();
    *deliver.requests.entry("dynamodb".to_owned()).or_default() += 1;
    *deliver.requests.entry("sfn".to_owned()).or_default() += 1;
    counts.executions = vec![first, second];
    counts.write_units += NOTE_WRITES;
    counts.read_units += NOTE_READS;
    Ok(counts)
}
