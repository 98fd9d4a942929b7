//! Filters and transforms: conditions and JSONata over a body (docs/adr/0017).
//!
//! Whoever writes an expression is not trusted: it may loop, nest or grow without end, and the evaluator is no sandbox.
//! [`Sandbox`] evaluates in a process of its own with limits; [`apply`] and [`check`] are what that process does, and are not
//! to be called in one that others depend on.

mod conditions;
mod fault;
mod jsonata;
mod locate;
mod sandbox;

use std::time::Instant;

use hookstep_contract::limits::{MAX_TRANSFORMED_BYTES, RULES_TIMEOUT};
use hookstep_contract::{Filter, PayloadRules, Transform};
use serde::{Deserialize, Serialize};

use fault::Expression;

pub use fault::Fault;
pub use sandbox::{Sandbox, SandboxError, work_if_asked};

/// What a process of the sandbox is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Whether expressions parse and the values of conditions are valid. There is no body.
    Check(PayloadRules),
    /// What becomes of this body.
    Apply(PayloadRules),
}

/// What becomes of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The body is sent as it is.
    AsItIs,
    /// This is sent in the place of the body. Its bytes travel beside the verdict.
    Replaced {
        /// Its `Content-Type`.
        content_type: String,
        /// The bytes.
        #[serde(skip)]
        body: Vec<u8>,
    },
    /// The body is not sent, since it does not pass the filter: why.
    Missed(String),
    /// The body cannot be sent.
    Failed(Fault),
}

/// Looks at what can be wrong before there is a body.
///
/// # Errors
/// The first fault.
pub fn check(rules: &PayloadRules) -> Result<(), Fault> {
    if let Some(filter) = &rules.filter {
        conditions::check(filter)?;
        if let Some(text) = &filter.jsonata {
            jsonata::parse(Expression::Filter, text)?;
        }
    }
    if let Some(transform) = &rules.transform {
        jsonata::parse(Expression::Transform, &transform.jsonata)?;
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
    let text = std::str::from_utf8(body).map_err(|_| Fault::not_json("it is not text"))?;
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
        let body = serde_json::from_str(body).map_err(Fault::not_json)?;
        return conditions::missed(filter, &body);
    };
    let passes = jsonata::is_true(Expression::Filter, expression, body, deadline)?;
    Ok((!passes).then(|| "the filter's expression is not true of this body".to_owned()))
}

fn replaced(transform: &Transform, body: &str, deadline: Instant) -> Result<Verdict, Fault> {
    let result = jsonata::evaluate(Expression::Transform, &transform.jsonata, body, deadline)?;
    let (body, usual) = match result {
        jsonata::Made::Text(text) => (text.into_bytes(), "text/plain; charset=utf-8"),
        jsonata::Made::Json(text) => (text.into_bytes(), "application/json"),
    };
    if body.len() > MAX_TRANSFORMED_BYTES {
        return Err(Expression::Transform.fault(format!("makes more than {MAX_TRANSFORMED_BYTES} bytes")));
    }
    let content_type = transform.content_type.clone().unwrap_or_else(|| usual.to_owned());
    Ok(Verdict::Replaced { content_type, body })
}

#[cfg(test)]
mod tests;
