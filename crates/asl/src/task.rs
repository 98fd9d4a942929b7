//! The Task state: arguments, call and result, with `Retry` and `Catch`.

use std::sync::Arc;
use std::time::Duration;

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
    arguments: Json,
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

async fn attempt<'m>(
    task: &'m Task,
    visit: &Visit<'_>,
    host: &impl Host,
) -> Result<StateOutput<'m>, TaskError> {
    let Call { arguments, timeout } = evaluated(prepare(task, visit), visit.state, host)?;
    host.record(Event {
        resource: Some(Arc::clone(&task.resource)),
        parameters: Some(arguments.clone()),
        ..Event::of_state(host.now(), EventKind::TaskScheduled, visit.state)
    });
    let called = call(&task.resource, arguments, timeout, host).await;
    let checked = called.and_then(|result| result.within_limit(|| "the result".to_owned(), visit.state));
    let result = match checked {
        Ok(result) => result,
        Err(error) => {
            let timed_out = error.error == TaskError::TIMEOUT;
            let kind = if timed_out { EventKind::TaskTimedOut } else { EventKind::TaskFailed };
            host.record(Event::of_state(host.now(), kind, visit.state).with_error(&error));
            return Err(error);
        }
    };
    let succeeded = Event::of_state(host.now(), EventKind::TaskSucceeded, visit.state);
    host.record(Event { output: Some(result.clone()), ..succeeded });
    let handed_on = evaluated(task.transition().take(visit, Some(&result)), visit.state, host)?;
    Ok(StateOutput { output: handed_on.output.or(Some(result)), ..handed_on })
}

fn prepare(task: &Task, visit: &Visit<'_>) -> Result<Call, TaskError> {
    let scope = Scope { visit, special: None };
    let failed = |failure: QueryFailure| failure.in_state(visit.state);
    let arguments = task.arguments.evaluate(&scope).map_err(|failure| failed(failure.within("Arguments")))?;
    let arguments = arguments.within_limit(|| "the arguments".to_owned(), visit.state)?;
    let timeout = match &task.timeout_seconds {
        Some(setting) => {
            let seconds = setting.evaluate(&scope, "TimeoutSeconds").map_err(failed)?;
            Some(Duration::from_secs(u64::from(seconds.get())))
        }
        None => None,
    };
    Ok(Call { arguments, timeout })
}

async fn call(
    resource: &str,
    arguments: Json,
    timeout: Option<Duration>,
    host: &impl Host,
) -> Result<Json, TaskError> {
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
    let error_output = Json::object([("Error", Json::from(error.error)), ("Cause", Json::from(error.cause))]);
    let handed_on = evaluated(catcher.transition(index).take(visit, Some(&error_output)), visit.state, host)?;
    let output = match handed_on.output {
        Some(output) => output,
        None => error_output.within_limit(|| "the error output".to_owned(), visit.state)?,
    };
    Ok(Step::new(StateOutput { output: Some(output), ..handed_on }, Some(&catcher.next)))
}
