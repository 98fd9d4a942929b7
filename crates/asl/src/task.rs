//! The Task state: arguments, call and result, with `Retry` and `Catch`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::definition::Task;
use crate::error::TaskError;
use crate::event::{Event, EventKind};
use crate::host::Host;
use crate::json::Json;
use crate::retry::{self, Retries};
use crate::scope::{QueryFailure, Scope, Visit};
use crate::step::{Step, evaluated};
use crate::transition::StateOutput;

/// The evaluated parameters of a call.
struct Call {
    arguments: Value,
    text: Json,
    timeout: Option<Duration>,
}

/// Runs a task until it succeeds, is caught or fails.
pub(crate) async fn run<'m>(
    task: &'m Task,
    visit: Visit<'_>,
    host: &impl Host,
) -> Result<Step<'m>, TaskError> {
    let mut retries = Retries::new(&task.retry);
    loop {
        let visit = Visit { retries: retries.count(), ..visit };
        let error = match attempt(task, &visit, host).await {
            Ok(handed_on) => return Ok(Step::new(handed_on, task.next.as_deref())),
            Err(error) => error,
        };
        match retries.next_delay(&error, || host.random()) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return catch(task, &visit, error, host),
        }
    }
}

async fn attempt(task: &Task, visit: &Visit<'_>, host: &impl Host) -> Result<StateOutput, TaskError> {
    let Call { arguments, text, timeout } = evaluated(prepare(task, visit), visit.state, host)?;
    let scheduled = Event::of_state(host.now(), EventKind::TaskScheduled, visit.state);
    host.record(Event { resource: Some(task.resource.clone()), parameters: Some(text), ..scheduled });
    let called = call(&task.resource, arguments, timeout, host).await;
    let checked = called.and_then(|result| {
        let text = Json::limited(&result, "the result", visit.state)?;
        Ok((result, text))
    });
    let (result, text) = match checked {
        Ok(checked) => checked,
        Err(error) => {
            let timed_out = error.error == TaskError::TIMEOUT;
            let kind = if timed_out { EventKind::TaskTimedOut } else { EventKind::TaskFailed };
            host.record(Event::of_state(host.now(), kind, visit.state).with_error(&error));
            return Err(error);
        }
    };
    let succeeded = Event::of_state(host.now(), EventKind::TaskSucceeded, visit.state);
    host.record(Event { output: Some(text.clone()), ..succeeded });
    let handed_on = evaluated(task.transition().take(visit, Some(&result)), visit.state, host)?;
    Ok(StateOutput { output: handed_on.output.or(Some((result, text))), ..handed_on })
}

fn prepare(task: &Task, visit: &Visit<'_>) -> Result<Call, TaskError> {
    let mut expressions = Vec::new();
    task.arguments.collect(&mut expressions);
    expressions.extend(task.timeout_seconds.as_ref().and_then(|setting| setting.expression()));
    let mut scope = Scope::open(visit, None, &expressions);
    let failed = |failure: QueryFailure| failure.in_state(visit.state);
    let arguments =
        task.arguments.evaluate(&mut scope).map_err(|failure| failed(failure.within("Arguments")))?;
    let text = Json::limited(&arguments, "the arguments", visit.state)?;
    let timeout = match &task.timeout_seconds {
        Some(setting) => {
            let seconds = setting.evaluate(&mut scope, "TimeoutSeconds").map_err(failed)?;
            Some(Duration::from_secs(u64::from(seconds.get())))
        }
        None => None,
    };
    Ok(Call { arguments, text, timeout })
}

async fn call(
    resource: &str,
    arguments: Value,
    timeout: Option<Duration>,
    host: &impl Host,
) -> Result<Value, TaskError> {
    let call = host.call(resource, arguments);
    let Some(limit) = timeout else {
        return call.await;
    };
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
        let cause = format!("The task did not finish within {} seconds.", limit.as_secs());
        Err(TaskError::new(TaskError::TIMEOUT, cause))
    })
}

/// The transition that catches the error, or the error itself.
fn catch<'m>(
    task: &'m Task,
    visit: &Visit<'_>,
    error: TaskError,
    host: &impl Host,
) -> Result<Step<'m>, TaskError> {
    let mut catchers = task.catch.iter().enumerate();
    let Some((index, catcher)) = catchers.find(|(_, catcher)| retry::matches(&catcher.error_equals, &error))
    else {
        return Err(error);
    };
    let error_output = json!({"Error": error.error, "Cause": error.cause});
    let handed_on = evaluated(catcher.transition(index).take(visit, Some(&error_output)), visit.state, host)?;
    let output = match handed_on.output {
        Some(output) => output,
        None => {
            let text = Json::limited(&error_output, "the error output", visit.state)?;
            (error_output, text)
        }
    };
    Ok(Step::new(StateOutput { output: Some(output), ..handed_on }, Some(&catcher.next)))
}
