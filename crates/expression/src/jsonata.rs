//! JSONata, within the limits that the evaluator can enforce itself. The sandbox enforces the others.

mod corrected;
mod functions;
mod never;
mod tree;
mod url;

use std::time::Instant;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser::{self, ParserError};
use jsonata_core::value::JValue;

use crate::fault::Expression;
use crate::{Fault, locate};

/// The maximum nesting depth of an evaluation: far more than any honest expression needs.
const DEPTH: usize = 2000;

/// The maximum length of a sequence such as `[1..1000000]`.
const ITEMS: usize = 1_000_000;

/// What an evaluation is given besides the expression and the body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outside {
    pub(crate) deadline: Instant,
    /// Makes a number in `0.0..1.0`.
    pub(crate) random: fn() -> f64,
}

/// The result of an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// A string.
    Text(String),
    /// Any other value, as JSON.
    Json(String),
}

/// Checks an expression as far as possible without a body.
pub(crate) fn check(expression: Expression, text: &str) -> Result<(), Fault> {
    never::check(expression, text, &mut parse(expression, text)?)
}

/// Parses an expression.
fn parse(expression: Expression, text: &str) -> Result<AstNode, Fault> {
    parser::parse(text).map_err(|error| Fault {
        position: Some(locate::syntax(text, |prefix| fault_of(parser::parse(prefix)))),
        ..expression.fault(error.to_string())
    })
}

/// Whether the beginning of an expression can be completed.
fn fault_of(parsed: Result<AstNode, ParserError>) -> locate::Beginning {
    match parsed {
        Ok(_) => locate::Beginning::Fine,
        Err(
            ParserError::UnexpectedEnd
            | ParserError::UnclosedString
            | ParserError::UnclosedComment
            | ParserError::UnclosedBacktick,
        ) => locate::Beginning::Fine,
        // "Eof" is the parser's name for the end of the text.
        Err(ParserError::UnexpectedToken(found) | ParserError::Expected { found, .. }) if found == "Eof" => {
            locate::Beginning::Fine
        }
        Err(_) => locate::Beginning::Wrong,
    }
}

/// Whether an expression is true for a body, by the rules of `$boolean`; a missing value is not true.
pub(crate) fn is_true(
    expression: Expression,
    text: &str,
    body: &str,
    outside: Outside,
) -> Result<bool, Fault> {
    let value = value_of(expression, &format!("$boolean({text}\n)"), text, body, outside)?;
    Ok(value.as_bool().unwrap_or(false))
}

/// The result of an expression for a body.
pub(crate) fn evaluate(
    expression: Expression,
    text: &str,
    body: &str,
    outside: Outside,
) -> Result<Made, Fault> {
    let value = value_of(expression, text, text, body, outside)?;
    if value.is_undefined() || value.is_function() {
        return Err(expression.fault("makes nothing of this body that could be sent"));
    }
    if let Some(text) = value.as_str() {
        return Ok(Made::Text(text.to_owned()));
    }
    match value.to_json_string() {
        Ok(json) => Ok(Made::Json(json)),
        Err(error) => Err(expression.fault(format!("makes what is not JSON: {error}"))),
    }
}

/// The key that an expression makes of a body; `None` if it makes nothing or null.
pub(crate) fn key(text: &str, body: &str, outside: Outside) -> Result<Option<String>, Fault> {
    let expression = Expression::OrderKey;
    let value = value_of(expression, text, text, body, outside)?;
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    if let Some(text) = value.as_str() {
        return Ok(Some(text.to_owned()));
    }
    // The number 7 and the text "7" are the same key: producers do not always write ids in the same way.
    match value.to_json_string() {
        Ok(json) if value.is_number() || value.is_bool() => Ok(Some(json)),
        _ => Err(expression.fault("makes neither a string nor a number nor a boolean of this body")),
    }
}

/// Evaluates `whole`; a fault is located in `text`, the part written by the author.
fn value_of(
    expression: Expression,
    whole: &str,
    text: &str,
    body: &str,
    outside: Outside,
) -> Result<JValue, Fault> {
    let data = JValue::from_json_str(body).map_err(Fault::not_json)?;
    // The syntax of `text` is checked first, because the text around it would shift the position.
    parse(expression, text)?;
    run(whole, &data, outside).map_err(|error| {
        let same = |part: &str| matches!(run(part, &data, outside), Err(other) if other.message() == error.message());
        // After the deadline, every part fails in the same way.
        let position = (Instant::now() < outside.deadline).then(|| locate::fault(text, same));
        Fault { position, ..expression.fault(error.message()) }
    })
}

fn run(text: &str, data: &JValue, outside: Outside) -> Result<JValue, EvaluatorError> {
    let mut ast = parser::parse(text).map_err(|error| EvaluatorError::EvaluationError(error.to_string()))?;
    corrected::rewrite(&mut ast);
    let left = outside.deadline.saturating_duration_since(Instant::now());
    let options = EvaluatorOptions {
        timeout_ms: Some(u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1)),
        cancel: None,
        max_stack_depth: Some(DEPTH),
        max_sequence_length: Some(ITEMS),
    };
    let mut evaluator = Evaluator::with_options(Context::new(), options);
    corrected::replace_functions(&mut evaluator, outside.random)?;
    evaluator.evaluate(&ast, data)
}
