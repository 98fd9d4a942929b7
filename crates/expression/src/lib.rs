//! Filters, transforms and keys of an order: conditions and JSONata applied to a body (docs/adr/0017, docs/adr/0051).
//!
//! Authors of expressions are not trusted: an expression may loop, nest or grow without end, and the
//! evaluator is no sandbox. [`Sandbox`] evaluates expressions in a separate process with limits; [`apply`]
//! and [`check`] run inside that process and must not be called in a process that serves others.

mod conditions;
mod fault;
mod jsonata;
mod locate;
mod readable;
mod sandbox;

use std::time::Instant;

use hookstep_contract::limits::{MAX_TRANSFORMED_BYTES, RULES_TIMEOUT};
use hookstep_contract::{Filter, PayloadRules, Transform};
use serde::{Deserialize, Serialize};

use fault::Expression;
use jsonata::Outside;
use readable::readable;

pub use fault::Fault;
pub use sandbox::{Sandbox, SandboxError, work_if_asked};

/// A job for a sandbox process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Checks expressions and the values of conditions. There is no body.
    Check(PayloadRules),
    /// Applies the rules to a body.
    Apply(PayloadRules),
}

/// What is made of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Whether it is sent, and what is sent in its place.
    pub verdict: Verdict,
    /// The key of its order, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_key: Option<String>,
}

/// The result of applying a filter and a transform to a body.
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
            jsonata::check(Expression::Filter, text)?;
        }
    }
    if let Some(transform) = &rules.transform {
        jsonata::check(Expression::Transform, &transform.jsonata)?;
    }
    if let Some(key) = &rules.order_key {
        jsonata::check(Expression::OrderKey, key)?;
    }
    Ok(())
}

/// Applies the rules to a body; `random` makes numbers in `0.0..1.0` for the expressions.
pub fn apply(rules: &PayloadRules, body: &[u8], random: fn() -> f64) -> Applied {
    let outside = Outside { deadline: Instant::now() + RULES_TIMEOUT, random };
    let text = readable(body);
    let passed = rules.filter.as_ref().map(|filter| missed(filter, &text, outside)).transpose();
    let order_key = match passed {
        Ok(Some(Some(miss))) => return Verdict::Missed(miss).into(),
        Ok(_) => rules.order_key.as_ref().map(|key| jsonata::key(key, &text, outside)).transpose(),
        Err(fault) => Err(fault),
    };
    let order_key = match order_key {
        Ok(key) => key.flatten(),
        Err(fault) => return Verdict::Failed(fault).into(),
    };
    let made = rules.transform.as_ref().map(|transform| replaced(transform, &text, outside));
    let verdict = made.unwrap_or(Ok(Verdict::AsItIs)).unwrap_or_else(Verdict::Failed);
    Applied { verdict, order_key }
}

impl From<Verdict> for Applied {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, order_key: None }
    }
}

/// Why a body does not pass the filter; `None` if it passes.
fn missed(filter: &Filter, body: &str, outside: Outside) -> Result<Option<String>, Fault> {
    let Some(expression) = &filter.jsonata else {
        let body = serde_json::from_str(body).map_err(Fault::not_json)?;
        return conditions::missed(filter, body);
    };
    let passes = jsonata::is_true(Expression::Filter, expression, body, outside)?;
    Ok((!passes).then(|| "the filter's expression is not true of this body".to_owned()))
}

fn replaced(transform: &Transform, body: &str, outside: Outside) -> Result<Verdict, Fault> {
    let result = jsonata::evaluate(Expression::Transform, &transform.jsonata, body, outside)?;
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
