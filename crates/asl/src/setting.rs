//! A typed field, such as `TimeoutSeconds`: a literal or an expression.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;
use time::OffsetDateTime;

use crate::expression::Expression;
use crate::scope::{QueryFailure, Scope};

/// A literal `T`, or an expression that evaluates to one.
#[derive(Debug)]
pub(crate) enum Setting<T> {
    Literal(T),
    Expression(Box<Expression>),
}

/// A time in RFC 3339 format.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Timestamp(#[serde(with = "time::serde::rfc3339")] pub(crate) OffsetDateTime);

impl<T: DeserializeOwned + Clone> Setting<T> {
    /// Evaluates the setting; `field` is used in the error.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Result<T, QueryFailure> {
        match self {
            Setting::Literal(literal) => Ok(literal.clone()),
            Setting::Expression(expression) => evaluate_as(expression, scope, field),
        }
    }
}

impl<T> Setting<T> {
    pub(crate) fn expression(&self) -> Option<&Expression> {
        match self {
            Setting::Literal(_) => None,
            Setting::Expression(expression) => Some(expression),
        }
    }
}

/// Evaluates an expression whose value must be a `T`.
pub(crate) fn evaluate_as<T: DeserializeOwned>(
    expression: &Expression,
    scope: &Scope<'_>,
    field: &str,
) -> Result<T, QueryFailure> {
    let value = scope.evaluate(expression).map_err(|failure| failure.within(field))?;
    value.decode().map_err(|error| {
        let problem = format!("returned a value that does not fit: {error}");
        QueryFailure::new(expression, problem).within(field)
    })
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Setting<T>, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Value::String(string) = &value
            && let Some(expression) = Expression::find(string).map_err(D::Error::custom)?
        {
            return Ok(Setting::Expression(Box::new(expression)));
        }
        T::deserialize(value).map(Setting::Literal).map_err(D::Error::custom)
    }
}
