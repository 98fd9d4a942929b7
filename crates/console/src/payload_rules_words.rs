//! Filters and transforms in plain words.

use hookstep_contract::{Condition, Filter, LogicalOperator, Operator, Transform};
use maud::{Markup, html};

/// The words for an operator.
pub(crate) fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Equals => "is",
        Operator::NotEquals => "is not",
        Operator::AnyOf => "is one of",
        Operator::NoneOf => "is none of",
        Operator::Contains => "contains",
        Operator::NotContains => "does not contain",
        Operator::StartsWith => "starts with",
        Operator::EndsWith => "ends with",
        Operator::GreaterThan => "is more than",
        Operator::LessThan => "is less than",
        Operator::GreaterThanOrEquals => "is at least",
        Operator::LessThanOrEquals => "is at most",
        Operator::IsEmpty => "is empty",
        Operator::IsNotEmpty => "is not empty",
        Operator::LengthEquals => "item count is",
        Operator::LengthNotEquals => "item count is not",
        Operator::LengthGreaterThan => "item count is more than",
        Operator::LengthLessThan => "item count is less than",
        Operator::LengthGreaterThanOrEquals => "item count is at least",
        Operator::LengthLessThanOrEquals => "item count is at most",
    }
}

/// The filter in words.
pub(crate) fn filter(filter: &Filter) -> Markup {
    html! {
        @match (&filter.jsonata, filter.conditions.as_slice()) {
            (Some(expression), _) => { p { "Sent when this is true of the body:" } (code(expression)) }
            (None, [only]) => { p { "Sent when " (sentence(only)) "." } }
            (None, many) => {
                p { @match filter.logical_operator {
                    LogicalOperator::And => { "Sent when all of these hold:" }
                    LogicalOperator::Or => { "Sent when one of these holds:" }
                } }
                ul.conditions { @for condition in many { li { (sentence(condition)) } } }
            }
        }
    }
}

fn sentence(condition: &Condition) -> Markup {
    html! {
        code { (condition.field) } " " (operator(condition.operator))
        @for (index, value) in condition.values.iter().enumerate() {
            @if index > 0 { "," }
            " " code { @if value.is_empty() { "\"\"" } @else { (value) } }
        }
    }
}

/// The transform, with its expression.
pub(crate) fn transform(transform: &Transform) -> Markup {
    html! {
        details {
            summary { "The body is transformed" }
            (code(&transform.jsonata))
            @if let Some(content_type) = &transform.content_type {
                p.muted.small { "Sent as " code { (content_type) } }
            }
        }
    }
}

fn code(expression: &str) -> Markup {
    html! { pre.code tabindex="0" { (expression) } }
}
