//! Simple expressions, evaluated without JSONata's evaluator.
//!
//! Most expressions of a definition are paths, tests of them and calculations with them. These have a direct
//! form, which is found when the definition is loaded. Whatever is not plain at run time, such as a path through
//! an array, an operand of another type or a number that JSONata would write otherwise, is [`Unsure`], and the
//! evaluator decides. A direct value is therefore always the evaluator's.

mod compile;
mod context;

use crate::json::{Json, Name};
use crate::scope::{Scope, from_number, time_millis};

use context::ContextField;

/// An expression that needs no evaluator.
#[derive(Debug)]
pub(crate) enum Direct {
    Literal(Json),
    Path(Root, Vec<String>),
    Exists(Box<Direct>),
    Not(Box<Direct>),
    And(Box<Direct>, Box<Direct>),
    Or(Box<Direct>, Box<Direct>),
    /// `=`, or `!=` if negated.
    Equal(Negated, Box<Direct>, Box<Direct>),
    Ordered(Order, Box<Direct>, Box<Direct>),
    Calculated(Operator, Box<Direct>, Box<Direct>),
    Conditional(Box<Direct>, Box<Direct>, Option<Box<Direct>>),
    Object(Vec<(Name, Direct)>),
    ToMillis(Box<Direct>),
}

/// Where a path begins.
#[derive(Debug)]
pub(crate) enum Root {
    Variable(String),
    Input,
    /// `$states.result` or `$states.errorOutput`.
    Special(String),
    Context(ContextField),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Negated {
    No,
    Yes,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// The value may differ from the evaluator's, or be an error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsure;

/// `None` is undefined.
type Evaluated = Result<Option<Json>, Unsure>;

impl Direct {
    /// Evaluates the expression.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Evaluated {
        match self {
            Direct::Literal(value) => Ok(Some(value.clone())),
            Direct::Path(root, steps) => root.follow(steps, scope),
            Direct::Exists(value) => value.exists(scope).map(bool),
            Direct::Not(value) => value.not(scope),
            Direct::And(one, other) => Ok(bool(one.is_true(scope)? && other.is_true(scope)?)),
            Direct::Or(one, other) => Ok(bool(one.is_true(scope)? || other.is_true(scope)?)),
            Direct::Equal(negated, one, other) => {
                let (one, other) = (one.evaluate(scope)?, other.evaluate(scope)?);
                Ok(bool(are_equal(one.as_ref(), other.as_ref())? != (*negated == Negated::Yes)))
            }
            Direct::Ordered(order, one, other) => {
                let numbers = one.number(scope)?.zip(other.number(scope)?);
                Ok(numbers.and_then(|(one, other)| bool(order.holds(one, other))))
            }
            Direct::Calculated(operator, one, other) => {
                let numbers = one.number(scope)?.zip(other.number(scope)?);
                numbers.map(|(one, other)| operator.apply(one, other)).transpose()
            }
            Direct::Conditional(condition, then, otherwise) => {
                if condition.is_true(scope)? {
                    return then.evaluate(scope);
                }
                otherwise.as_ref().map_or(Ok(None), |otherwise| otherwise.evaluate(scope))
            }
            Direct::Object(fields) => object(fields, scope),
            Direct::ToMillis(time) => to_millis(time, scope),
        }
    }

    /// What `$exists` says. A lone item of an array is the same as the item, but an empty array is not decided here.
    fn exists(&self, scope: &Scope<'_>) -> Result<bool, Unsure> {
        self.evaluate(scope).map(|value| value.is_some())
    }

    /// JSONata's `$not` of undefined is undefined.
    fn not(&self, scope: &Scope<'_>) -> Evaluated {
        match self.evaluate(scope)? {
            None => Ok(None),
            Some(value) => Ok(bool(!is_truthy(&value)?)),
        }
    }

    fn is_true(&self, scope: &Scope<'_>) -> Result<bool, Unsure> {
        self.evaluate(scope)?.map_or(Ok(false), |value| is_truthy(&value))
    }

    /// The operand of a comparison or a calculation.
    fn number(&self, scope: &Scope<'_>) -> Result<Option<f64>, Unsure> {
        match self.evaluate(scope)? {
            None => Ok(None),
            Some(Json::Number(number)) => number.as_f64().map(Some).ok_or(Unsure),
            Some(_) => Err(Unsure),
        }
    }
}

impl Root {
    fn follow(&self, steps: &[String], scope: &Scope<'_>) -> Evaluated {
        let root = match self {
            Root::Variable(name) => scope.visit.variables.get(name),
            Root::Input => Some(scope.visit.input),
            Root::Special(name) => scope.special.filter(|(known, _)| known == name).map(|(_, value)| value),
            Root::Context(field) => return field.read(scope.visit).map(Some),
        };
        let Some(mut value) = root else { return Ok(None) };
        for step in steps {
            match value {
                Json::Object(fields) => match fields.get(step) {
                    Some(field) => value = field,
                    None => return Ok(None),
                },
                Json::Array(_) => return Err(Unsure),
                _ => return Ok(None),
            }
        }
        match value {
            Json::Array(_) => Err(Unsure),
            value if value.is_plain() => Ok(Some(value.clone())),
            _ => Err(Unsure),
        }
    }
}

impl Order {
    fn holds(self, one: f64, other: f64) -> bool {
        match self {
            Order::Less => one < other,
            Order::LessOrEqual => one <= other,
            Order::Greater => one > other,
            Order::GreaterOrEqual => one >= other,
        }
    }
}

impl Operator {
    fn apply(self, one: f64, other: f64) -> Result<Json, Unsure> {
        let number = match self {
            Operator::Add => one + other,
            Operator::Subtract => one - other,
            Operator::Multiply => one * other,
            Operator::Divide => one / other,
        };
        let value = from_number(number).ok_or(Unsure)?;
        if value.is_plain() { Ok(value) } else { Err(Unsure) }
    }
}

fn bool(value: bool) -> Option<Json> {
    Some(Json::Bool(value))
}

fn is_truthy(value: &Json) -> Result<bool, Unsure> {
    match value {
        Json::Null => Ok(false),
        Json::Bool(bool) => Ok(*bool),
        Json::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Json::String(text) => Ok(!text.is_empty()),
        Json::Object(fields) => Ok(fields.iter().len() > 0),
        Json::Array(_) => Err(Unsure),
    }
}

/// Compares two scalars.
fn are_equal(one: Option<&Json>, other: Option<&Json>) -> Result<bool, Unsure> {
    match (one, other) {
        (Some(Json::String(one)), Some(Json::String(other))) => Ok(one == other),
        (Some(Json::Number(one)), Some(Json::Number(other))) => Ok(one.as_f64() == other.as_f64()),
        (Some(Json::Bool(one)), Some(Json::Bool(other))) => Ok(one == other),
        (Some(Json::String(_)), Some(Json::Number(_))) | (Some(Json::Number(_)), Some(Json::String(_))) => {
            Ok(false)
        }
        _ => Err(Unsure),
    }
}

/// Undefined fields are left out.
fn object(fields: &[(Name, Direct)], scope: &Scope<'_>) -> Evaluated {
    let mut object = Vec::with_capacity(fields.len());
    for (name, field) in fields {
        if let Some(value) = field.evaluate(scope)? {
            object.push((name.clone(), value));
        }
    }
    Ok(Some(Json::object_of_distinct(object)))
}

fn to_millis(time: &Direct, scope: &Scope<'_>) -> Evaluated {
    let millis = match time {
        Direct::Path(Root::Context(field), _) => field.millis(scope.visit),
        time => match time.evaluate(scope)? {
            None => return Ok(None),
            Some(Json::String(text)) => time_millis(&text),
            Some(_) => None,
        },
    };
    millis.map(|millis| Some(Json::Number(millis.into()))).ok_or(Unsure)
}

#[cfg(test)]
mod tests;
