//! Lets schedules start what the template's schedules start, by the clock and with their roles.
#![expect(clippy::unwrap_used, reason = "a schedule that cannot be made fails the test")]

use aws_sdk_scheduler::types::{ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target};

use super::stack::Stack;
use crate::aws::cases::Engine;
use crate::world::until;

/// Starts the express machine as a retry does, and `reconcile` as its own schedule does.
pub(super) async fn start_their_targets(stack: &Stack) {
    let (_, retries) = stack.schedules();
    let express = format!("{}:live", stack.resource("ExpressStateMachine"));
    let role = format!("arn:aws:iam::000000000000:role/{}", stack.resource("SchedulerRole"));
    // The machine refuses this input, which is no matter here.
    let retry = Target::builder().arn(express).role_arn(role).input("{}").build().unwrap();
    start(stack, &retries, retry).await;
    start_reconcile(stack).await;
}

/// Starts `reconcile`, with the target of its schedule.
pub(super) async fn start_reconcile(stack: &Stack) {
    start_upkeep(stack, "ReconcileSchedule").await;
}

/// Starts a function that runs every five minutes, with the target of its schedule.
pub(super) async fn start_upkeep(stack: &Stack, schedule: &str) {
    let (schedules, _) = stack.schedules();
    let (upkeep, name) = (stack.resource("Upkeep"), stack.resource(schedule));
    let found = schedules.get_schedule().group_name(upkeep).name(name).send().await.unwrap();
    assert_eq!(found.schedule_expression(), Some("rate(5 minutes)"));
    start(stack, upkeep, found.target().unwrap().clone()).await;
}

async fn start(stack: &Stack, group: &str, target: Target) {
    let (schedules, _) = stack.schedules();
    let name = (hookstep_ambient::Sources::system().new_id)().to_string();
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap();
    let make = schedules.create_schedule().name(&name).group_name(group).target(target);
    let make = make.schedule_expression("at(2026-01-01T00:00:00)").flexible_time_window(window);
    make.action_after_completion(ActionAfterCompletion::Delete).send().await.unwrap();
    let get = || schedules.get_schedule().group_name(group).name(&name).send();
    until("the schedule has started its target", async || get().await.is_err()).await;
}
