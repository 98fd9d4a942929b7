//! What is wrong with a filter, a transform, or the body they are applied to.

use std::fmt;

use hookstep_contract::{Reason, ReasonCode};
use serde::{Deserialize, Serialize};

/// What is wrong with a filter, a transform, or the body they are applied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which of them is at fault.
    pub code: ReasonCode,
    /// The field at fault: `filter.jsonata`, `transform.jsonata`, `ordering.key`, a condition, or `body`.
    pub field: String,
    /// The position in the expression: the character, counted from 1, at or before which the fault lies.
    pub position: Option<usize>,
    /// What is wrong, for example a JSONata error with its code.
    pub reason: String,
}

/// An expression of a webhook.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expression {
    Filter,
    Transform,
    OrderKey,
}

impl Expression {
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Filter => "filter.jsonata",
            Self::Transform => "transform.jsonata",
            Self::OrderKey => "ordering.key",
        }
    }

    pub(crate) fn code(self) -> ReasonCode {
        match self {
            Self::Filter => ReasonCode::FilterFault,
            Self::Transform => ReasonCode::TransformFault,
            Self::OrderKey => ReasonCode::OrderKeyFault,
        }
    }

    /// A fault of this expression.
    pub(crate) fn fault(self, reason: impl Into<String>) -> Fault {
        Fault::new(self.code(), self.field(), reason)
    }
}

impl Fault {
    /// A fault at no position.
    pub fn new(code: ReasonCode, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code, field: field.into(), position: None, reason: reason.into() }
    }

    /// The same without what the expression says, which may repeat a part of the body. Its field and position stay.
    #[must_use]
    pub fn without_message(mut self) -> Self {
        if matches!(
            self.code,
            ReasonCode::FilterFault | ReasonCode::TransformFault | ReasonCode::OrderKeyFault
        ) {
            self.reason =
                "fails on the body; what it says is not kept, because it may repeat what the org redacts"
                    .to_owned();
        }
        self
    }

    pub(crate) fn not_json(error: impl fmt::Display) -> Self {
        Self::new(ReasonCode::BodyNotJson, "body", format!("is not JSON: {error}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{} at character {position}: {}", self.field, self.reason),
            None => write!(f, "{}: {}", self.field, self.reason),
        }
    }
}

impl From<Fault> for Reason {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code, fault.to_string())
    }
}
