//! Runs a machine from state to state until it ends or waits.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

use crate::definition::{Choice, Fail, State, Wait};
use crate::error::TaskError;
use crate::event::{Event, EventKind};
use crate::execution::{Checkpoint, Execution, Progress};
use crate::host::Host;
use crate::json::Json;
use crate::scope::{QueryFailure, Scope, Visit};
use crate::setting::{Setting, evaluate_as};
use crate::step::{Step, evaluated};
use crate::task;

pub(crate) async fn run(
    states: &BTreeMap<String, State>,
    execution: &Execution,
    from: Checkpoint,
    host: &impl Host,
) -> Progress {
    let mut at = from;
    let mut text = Json::of(&at.input);
    loop {
        host.entered(&at);
        let Some(state) = states.get(&at.state) else {
            let cause = format!("The definition has no state '{}'.", at.state);
            return fail(TaskError::new(TaskError::RUNTIME, cause), host);
        };
        let entered = host.now();
        host.record(Event {
            input: Some(text.clone()),
            ..Event::of_state(entered, state.entered_kind(), &at.state)
        });
        let visit = Visit {
            execution,
            state: &at.state,
            input: &at.input,
            variables: &at.variables,
            entered,
            retries: 0,
        };
        let step = match text.clone().within_limit("the input", visit.state) {
            Ok(_) => visit_state(state, visit, host).await,
            Err(error) => Err(error),
        };
        let Step { handed_on, next, until } = match step {
            Ok(step) => step,
            Err(error) => return fail(error, host),
        };
        at.variables.extend(handed_on.assigned);
        if let Some(output) = handed_on.output {
            (at.input, text) = output;
        }
        if let Some(kind) = state.exited_kind() {
            let exited = Event::of_state(until.unwrap_or_else(|| host.now()), kind, &at.state);
            host.record(Event { output: Some(text.clone()), ..exited });
        }
        let Some(next) = next else {
            host.record(Event {
                output: Some(text),
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
    let conditions: Vec<_> = choice.choices.iter().map(|rule| &rule.condition).collect();
    let mut scope = Scope::open(visit, None, &conditions);
    for (index, rule) in choice.choices.iter().enumerate() {
        let matched: bool = evaluate_as(&rule.condition, &mut scope, "Condition")
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
    let settings = [
        wait.seconds.as_ref().and_then(Setting::expression),
        wait.timestamp.as_ref().and_then(Setting::expression),
    ];
    let expressions: Vec<_> = settings.into_iter().flatten().collect();
    let mut scope = Scope::open(visit, None, &expressions);
    let failed = |failure: QueryFailure| failure.in_state(visit.state);
    let mut until = now;
    if let Some(seconds) = &wait.seconds {
        let seconds = seconds.evaluate(&mut scope, "Seconds").map_err(failed)?;
        until = now + Duration::from_secs(u64::from(seconds));
    }
    if let Some(timestamp) = &wait.timestamp {
        until = timestamp.evaluate(&mut scope, "Timestamp").map_err(failed)?.0;
    }
    let step = Step::new(wait.transition().take(visit, None)?, Some(&wait.next));
    // A time in the past needs no wait.
    Ok(Step { until: (until > now).then_some(until), ..step })
}

/// The error of a Fail state, or the evaluation error that prevented it.
fn failure(fail: &Fail, visit: &Visit<'_>) -> TaskError {
    let settings = [fail.error.as_ref(), fail.cause.as_ref()];
    let expressions: Vec<_> = settings.iter().copied().flatten().filter_map(Setting::expression).collect();
    let mut scope = Scope::open(visit, None, &expressions);
    let mut text = |setting: Option<&Setting<String>>, field: &str| {
        setting.map_or(Ok(String::new()), |setting| setting.evaluate(&mut scope, field))
    };
    match (text(settings[0], "Error"), text(settings[1], "Cause")) {
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
