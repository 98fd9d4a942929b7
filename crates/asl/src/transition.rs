//! The transitions out of a state. Each has its own `Assign`, `Output` and `Next`.

use std::fmt;

use crate::definition::{Assign, Catcher, Choice, Pass, Rule, State, Succeed, Task, Wait};
use crate::error::TaskError;
use crate::json::Json;
use crate::scope::{QueryFailure, Scope, Visit};
use crate::template::Template;

/// Where a transition is in its state.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// The state's own fields.
    State,
    Catch(usize),
    Choice(usize),
}

/// The path in the state: empty, `Catch[0]`, `Choices[1]`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::State => Ok(()),
            Place::Catch(index) => write!(f, "Catch[{index}]"),
            Place::Choice(index) => write!(f, "Choices[{index}]"),
        }
    }
}

/// One transition out of a state.
pub(crate) struct Transition<'a> {
    pub(crate) place: Place,
    /// The additional field of `$states` here, besides the input and the context.
    pub(crate) special: Option<&'static str>,
    pub(crate) assign: Option<&'a Assign>,
    pub(crate) output: Option<&'a Template>,
    /// The next state; `None` ends the execution.
    pub(crate) next: Option<&'a str>,
}

/// A state's output when a transition is taken.
pub(crate) struct StateOutput<'m> {
    /// `None` passes on the state's input.
    pub(crate) output: Option<Json>,
    pub(crate) assigned: Vec<(&'m str, Json)>,
}

impl<'m> Transition<'m> {
    /// Evaluates `Assign` and `Output`. Both see the variables as they were before the transition.
    pub(crate) fn take(
        &self,
        visit: &Visit<'_>,
        special: Option<&Json>,
    ) -> Result<StateOutput<'m>, TaskError> {
        let scope = Scope { visit, special: self.special.zip(special) };
        let failed = |failure: QueryFailure, field: &str| {
            failure.within(field).within(&self.place.to_string()).in_state(visit.state)
        };
        let mut assigned = Vec::new();
        for (name, template) in self.assign.into_iter().flatten() {
            let value =
                template.evaluate(&scope).map_err(|failure| failed(failure.within(name), "Assign"))?;
            let value = value.within_limit(|| format!("the variable '{name}'"), visit.state)?;
            assigned.push((name.as_str(), value));
        }
        let output = match self.output {
            Some(template) => {
                let value = template.evaluate(&scope).map_err(|failure| failed(failure, "Output"))?;
                Some(value.within_limit(|| "the output".to_owned(), visit.state)?)
            }
            None => None,
        };
        Ok(StateOutput { output, assigned })
    }
}

impl State {
    /// All transitions out of this state.
    pub(crate) fn transitions(&self) -> Vec<Transition<'_>> {
        match self {
            State::Task(task) => {
                let catches = task.catch.iter().enumerate().map(|(index, catcher)| catcher.transition(index));
                std::iter::once(task.transition()).chain(catches).collect()
            }
            State::Choice(choice) => {
                let rules = choice.choices.iter().enumerate().map(|(index, rule)| rule.transition(index));
                rules.chain(choice.transition()).collect()
            }
            State::Wait(wait) => vec![wait.transition()],
            State::Pass(pass) => vec![pass.transition()],
            State::Succeed(succeed) => vec![succeed.transition()],
            State::Fail(_) => vec![],
        }
    }
}

impl Task {
    pub(crate) fn transition(&self) -> Transition<'_> {
        Transition {
            special: Some("result"),
            ..transition(&self.assign, self.output.as_ref(), self.next.as_deref())
        }
    }
}

impl Catcher {
    pub(crate) fn transition(&self, index: usize) -> Transition<'_> {
        let transition = transition(&self.assign, self.output.as_ref(), Some(&self.next));
        Transition { place: Place::Catch(index), special: Some("errorOutput"), ..transition }
    }
}

impl Choice {
    /// The default transition, if there is one.
    pub(crate) fn transition(&self) -> Option<Transition<'_>> {
        self.default.as_deref().map(|default| transition(&self.assign, self.output.as_ref(), Some(default)))
    }
}

impl Rule {
    pub(crate) fn transition(&self, index: usize) -> Transition<'_> {
        Transition {
            place: Place::Choice(index),
            ..transition(&self.assign, self.output.as_ref(), Some(&self.next))
        }
    }
}

impl Wait {
    pub(crate) fn transition(&self) -> Transition<'_> {
        transition(&self.assign, self.output.as_ref(), Some(&self.next))
    }
}

impl Pass {
    pub(crate) fn transition(&self) -> Transition<'_> {
        transition(&self.assign, self.output.as_ref(), self.next.as_deref())
    }
}

impl Succeed {
    pub(crate) fn transition(&self) -> Transition<'_> {
        Transition {
            place: Place::State,
            special: None,
            assign: None,
            output: self.output.as_ref(),
            next: None,
        }
    }
}

fn transition<'a>(assign: &'a Assign, output: Option<&'a Template>, next: Option<&'a str>) -> Transition<'a> {
    Transition { place: Place::State, special: None, assign: Some(assign), output, next }
}
