//! Checks on a definition beyond the syntax of its fields.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::definition::{Catcher, Retrier, State, Task};
use crate::error::{LoadError, Refusal};
use crate::expression::Expression;
use crate::functions;
use crate::retry;
use crate::setting::Setting;
use crate::transition::{Place, Transition};

type States = BTreeMap<Arc<str>, State>;

/// A rejected field's path, and the reason.
type Refused = (String, Refusal);

/// Rejects a definition that would fail at run time or behave differently from AWS.
pub(crate) fn check(start_at: &str, states: &States, resources: &[&str]) -> Result<(), LoadError> {
    let assigned: BTreeSet<&str> = states.values().flat_map(assigned_by).collect();
    for (name, state) in states {
        let located = |(field, refusal)| LoadError::Refused { state: name.to_string(), field, refusal };
        check_fields(state, resources).map_err(located)?;
        check_transitions(state, states).map_err(located)?;
        check_expressions(state, &assigned).map_err(located)?;
    }
    check_reachable(start_at, states)
}

fn check_fields(state: &State, resources: &[&str]) -> Result<(), Refused> {
    match state {
        State::Task(task) => {
            if !resources.contains(&&*task.resource) {
                return Err(("Resource".to_owned(), Refusal::Resource(task.resource.to_string())));
            }
            check_errors(task)?;
            task.retry.iter().enumerate().try_for_each(|(index, retrier)| check_retrier(index, retrier))?;
            exactly_one("Next", task.next.is_some(), "End", task.end)
        }
        State::Pass(pass) => exactly_one("Next", pass.next.is_some(), "End", pass.end),
        State::Wait(wait) => {
            exactly_one("Seconds", wait.seconds.is_some(), "Timestamp", wait.timestamp.is_some())
        }
        State::Choice(choice) if choice.choices.is_empty() => Err(("Choices".to_owned(), Refusal::NoRules)),
        State::Choice(_) | State::Succeed(_) | State::Fail(_) => Ok(()),
    }
}

fn exactly_one(
    one: &'static str,
    has_one: bool,
    other: &'static str,
    has_other: bool,
) -> Result<(), Refused> {
    if has_one == has_other {
        return Err((one.to_owned(), Refusal::ExactlyOne(one, other)));
    }
    Ok(())
}

fn check_retrier(index: usize, retrier: &Retrier) -> Result<(), Refused> {
    if retrier.backoff_rate < 1.0 {
        return Err((format!("Retry[{index}].BackoffRate"), Refusal::BackoffRate));
    }
    if retrier.max_delay_seconds.is_some_and(|most| most <= retrier.interval_seconds) {
        return Err((format!("Retry[{index}].MaxDelaySeconds"), Refusal::MaxDelay));
    }
    Ok(())
}

fn check_errors(task: &Task) -> Result<(), Refused> {
    let retriers: Vec<_> = task.retry.iter().map(|Retrier { error_equals, .. }| error_equals).collect();
    let catchers: Vec<_> = task.catch.iter().map(|Catcher { error_equals, .. }| error_equals).collect();
    for (list, all) in [("Retry", retriers), ("Catch", catchers)] {
        for (index, names) in all.iter().enumerate() {
            let field = || format!("{list}[{index}].ErrorEquals");
            if names.is_empty() {
                return Err((field(), Refusal::NoErrors));
            }
            let last_and_alone = index + 1 == all.len() && names.len() == 1;
            if names.iter().any(|name| name == retry::ALL) && !last_and_alone {
                return Err((field(), Refusal::AllNotLast));
            }
        }
    }
    Ok(())
}

fn check_transitions(state: &State, states: &States) -> Result<(), Refused> {
    for transition in state.transitions() {
        if let Some(next) = transition.next.filter(|next| !states.contains_key(*next)) {
            let field = if matches!(state, State::Choice(_)) && matches!(transition.place, Place::State) {
                "Default"
            } else {
                "Next"
            };
            return Err((inside(transition.place, field), Refusal::NoSuchState(next.to_owned())));
        }
        if let Some(name) =
            transition.assign.into_iter().flat_map(BTreeMap::keys).find(|name| !is_variable(name))
        {
            return Err((inside(transition.place, "Assign"), Refusal::VariableName(name.clone())));
        }
    }
    Ok(())
}

fn check_expressions(state: &State, assigned: &BTreeSet<&str>) -> Result<(), Refused> {
    for transition in state.transitions() {
        let Transition { place, special, assign, output, .. } = transition;
        for (name, template) in assign.into_iter().flatten() {
            let mut found = Vec::new();
            template.collect(&mut found);
            let field = inside(place, &format!("Assign.{name}"));
            found
                .into_iter()
                .try_for_each(|expression| check_names(expression, &field, special, assigned))?;
        }
        let mut found = Vec::new();
        output.into_iter().for_each(|output| output.collect(&mut found));
        let field = inside(place, "Output");
        found.into_iter().try_for_each(|expression| check_names(expression, &field, special, assigned))?;
    }
    settings(state)
        .into_iter()
        .try_for_each(|(field, expression)| check_names(expression, &field, None, assigned))
}

fn check_names(
    expression: &Expression,
    field: &str,
    special: Option<&str>,
    assigned: &BTreeSet<&str>,
) -> Result<(), Refused> {
    let names = &expression.names;
    let refused = |refusal| Err((field.to_owned(), refusal));
    let is_known = |name: &str| assigned.contains(name) || functions::is_supported(name);
    if let Some(name) = names.variables.iter().find(|name| !is_known(name)) {
        return refused(Refusal::Unassigned(name.clone()));
    }
    if let Some(name) = names.calls.iter().find(|name| assigned.contains(name.as_str())) {
        return refused(Refusal::HidesFunction(name.clone()));
    }
    if let Some(name) = names.locals.iter().find(|name| assigned.contains(name.as_str()) || *name == "states")
    {
        return refused(Refusal::Hides(name.clone()));
    }
    let absent =
        ["result", "errorOutput"].into_iter().find(|name| special != Some(name) && names.reads_state(name));
    absent.map_or(Ok(()), |name| refused(Refusal::NotHere(name.to_owned())))
}

/// The expressions outside `Assign` and `Output`, by field.
fn settings(state: &State) -> Vec<(String, &Expression)> {
    match state {
        State::Task(task) => {
            let mut arguments = Vec::new();
            task.arguments.collect(&mut arguments);
            let arguments = arguments.into_iter().map(|expression| ("Arguments".to_owned(), expression));
            arguments.chain(setting("TimeoutSeconds", &task.timeout_seconds)).collect()
        }
        State::Choice(choice) => {
            let rules = choice.choices.iter().enumerate();
            rules.map(|(index, rule)| (format!("Choices[{index}].Condition"), &rule.condition)).collect()
        }
        State::Wait(wait) => setting("Seconds", &wait.seconds)
            .into_iter()
            .chain(setting("Timestamp", &wait.timestamp))
            .collect(),
        State::Fail(fail) => {
            setting("Error", &fail.error).into_iter().chain(setting("Cause", &fail.cause)).collect()
        }
        State::Pass(_) | State::Succeed(_) => Vec::new(),
    }
}

fn setting<'a, T>(field: &str, setting: &'a Option<Setting<T>>) -> Option<(String, &'a Expression)> {
    let expression = setting.as_ref()?.expression()?;
    Some((field.to_owned(), expression))
}

fn assigned_by(state: &State) -> Vec<&str> {
    let transitions = state.transitions().into_iter();
    transitions
        .flat_map(|transition| transition.assign.into_iter().flat_map(BTreeMap::keys))
        .map(String::as_str)
        .collect()
}

fn check_reachable(start_at: &str, states: &States) -> Result<(), LoadError> {
    let Some((start_at, _)) = states.get_key_value(start_at) else {
        return Err(LoadError::NoStart(start_at.to_owned()));
    };
    let mut reached = BTreeSet::from([&**start_at]);
    let mut ahead = vec![&**start_at];
    while let Some(state) = ahead.pop().and_then(|name| states.get(name)) {
        let targets = state.transitions().into_iter().filter_map(|transition| transition.next);
        ahead.extend(targets.filter(|target| reached.insert(target)));
    }
    match states.keys().find(|name| !reached.contains(&***name)) {
        Some(name) => {
            let (state, field) = (name.to_string(), ".".to_owned());
            Err(LoadError::Refused { state, field, refusal: Refusal::Unreachable })
        }
        None => Ok(()),
    }
}

fn inside(place: Place, field: &str) -> String {
    if matches!(place, Place::State) { field.to_owned() } else { format!("{place}.{field}") }
}

fn is_variable(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts_well && name != "states" && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}
