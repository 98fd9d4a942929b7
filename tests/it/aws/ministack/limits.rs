//! Checks a limit on executions that ministack does not enforce: there, a state may pass on more than 256
//! KiB.
#![expect(clippy::unwrap_used, reason = "a history that cannot be read fails the test")]

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use hookstep_contract::limits::STATE_DATA_BYTES;

use super::stack::Stack;

/// How many executions the cases of `overdue` fail: one that is out of time, two that are refused what they need, and one of
/// which nothing can be recorded.
const FAILED: u32 = 4;

/// Checks every input and output of every state of every execution so far. Each machine has had executions:
/// the express machine hands over replays, and events were replayed in bulk.
pub(super) async fn hold(stack: &Stack) {
    let (states, mut failed) = (Client::new(&stack.aws), 0);
    for machine in stack.machines() {
        let runs = states.list_executions().state_machine_arn(machine).into_paginator().items().send();
        let runs = runs.collect::<Result<Vec<_>, _>>().await.unwrap();
        assert!(!runs.is_empty(), "{machine} was never started");
        for run in runs {
            let arn = run.execution_arn();
            failed += u32::from(run.status() != &ExecutionStatus::Succeeded);
            assert!(failed <= FAILED, "a case fails an execution: {arn}");
            let history = states
                .get_execution_history()
                .execution_arn(run.execution_arn())
                .into_paginator()
                .items()
                .send();
            let history = history.collect::<Result<Vec<_>, _>>().await.unwrap();
            assert!(history.len() > 2, "{} has no history", run.execution_arn());
            for data in history.iter().flat_map(data) {
                let bytes = data.len();
                assert!(bytes <= STATE_DATA_BYTES, "{bytes} bytes in {}: {data:.200}", run.execution_arn());
            }
        }
    }
    assert_eq!(failed, FAILED, "only the cases of `overdue` fail executions");
}

fn data(event: &HistoryEvent) -> impl Iterator<Item = &str> {
    [
        event.execution_started_event_details().and_then(|details| details.input()),
        event.execution_succeeded_event_details().and_then(|details| details.output()),
        event.state_entered_event_details().and_then(|details| details.input()),
        event.state_exited_event_details().and_then(|details| details.output()),
        event.task_scheduled_event_details().map(|details| details.parameters()),
        event.task_succeeded_event_details().and_then(|details| details.output()),
    ]
    .into_iter()
    .flatten()
}
