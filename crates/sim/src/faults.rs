//! Faults of the platform: what stands between the state machine and its tasks, and before the tables.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_asl::{Json, TaskError};
use hookstep_engine::{RunTask, TaskFaults};
use hookstep_host::{ServiceError, TableCall, TableGate};
use hookstep_storage::Snapshot;
use serde_json::Value;
use time::OffsetDateTime;

use crate::aws::Platform;
use crate::ledger::Fault;
use crate::plan::How;
use crate::plants::{self, Planted};
use crate::states::state_of;
use crate::world::World;
use crate::{ambient, aws, doubles, messages, past, throttles};

/// What every error of a simulation says.
pub(crate) const SIMULATED: &str = "simulated";

/// The faults that the tasks of a host meet.
#[derive(Clone, Debug)]
pub(crate) struct PlannedFaults(pub(crate) World);

impl TaskFaults for PlannedFaults {
    fn fail(&self, _: &str, _: &Value) -> Option<TaskError> {
        None
    }

    fn run<'a>(
        &'a self,
        resource: &'a str,
        arguments: Json,
        task: &'a RunTask<'a>,
    ) -> BoxFuture<'a, Result<Json, TaskError>> {
        let world = &self.0;
        async move {
            let state = state_of(resource, &arguments);
            let event = known(world, &arguments);
            if !world.step() {
                return std::future::pending().await;
            }
            let fault = planned(world, state, event);
            let result = match plants::before(world, state, event, &arguments) {
                Planted::Nothing => {
                    met(resource, fault, aws::changed(world, state, event, &arguments), task).await
                }
                Planted::Changed(changed) => met(resource, fault, changed, task).await,
                Planted::Skipped(result) => Ok(result),
                Planted::Twice => met(resource, Some(How::Twice), arguments.clone(), task).await,
            };
            if !world.step() {
                return std::future::pending().await;
            }
            note(world, state, event, &arguments, &result);
            if result.is_ok() {
                doubles::consider(world, state, event, &arguments);
            }
            result.map(|result| plants::after(world, state, event, result))
        }
        .boxed()
    }

    fn cut_off<'a>(&'a self, input: &'a Json, since: OffsetDateTime) -> Option<BoxFuture<'a, ()>> {
        (self.0.scenario().platform == Platform::Aws).then(|| aws::cut_off(&self.0, input, since).boxed())
    }
}

/// The event of a task, by its number. Calls of tables have nothing but its id.
fn known(world: &World, arguments: &Json) -> Option<u32> {
    let text = |path: &[&str]| path.iter().try_fold(arguments, |value, name| value.get(name))?.as_str();
    let number = event_of(arguments);
    let mut state = world.state();
    if let (Some(number), Some(id)) = (number, text(&["Payload", "event", "event_id"])) {
        state.event_ids.insert(id.to_owned(), number);
    }
    let key = || text(&["Item", "sk", "S"]).or_else(|| text(&["Key", "sk", "S"]));
    number.or_else(|| state.event_ids.get(key()?.rsplit('#').next()?).copied())
}

/// The event that a task names, by its number.
fn event_of(arguments: &Json) -> Option<u32> {
    let event = arguments.get("Payload").and_then(|payload| payload.get("event"));
    match event.and_then(|event| event.get("correlation_id")).and_then(Json::as_str) {
        Some(text) => text.strip_prefix("sim-")?.parse().ok(),
        None => number_in(&arguments.to_value()),
    }
}

/// The number of the first event that a value names.
pub(crate) fn number_in(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => {
            let digits = text.split("\"sim-").nth(1).or_else(|| text.strip_prefix("sim-"))?;
            digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        }
        Value::Array(items) => items.iter().find_map(number_in),
        Value::Object(fields) => fields.values().find_map(number_in),
        _ => None,
    }
}

/// The fault that this call of a state is to meet.
fn planned(world: &World, state: &'static str, event: Option<u32>) -> Option<How> {
    let mut shared = world.state();
    let mut counted = |of| {
        let calls = shared.task_calls.entry((state, of)).or_default();
        *calls += 1;
        *calls - 1
    };
    let (of_all, of_event) = (counted(None), event.map_or(0, |event| counted(Some(event))));
    let mut meeting = world.scenario().task_faults.iter().filter(|fault| fault.state == state);
    let how = meeting.find(|fault| {
        let call = if fault.event.is_none() { of_all } else { of_event };
        (fault.event.is_none() || fault.event == event)
            && (fault.call..fault.call.saturating_add(fault.times)).contains(&call)
    });
    let how = how?.how;
    *shared.coverage.entry((state, how.kind())).or_default() += 1;
    shared.ledger.faults.push(Fault { at: ambient::elapsed(), event, of: state.to_owned() });
    drop(shared);
    world.log(event, format!("FAULT: {state} is {how:?}"));
    Some(how)
}

/// Runs a task as far as its fault lets it come.
async fn met(
    resource: &str,
    fault: Option<How>,
    arguments: Json,
    task: &RunTask<'_>,
) -> Result<Json, TaskError> {
    match fault {
        None => task(arguments).await,
        Some(How::Throttled) => Err(throttled(resource)),
        Some(How::Failed) => Err(TaskError::new("States.TaskFailed", SIMULATED)),
        Some(How::Unreadable) => Err(TaskError::new("InvalidInput", SIMULATED)),
        Some(How::Lost) => {
            task(arguments).await?;
            Err(lost(resource))
        }
        Some(How::Twice) => {
            let first = task(arguments.clone()).await;
            task(arguments).await.or(first)
        }
        Some(How::Slow(seconds)) => {
            tokio::time::sleep(Duration::from_secs(seconds.into())).await;
            task(arguments).await
        }
        // The definition's time-out ends it.
        Some(How::Stalled) => std::future::pending().await,
        Some(How::StalledAfter) => {
            let _lost = task(arguments).await;
            std::future::pending().await
        }
    }
}

fn throttled(resource: &str) -> TaskError {
    let name = match service(resource) {
        "lambda" => "Lambda.TooManyRequestsException",
        "dynamodb" => "DynamoDB.ProvisionedThroughputExceededException",
        "events" => "EventBridge.ThrottlingException",
        "states" => "StepFunctions.ThrottlingException",
        "sqs" => "SQS.RequestThrottled",
        _ => "Scheduler.ThrottlingException",
    };
    TaskError::new(name, SIMULATED)
}

/// What is said when an answer does not arrive.
fn lost(resource: &str) -> TaskError {
    let name = match service(resource) {
        "lambda" => "Lambda.SdkClientException",
        "dynamodb" => "DynamoDB.SdkClientException",
        "events" => "EventBridge.SdkClientException",
        "states" => "StepFunctions.SdkClientException",
        "sqs" => "SQS.SdkClientException",
        _ => "Scheduler.SdkClientException",
    };
    TaskError::new(name, SIMULATED)
}

fn service(resource: &str) -> &str {
    let service = resource.rsplit(":::").next().unwrap_or_default();
    service.strip_prefix("aws-sdk:").unwrap_or(service).split(':').next().unwrap_or_default()
}

/// Notes what is recorded of an event.
fn note(world: &World, state: &str, event: Option<u32>, arguments: &Json, result: &Result<Json, TaskError>) {
    let payload = |value: &Json, path: &[&str]| -> Option<String> {
        let found = path.iter().try_fold(value, |value, name| value.get(name))?;
        Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
    };
    match result {
        Err(error) => world.log(event, format!("{state}: {}", error.error)),
        Ok(result) if state == "UpdateStatus" => {
            let status = payload(result, &["Payload", "status"]).unwrap_or_default();
            let number = payload(arguments, &["Payload", "attempt", "number"]).unwrap_or_default();
            let outcome = payload(arguments, &["Payload", "attempt", "outcome"]).unwrap_or_default();
            world.log(event, format!("attempt {number} ({outcome}) is recorded: {status}"));
            if let ("succeeded", Some(id)) = (&*status, payload(arguments, &["Payload", "event", "event_id"]))
            {
                world.state().ledger.succeeded.entry(id).or_insert_with(ambient::elapsed);
            }
        }
        Ok(result) if matches!(state, "RecordMissed" | "EndEvent" | "RecordException") => {
            let status = payload(result, &["Payload", "status"]).unwrap_or_default();
            world.log(event, format!("{state}: {status}"));
        }
        Ok(_) => world.log(event, state),
    }
}

impl TableGate for PlannedFaults {
    fn refuse(&self, call: &TableCall<'_>) -> Option<ServiceError> {
        if self.0.is_dead() {
            return Some(ServiceError::new("InternalServerError", "the host is gone"));
        }
        let of_aws = throttles::refusal(&self.0, call).or_else(|| messages::kept(&self.0, call));
        of_aws.or_else(|| self.fault(call, false))
    }

    fn lose(&self, call: &TableCall<'_>) -> Option<ServiceError> {
        self.fault(call, true)
    }

    fn swallow(&self, call: &TableCall<'_>) -> bool {
        plants::swallows(&self.0, call)
    }

    fn past(&self, call: &TableCall<'_>) -> Option<Arc<Snapshot>> {
        past::seen(&self.0, call)
    }

    /// On AWS, a table does not say whether it has changed.
    fn sees_all_reads(&self) -> bool {
        self.0.scenario().platform == Platform::Aws
    }
}

impl PlannedFaults {
    fn fault(&self, call: &TableCall<'_>, lost: bool) -> Option<ServiceError> {
        let planned = &self.0.scenario().table_faults;
        if !planned.iter().any(|fault| fault.table == call.table) {
            return None;
        }
        let mut state = self.0.state();
        if !state.is_set_up {
            return None;
        }
        let calls = state.table_calls.entry(call.table.to_owned()).or_default();
        // Whether a call is refused is asked first.
        *calls += u32::from(!lost);
        let number = *calls - 1;
        let mut meeting = planned.iter().filter(|fault| fault.table == call.table && fault.lost == lost);
        meeting.find(|fault| (fault.call..fault.call + fault.times).contains(&number))?;
        state.ledger.faults.push(Fault { at: ambient::elapsed(), event: None, of: call.table.to_owned() });
        drop(state);
        let what = if lost { "is LOST" } else { "is REFUSED" };
        self.0.log(None, format!("FAULT: {} of {} {what}", call.operation, call.table));
        Some(ServiceError::new("InternalServerError", SIMULATED))
    }
}
