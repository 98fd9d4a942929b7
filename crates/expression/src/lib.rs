//! Filters and transforms: conditions and JSONata applied to a body (docs/adr/0017).
//!
//! Authors of expressions are not trusted: an expression may loop, nest or grow without end, and the
//! evaluator is no sandbox. [`Sandbox`] evaluates expressions in a separate process with limits; [`apply`]
//! and [`check`] run inside that process and must not be called in a process that serves others.

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

/// A job for a sandbox process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Checks that expressions parse and that the values of conditions are valid. There is no body.
    Check(PayloadRules),
    /// Applies the rules to a body.
    Apply(PayloadRules),
}

/// The result of applying rules to a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The body is sent unchanged.
    AsItIs,
    /// Another body is sent instead. Its bytes are transferred separately from the verdict.
    Replaced {
        /// The `Content-Type` of the new body.
        content_type: String,
        /// The bytes.
        #[serde(skip)]
        body: Vec<u8>,
    },
    /// The body is not sent because it does not pass the filter, for this reason.
    Missed(String),
    /// The body cannot be sent.
    Failed(Fault),
}

/// Checks the rules as far as possible without a body.
///
/// # Errors
/// If the rules have a fault; the error is the first one.
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

/// Applies the rules to a body.
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

/// Why a body does not pass the filter; `None` if it passes.
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
