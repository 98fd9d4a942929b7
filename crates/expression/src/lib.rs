//! Filters and transforms: conditions and JSONata over a body (docs/adr/0017).
//!
//! Whoever writes an expression is not trusted: it may loop, nest or grow without end, and the evaluator is no sandbox.
//! [`Sandbox`] evaluates in a process of its own with limits; [`apply`] and [`check`] are what that process does, and are not
//! to be called in one that others depend on.

mod conditions;
mod jsonata;
mod locate;
mod sandbox;

use std::time::Instant;

use hookstep_contract::limits::{MAX_TRANSFORMED_BYTES, RULES_TIMEOUT};
use hookstep_contract::{Filter, PayloadRules, Transform};
use serde::{Deserialize, Serialize};

pub use sandbox::{Sandbox, SandboxError, work_if_asked};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Look at the syntax of expressions and at the values of conditions; there is no body.
    Check(PayloadRules),
    /// Say what becomes of a body.
    Apply(PayloadRules),
}

/// What becomes of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is sent as it is.
    AsItIs,
    /// This is sent in its place. It is beside the verdict where the verdict travels.
    Replaced {
        /// Its `Content-Type`.
        content_type: String,
        /// The bytes.
        #[serde(skip)]
        body: Vec<u8>,
    },
    /// It is not sent, for it does not pass the filter.
    Missed(String),
    /// It cannot be sent.
    Failed(Fault),
}

/// What is wrong with a filter, a transform, or the body they are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where: `filter.jsonata`, `transform.jsonata`, a condition, or `body`.
    pub field: String,
    /// Where in an expression: the character, from 1, at or before which it goes wrong.
    pub position: Option<usize>,
    /// What: a JSONata error with its code, for one.
    pub reason: String,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), position: None, reason: reason.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some(position) => write!(f, "{} at character {position}: {}", self.field, self.reason),
            None => write!(f, "{}: {}", self.field, self.reason),
        }
    }
}

/// The field of a filter's expression.
const FILTER: &str = "filter.jsonata";
/// The field of a transform's expression.
const TRANSFORM: &str = "transform.jsonata";

/// Looks at what can be wrong before there is a body.
///
/// # Errors
/// The first fault.
pub fn check(rules: &PayloadRules) -> Result<(), Fault> {
    if let Some(filter) = &rules.filter {
        conditions::check(filter)?;
        if let Some(text) = &filter.jsonata {
            jsonata::parse(FILTER, text)?;
        }
    }
    if let Some(transform) = &rules.transform {
        jsonata::parse(TRANSFORM, &transform.jsonata)?;
    }
    Ok(())
}

/// Says what becomes of a body.
pub fn apply(rules: &PayloadRules, body: &[u8]) -> Verdict {
    match try_apply(rules, body) {
        Ok(verdict) => verdict,
        Err(fault) => Verdict::Failed(fault),
    }
}

fn try_apply(rules: &PayloadRules, body: &[u8]) -> Result<Verdict, Fault> {
    let deadline = Instant::now() + RULES_TIMEOUT;
    let text = std::str::from_utf8(body).map_err(|_| Fault::new("body", "is not JSON: it is not text"))?;
    if let Some(filter) = &rules.filter
        && let Some(miss) = missed(filter, text, deadline)?
    {
        return Ok(Verdict::Missed(miss));
    }
    match &rules.transform {
        Some(transform) => replaced(transform, text, deadline),
        None => Ok(Verdict::AsItIs),
    }
}

/// Why a body does not pass; `None` when it does.
fn missed(filter: &Filter, body: &str, deadline: Instant) -> Result<Option<String>, Fault> {
    let Some(expression) = &filter.jsonata else {
        let body = serde_json::from_str(body).map_err(not_json)?;
        return conditions::missed(filter, &body);
    };
    let passes = jsonata::is_true(FILTER, expression, body, deadline)?;
    Ok((!passes).then(|| "the filter's expression is not true of this body".to_owned()))
}

fn replaced(transform: &Transform, body: &str, deadline: Instant) -> Result<Verdict, Fault> {
    let result = jsonata::evaluate(TRANSFORM, &transform.jsonata, body, deadline)?;
    let (body, usual) = match result {
        jsonata::Made::Text(text) => (text.into_bytes(), "text/plain; charset=utf-8"),
        jsonata::Made::Json(text) => (text.into_bytes(), "application/json"),
    };
    if body.len() > MAX_TRANSFORMED_BYTES {
        return Err(Fault::new(TRANSFORM, format!("makes more than {MAX_TRANSFORMED_BYTES} bytes")));
    }
    let content_type = transform.content_type.clone().unwrap_or_else(|| usual.to_owned());
    Ok(Verdict::Replaced { content_type, body })
}

fn not_json(error: serde_json::Error) -> Fault {
    Fault::new("body", format!("is not JSON: {error}"))
}

#[cfg(test)]
mod tests;
