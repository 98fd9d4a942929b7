//! JSON that contains expressions: `Arguments`, `Output` and the values of `Assign`.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;
use thiserror::Error;

use crate::error::ExpressionError;
use crate::expression::Expression;
use crate::json::{Json, Name};
use crate::scope::{QueryFailure, Scope};

/// A JSON value in which some strings are expressions. A subtree without expressions is one literal.
#[derive(Debug)]
pub(crate) enum Template {
    Literal(Json),
    Expression(Box<Expression>),
    Array(Vec<Template>),
    Object(Vec<(Name, Template)>),
}

/// The location of an invalid expression in a template.
#[derive(Debug, Error)]
#[error("at `{path}`: {source}")]
struct TemplateError {
    path: String,
    source: ExpressionError,
}

impl Template {
    /// Evaluates the template.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Json, QueryFailure> {
        match self {
            Template::Literal(value) => Ok(value.clone()),
            Template::Expression(expression) => scope.evaluate(expression),
            Template::Array(items) => {
                let item = |(index, item): (usize, &Template)| {
                    item.evaluate(scope).map_err(|failure| failure.within(&format!("[{index}]")))
                };
                items.iter().enumerate().map(item).collect::<Result<_, _>>().map(Json::array)
            }
            Template::Object(fields) => {
                let mut object = Vec::with_capacity(fields.len());
                for (name, field) in fields {
                    let value = field.evaluate(scope).map_err(|failure| failure.within(name))?;
                    object.push((name.clone(), value));
                }
                Ok(Json::object_of_distinct(object))
            }
        }
    }

    /// Adds the template's expressions to `found`.
    pub(crate) fn collect<'a>(&'a self, found: &mut Vec<&'a Expression>) {
        match self {
            Template::Literal(_) => {}
            Template::Expression(expression) => found.push(expression),
            Template::Array(items) => items.iter().for_each(|item| item.collect(found)),
            Template::Object(fields) => fields.iter().for_each(|(_, field)| field.collect(found)),
        }
    }

    fn parse(value: Value, path: &str) -> Result<Template, TemplateError> {
        let refuse = |source| TemplateError { path: path.to_owned(), source };
        match value {
            Value::String(string) => Ok(match Expression::find(&string).map_err(refuse)? {
                Some(expression) => Template::Expression(Box::new(expression)),
                None => Template::Literal(Json::from(string)),
            }),
            Value::Array(items) if items.iter().any(has_expression) => {
                let parse = |(index, item)| Template::parse(item, &format!("{path}[{index}]"));
                items.into_iter().enumerate().map(parse).collect::<Result<_, _>>().map(Template::Array)
            }
            Value::Object(fields) if fields.values().any(has_expression) => {
                let parse = |(name, field)| {
                    let template = Template::parse(field, &format!("{path}/{name}"))?;
                    Ok((Name::from(name), template))
                };
                fields.into_iter().map(parse).collect::<Result<_, _>>().map(Template::Object)
            }
            literal => Ok(Template::Literal(Json::from(literal))),
        }
    }
}

/// Whether a value contains any sign of an expression, valid or not, and so must be parsed.
fn has_expression(value: &Value) -> bool {
    match value {
        Value::String(string) => string.contains("{%") || string.contains("%}"),
        Value::Array(items) => items.iter().any(has_expression),
        Value::Object(fields) => fields.values().any(has_expression),
        _ => false,
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Template, D::Error> {
        Template::parse(Value::deserialize(deserializer)?, "").map_err(D::Error::custom)
    }
}
