//! Evaluation: the data that expressions can read, and the conversion of values to and from JSONata.

use std::collections::BTreeMap;

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::value::{JArray, JValue};
use serde_json::{Map, Number, Value};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{format_description, offset};

use crate::error::TaskError;
use crate::execution::Execution;
use crate::expression::Expression;

/// Integers up to this value are exact in JSONata, which calculates with `f64`.
const EXACT_WHOLE_NUMBERS: f64 = 9_007_199_254_740_992.0;

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// One visit to a state: all the data that its expressions can read.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) execution: &'a Execution,
    pub(crate) state: &'a str,
    pub(crate) input: &'a Value,
    pub(crate) variables: &'a BTreeMap<String, Value>,
    pub(crate) entered: OffsetDateTime,
    pub(crate) retries: u32,
}

/// An evaluator with the variables bound that a set of expressions reads. It never outlives one synchronous
/// function, because JSONata values are not `Send`.
pub(crate) struct Scope {
    evaluator: Evaluator,
}

/// An expression failed or has no usable value.
#[derive(Debug)]
pub(crate) struct QueryFailure {
    field: String,
    text: String,
    problem: String,
}

impl Scope {
    /// Binds only what `expressions` read, because converting a value takes time proportional to its size.
    /// `special` is the value of `$states.result` or `$states.errorOutput`, where that exists.
    pub(crate) fn open(
        visit: &Visit<'_>,
        special: Option<(&str, &Value)>,
        expressions: &[&Expression],
    ) -> Scope {
        let mut context = Context::new();
        for name in expressions.iter().flat_map(|expression| &expression.names.variables) {
            if let Some(value) = visit.variables.get(name)
                && context.lookup(name).is_none()
            {
                context.bind(name.clone(), to_jsonata(value));
            }
        }
        let reads = |place: &str| expressions.iter().any(|expression| expression.names.reads_state(place));
        let mut states = Vec::new();
        if reads("input") {
            states.push(("input", to_jsonata(visit.input)));
        }
        if let Some((name, value)) = special
            && reads(name)
        {
            states.push((name, to_jsonata(value)));
        }
        if reads("context") {
            states.push(("context", visit.context(reads("context.Execution.Input"))));
        }
        context.bind("states".to_owned(), object(states));
        Scope { evaluator: Evaluator::with_options(context, EvaluatorOptions::default()) }
    }

    /// Evaluates one expression. An undefined result or a function is an error.
    pub(crate) fn evaluate(&mut self, expression: &Expression) -> Result<Value, QueryFailure> {
        let value = self.evaluator.evaluate(&expression.ast, &JValue::Undefined).map_err(|error| {
            QueryFailure::new(expression, format!("threw an error during evaluation. {}", error.message()))
        })?;
        from_jsonata(&value).map_err(|what| QueryFailure::new(expression, format!("returned {what}")))
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
            ("Name", JValue::from(self.state)),
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

fn timestamp(at: OffsetDateTime) -> JValue {
    // Formatting fails only for years that no clock shows; such a time becomes undefined.
    at.to_offset(offset!(UTC)).format(MILLISECONDS).map_or(JValue::Undefined, JValue::from)
}

fn object(fields: Vec<(&str, JValue)>) -> JValue {
    JValue::object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn to_jsonata(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(bool) => JValue::Bool(*bool),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(string) => JValue::from(string.as_str()),
        Value::Array(items) => {
            let flat = !items.iter().any(Value::is_array);
            JValue::Array(JArray::new_flat(items.iter().map(to_jsonata).collect(), flat))
        }
        Value::Object(fields) => {
            JValue::object(fields.iter().map(|(name, value)| (name.clone(), to_jsonata(value))).collect())
        }
    }
}

/// The value as JSON or, if it has no JSON form, a description of what it is.
fn from_jsonata(value: &JValue) -> Result<Value, &'static str> {
    match value {
        JValue::Null => Ok(Value::Null),
        JValue::Bool(bool) => Ok(Value::Bool(*bool)),
        JValue::Number(number) => from_number(*number),
        JValue::String(string) => Ok(Value::from(&**string)),
        JValue::Array(items) => items.iter().map(from_jsonata).collect::<Result<_, _>>().map(Value::Array),
        JValue::Object(fields) => {
            let field = |(name, value): (&String, &JValue)| Ok((name.clone(), from_jsonata(value)?));
            fields.iter().map(field).collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        JValue::Undefined => Err("nothing (undefined)"),
        JValue::Lambda(_) | JValue::Builtin { .. } => Err("a function"),
        JValue::Regex { .. } => Err("a regular expression"),
    }
}

fn from_number(number: f64) -> Result<Value, &'static str> {
    if number.fract() == 0.0 && number.abs() <= EXACT_WHOLE_NUMBERS {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Ok(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number).ok_or("a number that JSON cannot write")
}
