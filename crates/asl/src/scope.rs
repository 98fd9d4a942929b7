//! Evaluation: the data that expressions can read, and the conversion of values to and from JSONata.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::value::{JArray, JValue};
use serde_json::Number;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::error::TaskError;
use crate::execution::Execution;
use crate::expression::Expression;
use crate::json::{Json, Name};

/// Integers up to this value are exact in JSONata, which calculates with `f64`.
const EXACT_WHOLE_NUMBERS: f64 = 9_007_199_254_740_992.0;

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// One visit to a state: all the data that its expressions can read.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) execution: &'a Execution,
    pub(crate) state: &'a Arc<str>,
    pub(crate) input: &'a Json,
    pub(crate) variables: &'a BTreeMap<String, Json>,
    pub(crate) entered: OffsetDateTime,
    pub(crate) retries: u32,
}

/// What the expressions of one field of a state can read.
pub(crate) struct Scope<'a> {
    pub(crate) visit: &'a Visit<'a>,
    /// The value of `$states.result` or `$states.errorOutput`, where that exists.
    pub(crate) special: Option<(&'static str, &'a Json)>,
}

/// An expression failed or has no usable value.
#[derive(Debug)]
pub(crate) struct QueryFailure {
    field: String,
    text: String,
    problem: String,
}

impl Scope<'_> {
    /// Evaluates one expression. An undefined result or a function is an error.
    pub(crate) fn evaluate(&self, expression: &Expression) -> Result<Json, QueryFailure> {
        let direct = expression.direct.as_ref().map(|direct| direct.evaluate(self));
        match direct {
            Some(Ok(Some(value))) => Ok(value),
            // The evaluator has the last word on what is undefined, and says what is wrong.
            _ => self.evaluate_in_jsonata(expression),
        }
    }

    /// Evaluates an expression in `jsonata-core`. The evaluator does not outlive this function, because JSONata
    /// values are not `Send`.
    pub(crate) fn evaluate_in_jsonata(&self, expression: &Expression) -> Result<Json, QueryFailure> {
        let mut evaluator = Evaluator::with_options(self.context(expression), EvaluatorOptions::default());
        let value = evaluator.evaluate(&expression.ast, &JValue::Undefined).map_err(|error| {
            QueryFailure::new(expression, format!("threw an error during evaluation. {}", error.message()))
        })?;
        from_jsonata(&value).map_err(|what| QueryFailure::new(expression, format!("returned {what}")))
    }

    /// Binds only what the expression reads, because converting a value takes time proportional to its size.
    fn context(&self, expression: &Expression) -> Context {
        let names = &expression.names;
        let mut context = Context::new();
        for name in &names.variables {
            if let Some(value) = self.visit.variables.get(name) {
                context.bind(name.clone(), to_jsonata(value));
            }
        }
        let mut states = Vec::new();
        if names.reads_state("input") {
            states.push(("input", to_jsonata(self.visit.input)));
        }
        if let Some((name, value)) = self.special
            && names.reads_state(name)
        {
            states.push((name, to_jsonata(value)));
        }
        if names.reads_state("context") {
            states.push(("context", self.visit.context(names.reads_state("context.Execution.Input"))));
        }
        context.bind("states".to_owned(), object(states));
        context
    }
}

impl Visit<'_> {
    fn context(&self, with_input: bool) -> JValue {
        let Execution { id, name, input, start_time, machine_id, machine_name } = self.execution;
        let mut execution = vec![
            ("Id", JValue::from(id.as_str())),
            ("Name", JValue::from(name.as_str())),
            ("StartTime", timestamp(*start_time)),
        ];
        if with_input {
            execution.push(("Input", to_jsonata(input)));
        }
        let state = vec![
            ("Name", JValue::from(&**self.state)),
            ("EnteredTime", timestamp(self.entered)),
            ("RetryCount", JValue::from(i64::from(self.retries))),
        ];
        let machine =
            vec![("Id", JValue::from(machine_id.as_str())), ("Name", JValue::from(machine_name.as_str()))];
        object(vec![
            ("Execution", object(execution)),
            ("State", object(state)),
            ("StateMachine", object(machine)),
        ])
    }
}

impl QueryFailure {
    pub(crate) fn new(expression: &Expression, problem: String) -> QueryFailure {
        QueryFailure { field: String::new(), text: expression.text.clone(), problem }
    }

    /// Adds the enclosing field to the failure's path.
    pub(crate) fn within(mut self, field: &str) -> QueryFailure {
        self.field = match (field, self.field.as_str()) {
            ("", inner) => inner.to_owned(),
            (outer, "") => outer.to_owned(),
            (outer, inner) => format!("{outer}/{inner}"),
        };
        self
    }

    pub(crate) fn in_state(self, state: &str) -> TaskError {
        let QueryFailure { field, text, problem } = self;
        let cause = format!(
            "An error occurred while executing the state '{state}'. The JSONata expression '{text}' specified for the \
             field '{field}' {problem}."
        );
        TaskError::new(TaskError::QUERY_EVALUATION_ERROR, cause)
    }
}

/// A time as `$states.context` shows it. Formatting fails only for years that no clock shows.
pub(crate) fn time_text(at: OffsetDateTime) -> Option<String> {
    at.to_offset(offset!(UTC)).format(MILLISECONDS).ok()
}

/// The time in a text of exactly the form of [`time_text`], in milliseconds since 1970.
pub(crate) fn time_millis(text: &str) -> Option<i64> {
    let at = PrimitiveDateTime::parse(text, MILLISECONDS).ok()?.assume_utc();
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

fn timestamp(at: OffsetDateTime) -> JValue {
    time_text(at).map_or(JValue::Undefined, JValue::from)
}

fn object(fields: Vec<(&str, JValue)>) -> JValue {
    JValue::object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn to_jsonata(value: &Json) -> JValue {
    match value {
        Json::Null => JValue::Null,
        Json::Bool(bool) => JValue::Bool(*bool),
        Json::Number(number) => JValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(string) => JValue::from(&**string),
        Json::Array(items) => {
            let flat = !items.iter().any(|item| matches!(item, Json::Array(_)));
            JValue::Array(JArray::new_flat(items.iter().map(to_jsonata).collect(), flat))
        }
        Json::Object(fields) => {
            let field = |(name, value): (&Name, &Json)| (name.to_string(), to_jsonata(value));
            JValue::object(fields.iter().map(field).collect())
        }
    }
}

/// The value as JSON or, if it has no JSON form, a description of what it is.
fn from_jsonata(value: &JValue) -> Result<Json, &'static str> {
    match value {
        JValue::Null => Ok(Json::Null),
        JValue::Bool(bool) => Ok(Json::Bool(*bool)),
        JValue::Number(number) => from_number(*number).ok_or("a number that JSON cannot write"),
        JValue::String(string) => Ok(Json::from(&**string)),
        JValue::Array(items) => items.iter().map(from_jsonata).collect::<Result<_, _>>().map(Json::array),
        JValue::Object(fields) => {
            let field = |(name, value): (&String, &JValue)| Ok((name.clone().into(), from_jsonata(value)?));
            fields.iter().map(field).collect::<Result<_, _>>().map(Json::object_of_distinct)
        }
        JValue::Undefined => Err("nothing (undefined)"),
        JValue::Lambda(_) | JValue::Builtin { .. } => Err("a function"),
        JValue::Regex { .. } => Err("a regular expression"),
    }
}

/// A number of JSONata; `None` if JSON cannot write it.
pub(crate) fn from_number(number: f64) -> Option<Json> {
    if number.fract() == 0.0 && number.abs() <= EXACT_WHOLE_NUMBERS {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Some(Json::Number((number as i64).into()));
    }
    Number::from_f64(number).map(Json::Number)
}
