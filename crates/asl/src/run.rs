//! Runs a machine from state to state until it ends or waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::definition::{Choice, Fail, State, Wait};
use crate::error::TaskError;
use crate::event::{Event, EventKind};
use crate::execution::{Checkpoint, Execution, Progress};
use crate::host::Host;
use crate::scope::{QueryFailure, Scope, Visit};
use crate::setting::{Setting, evaluate_as};
use crate::step::{Step, evaluated};
use crate::task;

pub(crate) async fn run(
    states: &BTreeMap<Arc<str>, State>,
    execution: &Execution,
    from: Checkpoint,
    host: &impl Host,
) -> Progress {
    let mut at = from;
    // The output of a state is checked when it is made, so only the first input is still to be checked.
    let mut unchecked = true;
    loop {
        host.entered(&at);
        let Some((name, state)) = states.get_key_value(at.state.as_str()) else {
            let cause = format!("The definition has no state '{}'.", at.state);
            return fail(TaskError::new(TaskError::RUNTIME, cause), host);
        };
        let entered = host.now();
        host.record(Event {
            input: Some(at.input.clone()),
            ..Event::of_state(entered, state.entered_kind(), name)
        });
        if std::mem::take(&mut unchecked)
            && let Err(error) = at.input.clone().within_limit(|| "the input".to_owned(), name)
        {
            return fail(error, host);
        }
        let visit =
            Visit { execution, state: name, input: &at.input, variables: &at.variables, entered, retries: 0 };
        let Step { handed_on, next, until } = match visit_state(state, visit, host).await {
            Ok(step) => step,
            Err(error) => return fail(error, host),
        };
        for (name, value) in handed_on.assigned {
            match at.variables.get_mut(name) {
                Some(variable) => *variable = value,
                None => drop(at.variables.insert(name.to_owned(), value)),
            }
        }
        if let Some(output) = handed_on.output {
            at.input = output;
        }
        if let Some(kind) = state.exited_kind() {
            let exited = Event::of_state(until.unwrap_or_else(|| host.now()), kind, name);
            host.record(Event { output: Some(at.input.clone()), ..exited });
        }
        let Some(next) = next else {
            host.record(Event {
                output: Some(at.input.clone()),
                ..Event::new(host.now(), EventKind::ExecutionSucceeded)
            });
            return Progress::Succeeded(at.input);
        };
        next.clone_into(&mut at.state);
        if let Some(until) = until {
            return Progress::Waiting { until, resume: at };
        }
    }
}

fn fail(error: TaskError, host: &impl Host) -> Progress {
    host.record(Event::new(host.now(), EventKind::ExecutionFailed).with_error(&error));
    Progress::Failed(error)
}

async fn visit_state<'m>(
    state: &'m State,
    visit: Visit<'_>,
    host: &impl Host,
) -> Result<Step<'m>, TaskError> {
    let step = match state {
        State::Task(task) => return task::run(task, visit, host).await,
        State::Choice(choice) => choose(choice, &visit),
        State::Wait(wait) => pause(wait, &visit, host.now()),
        State::Pass(pass) => {
            pass.transition().take(&visit, None).map(|handed_on| Step::new(handed_on, pass.next.as_deref()))
        }
        State::Succeed(succeed) => {
            succeed.transition().take(&visit, None).map(|handed_on| Step::new(handed_on, None))
        }
        State::Fail(fail) => Err(failure(fail, &visit)),
    };
    evaluated(step, visit.state, host)
}

fn choose<'m>(choice: &'m Choice, visit: &Visit<'_>) -> Result<Step<'m>, TaskError> {
    let scope = Scope { visit, special: None };
    for (index, rule) in choice.choices.iter().enumerate() {
        let matched: bool = evaluate_as(&rule.condition, &scope, "Condition")
            .map_err(|failure| failure.within(&format!("Choices[{index}]")).in_state(visit.state))?;
        if matched {
            return Ok(Step::new(rule.transition(index).take(visit, None)?, Some(&rule.next)));
        }
    }
    match choice.transition() {
        Some(transition) => Ok(Step::new(transition.take(visit, None)?, choice.default.as_deref())),
        None => {
            let cause = format!("No rule of the state '{}' matched, and it has no Default.", visit.state);
            Err(TaskError::new(TaskError::NO_CHOICE_MATCHED, cause))
        }
    }
}

fn pause<'m>(wait: &'m Wait, visit: &Visit<'_>, now: OffsetDateTime) -> Result<Step<'m>, TaskError> {
    let scope = Scope { visit, special: None };
    let failed = |failure: QueryFailure| failure.in_state(visit.state);
    let mut until = now;
    if let Some(seconds) = &wait.seconds {
        let seconds = seconds.evaluate(&scope, "Seconds").map_err(failed)?;
        until = now + Duration::from_secs(u64::from(seconds));
    }
    if let Some(timestamp) = &wait.timestamp {
        until = timestamp.evaluate(&scope, "Timestamp").map_err(failed)?.0;
    }
    let step = Step::new(wait.transition().take(visit, None)?, Some(&wait.next));
    // A time in the past needs no wait.
    Ok(Step { until: (until > now).then_some(until), ..step })
}

/// The error of a Fail state, or the evaluation error that prevented it.
fn failure(fail: &Fail, visit: &Visit<'_>) -> TaskError {
    let scope = Scope { visit, special: None };
    let text = |setting: Option<&Setting<String>>, field: &str| {
        setting.map_or(Ok(String::new()), |setting| setting.evaluate(&scope, field))
    };
    match (text(fail.error.as_ref(), "Error"), text(fail.cause.as_ref(), "Cause")) {
        (Ok(error), Ok(cause)) => TaskError { error, cause },
        (Err(failure), _) | (_, Err(failure)) => failure.in_state(visit.state),
    }
}

impl State {
    fn entered_kind(&self) -> EventKind {
        match self {
            State::Task(_) => EventKind::TaskStateEntered,
            State::Choice(_) => EventKind::ChoiceStateEntered,
            State::Wait(_) => EventKind::WaitStateEntered,
            State::Pass(_) => EventKind::PassStateEntered,
            State::Succeed(_) => EventKind::SucceedStateEntered,
            State::Fail(_) => EventKind::FailStateEntered,
        }
    }

    /// A Fail state has no exit event.
    fn exited_kind(&self) -> Option<EventKind> {
        match self {
            State::Task(_) => Some(EventKind::TaskStateExited),
            State::Choice(_) => Some(EventKind::ChoiceStateExited),
            State::Wait(_) => Some(EventKind::WaitStateExited),
            State::Pass(_) => Some(EventKind::PassStateExited),
            State::Succeed(_) => Some(EventKind::SucceedStateExited),
            State::Fail(_) => None,
        }
    }
}
