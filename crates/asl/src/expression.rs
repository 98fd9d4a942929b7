//! One `{% … %}` expression, parsed when the definition is loaded.

use jsonata_core::ast::AstNode;
use jsonata_core::parser;
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::direct::Direct;
use crate::error::ExpressionError;
use crate::names::Names;

/// A JSONata expression that this interpreter supports.
#[derive(Debug)]
pub(crate) struct Expression {
    /// The text between `{%` and `%}`, for messages.
    pub(crate) text: String,
    pub(crate) ast: AstNode,
    pub(crate) names: Names,
    /// The expression in a form that needs no evaluator, if it has one.
    pub(crate) direct: Option<Direct>,
}

impl Expression {
    /// Parses a string if it is an expression.
    pub(crate) fn find(string: &str) -> Result<Option<Expression>, ExpressionError> {
        let inner = string.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}"));
        let rest = inner.unwrap_or(string);
        if rest.contains("{%") || rest.contains("%}") {
            return Err(ExpressionError::NotWhole(string.to_owned()));
        }
        inner.map(Expression::parse).transpose()
    }

    fn parse(inner: &str) -> Result<Expression, ExpressionError> {
        let text = inner.trim().to_owned();
        match parser::parse(&text) {
            Ok(ast) => Ok(Expression { names: Names::of(&ast)?, direct: Direct::of(&ast), text, ast }),
            Err(source) => Err(ExpressionError::Syntax { text, source }),
        }
    }
}

/// Deserialises from a string that must be an expression.
impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Expression, D::Error> {
        let string = String::deserialize(deserializer)?;
        let found = Expression::find(&string).map_err(D::Error::custom)?;
        found.ok_or_else(|| D::Error::custom(ExpressionError::NotExpression(string)))
    }
}
