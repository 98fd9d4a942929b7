//! The host's own faults: tables that answer errors, a full disk, functions that panic, schedules that are refused. Every
//! event that was accepted is delivered all the same.
#![expect(clippy::unwrap_used, reason = "a poisoned plan fails the test")]

use std::panic;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_host::{Options, ServiceError, TableCall, TableGate};
use serde_json::{Value, json};

use crate::world::{self, Answer, Fault, Receiver, World, accepted, until};

/// What happens to the next calls of the tables.
#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    /// How many calls are let through first.
    spared: usize,
    /// How many calls fail after them.
    failing: usize,
    /// Whether only calls fail that write, as on a full disk.
    only_writes: bool,
    /// Whether the calls panic instead.
    panics: bool,
}

/// A gate before the tables, which a test closes for a while.
#[derive(Debug, Default)]
struct Outage(Mutex<Plan>);

impl Outage {
    fn plan(&self, plan: Plan) {
        *self.0.lock().unwrap() = plan;
    }

    /// Whether the next call is one that fails.
    fn takes(&self, operation: &str) -> Option<Plan> {
        let mut plan = self.0.lock().unwrap();
        let reads = matches!(operation, "GetItem" | "BatchGetItem" | "Query" | "Scan");
        if plan.only_writes && reads {
            return None;
        }
        if plan.spared > 0 {
            plan.spared -= 1;
            return None;
        }
        plan.failing = plan.failing.checked_sub(1)?;
        Some(*plan)
    }
}

impl TableGate for Outage {
    fn refuse(&self, call: &TableCall<'_>) -> Option<ServiceError> {
        let plan = self.takes(call.operation)?;
        if plan.panics {
            // A panic of the test's own would count as the death of the host.
            panic::resume_unwind(Box::new("planned by a test"));
        }
        Some(ServiceError::new("InternalServerError", "planned by a test"))
    }
}

/// A host behind a gate. Its retries have no pauses, as the jitter allows, so that no fault is waited for.
async fn gated() -> (World, Arc<Outage>) {
    let outage = Arc::<Outage>::default();
    let gate = outage.clone();
    let world = World::with_options(|options: &mut Options| {
        options.table_gate = Some(gate);
        options.sources = Sources { random: || 0.0, ..Sources::system() };
    })
    .await;
    (world, outage)
}

/// Triggers an event, as often as a producer has to until it is accepted, and waits until nothing runs for it.
async fn trigger_through(world: &World, config_id: &str) -> String {
    let event_id = loop {
        let answer = Answer::to(world.api.triggering(config_id, "", "{}")).await;
        if answer.status == 202 {
            break accepted(&answer);
        }
        assert!(answer.status >= 500, "{answer:?}");
    };
    world.settled(&event_id).await;
    event_id
}

/// How often the receiver was called for this event.
fn calls_for(receiver: &Receiver, event_id: &str) -> usize {
    receiver.seen().iter().filter(|call| call.header("webhook-id") == Some(event_id)).count()
}

/// The number of calls of the tables from a trigger to the end of its event is below this.
const CALLS: usize = 14;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_calls_of_the_tables_fail_for_a_while_the_event_is_delivered_once() {
    let ((world, outage), receiver) = (gated().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    for only_writes in [false, true] {
        for spared in 0..CALLS {
            outage.plan(Plan { spared, failing: 6, only_writes, panics: false });
            let event_id = trigger_through(&world, &config_id).await;
            outage.plan(Plan::default());
            let event = world.api.event(&config_id, &event_id).await;
            let seen = (&event["status"], &event["attempt_count"], calls_for(&receiver, &event_id));
            assert_eq!(seen, (&json!("succeeded"), &json!(1), 1), "after {spared} calls: {event}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_that_outlasts_the_retries_of_a_step_costs_an_attempt_and_no_event() {
    let ((world, outage), receiver) = (gated().await, Receiver::ok().await);
    let fields = json!({"retry": {"schedule_seconds": [1, 1, 1]}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let mut missed = 0;
    for spared in 0..CALLS {
        outage.plan(Plan { spared, failing: 12, ..Plan::default() });
        let event_id = trigger_through(&world, &config_id).await;
        outage.plan(Plan::default());
        let event = world.api.event(&config_id, &event_id).await;
        assert_eq!(event["status"], "succeeded", "after {spared} calls: {event}");
        assert!(calls_for(&receiver, &event_id) >= 1, "after {spared} calls: {event}");
        missed += of_platform(&event);
    }
    assert!(missed >= 2, "{missed} attempts were missed");
}

/// How many attempts a fault of the platform stopped.
fn of_platform(event: &Value) -> usize {
    let attempts = event["attempts"].as_array().unwrap();
    attempts.iter().filter(|attempt| attempt["outcome"] == "failed_platform").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_panics_costs_an_attempt_and_no_event() {
    let ((world, outage), late) = (gated().await, Duration::from_millis(300));
    let receiver = Receiver::answering([world::Reply::status(200).after(late)]).await;
    let fields = json!({"retry": {"schedule_seconds": [1]}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let event_id = world.api.trigger(&config_id, "{}").await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    // The next call is that of `update-status`.
    outage.plan(Plan { failing: 1, panics: true, ..Plan::default() });
    world.settled(&event_id).await;
    let event = world.api.event(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(2)), "{event}");
    assert_eq!(of_platform(&event), 1, "{event}");
    assert_eq!(calls_for(&receiver, &event_id), 2, "at least once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_whose_schedule_is_refused_stays_in_progress() {
    let ((world, _), receiver) = (gated().await, Receiver::answering([world::Reply::status(500)]).await);
    let fields = json!({"retry": {"schedule_seconds": [600]}});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let error = "Scheduler.ServiceQuotaExceededException";
    world.faults.plan(&config_id, Fault { state: "ScheduleRetry", error, times: None });
    let event_id = world.api.trigger(&config_id, "{}").await;
    world.settled(&event_id).await;
    let executions = hookstep_host::executions_of(world.dir.path(), event_id.parse().unwrap()).unwrap();
    assert_eq!(executions.iter().map(|run| &*run.status).collect::<Vec<_>>(), ["FAILED"], "an alarm rings");
    let event = world.api.event(&config_id, &event_id).await;
    assert_eq!(event["status"], "in_progress", "{event}");
    assert!(event["next_attempt_at"].is_string(), "what is overdue after it is taken up again: {event}");
}
