//! Conditions: twenty operators on fields of a JSON body.

mod path;

use std::cmp::Ordering;

use hookstep_contract::{Condition, FieldKind, Filter, LogicalOperator, Operator, ReasonCode};
use serde_json::Value;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime};

use crate::Fault;

/// A value converted to the type of its condition.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Typed {
    Text(String),
    Number(f64),
    Boolean(bool),
    Day(Date),
    Moment(OffsetDateTime),
}

/// Checks the values that conditions compare with.
pub(crate) fn check(filter: &Filter) -> Result<(), Fault> {
    for (index, condition) in filter.conditions.iter().enumerate() {
        let wrong = |field: &str, reason: String| {
            Fault::new(ReasonCode::FilterFault, format!("filter.conditions[{index}].{field}"), reason)
        };
        path::parse(&condition.field).map_err(|reason| wrong("field", reason.to_owned()))?;
        for (place, value) in condition.values.iter().enumerate() {
            let (fits, what) = if condition.operator.is_length() {
                (value.parse::<u64>().is_ok(), "a whole number, not negative")
            } else {
                (typed(&Value::String(value.clone()), condition.kind).is_some(), name_of(condition.kind))
            };
            if !fits {
                return Err(wrong(&format!("values[{place}]"), format!("must be {what}")));
            }
        }
    }
    Ok(())
}

fn name_of(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::String => "a text",
        FieldKind::Number => "a number",
        FieldKind::Boolean => "true or false",
        FieldKind::Date => "a day like 2026-01-31",
        FieldKind::Datetime => "a moment like 2026-01-31T12:00:00Z",
    }
}

/// Why a body does not pass the filter; `None` if it passes.
pub(crate) fn missed(filter: &Filter, body: &Value) -> Result<Option<String>, Fault> {
    let mut broken = Vec::new();
    for condition in &filter.conditions {
        if !holds(condition, body) {
            broken.push(condition);
        }
    }
    let passes = match filter.logical_operator {
        LogicalOperator::And => broken.is_empty(),
        LogicalOperator::Or => broken.len() < filter.conditions.len(),
    };
    Ok((!passes).then(|| match (filter.logical_operator, broken.first()) {
        (LogicalOperator::And, Some(condition)) => {
            format!("the filter's condition does not hold: {}", in_words(condition))
        }
        _ => "none of the filter's conditions holds".to_owned(),
    }))
}

fn in_words(condition: &Condition) -> String {
    let words =
        format!("{} {} {}", condition.field, condition.operator.as_str(), condition.values.join(", "));
    words.trim_end().to_owned()
}

/// Whether a condition holds. If the body has several values for the field, one match is enough; a negated
/// condition must hold for all of them.
fn holds(condition: &Condition, body: &Value) -> bool {
    let Ok(path) = path::parse(&condition.field) else { return false };
    let found = path::follow(&path, body);
    let is_one_of = || items(&found).any(|value| equals_any(value, condition));
    let contains =
        || items(&found).any(|value| by_text(value, condition, |text, wanted| text.contains(wanted)));
    let ordered = |wanted: fn(Ordering) -> bool| {
        items(&found).any(|value| compared(value, condition).is_some_and(wanted))
    };
    let length = |wanted: fn(Ordering) -> bool| {
        let given = condition.values.first().and_then(|value| value.parse::<usize>().ok());
        given.is_some_and(|given| wanted(path::count(&found).cmp(&given)))
    };
    match condition.operator {
        Operator::Equals | Operator::AnyOf => is_one_of(),
        Operator::NotEquals | Operator::NoneOf => !is_one_of(),
        Operator::Contains => contains(),
        Operator::NotContains => !contains(),
        Operator::StartsWith => {
            items(&found).any(|value| by_text(value, condition, |text, wanted| text.starts_with(wanted)))
        }
        Operator::EndsWith => {
            items(&found).any(|value| by_text(value, condition, |text, wanted| text.ends_with(wanted)))
        }
        Operator::GreaterThan => ordered(Ordering::is_gt),
        Operator::LessThan => ordered(Ordering::is_lt),
        Operator::GreaterThanOrEquals => ordered(Ordering::is_ge),
        Operator::LessThanOrEquals => ordered(Ordering::is_le),
        Operator::IsEmpty => found.iter().all(|value| is_empty(value)),
        Operator::IsNotEmpty => !found.iter().all(|value| is_empty(value)),
        Operator::LengthEquals => length(Ordering::is_eq),
        Operator::LengthNotEquals => length(Ordering::is_ne),
        Operator::LengthGreaterThan => length(Ordering::is_gt),
        Operator::LengthLessThan => length(Ordering::is_lt),
        Operator::LengthGreaterThanOrEquals => length(Ordering::is_ge),
        Operator::LengthLessThanOrEquals => length(Ordering::is_le),
    }
}

/// The values found, with lists expanded to their items.
fn items<'a>(found: &'a [&'a Value]) -> impl Iterator<Item = &'a Value> {
    found.iter().flat_map(|value| match value {
        Value::Array(items) => items.iter().collect::<Vec<_>>(),
        value => vec![*value],
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn equals_any(value: &Value, condition: &Condition) -> bool {
    let Some(value) = typed(value, condition.kind) else { return false };
    condition.values.iter().any(|wanted| {
        typed(&Value::String(wanted.clone()), condition.kind).is_some_and(|wanted| wanted == value)
    })
}

fn compared(value: &Value, condition: &Condition) -> Option<Ordering> {
    let wanted = typed(&Value::String(condition.values.first()?.clone()), condition.kind)?;
    typed(value, condition.kind)?.partial_cmp(&wanted)
}

fn by_text(value: &Value, condition: &Condition, is_so: impl Fn(&str, &str) -> bool) -> bool {
    let (Some(Typed::Text(text)), Some(wanted)) = (typed(value, FieldKind::String), condition.values.first())
    else {
        return false;
    };
    is_so(&text, wanted)
}

/// The value read as `kind`, or `None` if it is not of that kind.
fn typed(value: &Value, kind: FieldKind) -> Option<Typed> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match kind {
        FieldKind::String => Some(Typed::Text(text)),
        FieldKind::Number => {
            text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Typed::Number)
        }
        FieldKind::Boolean => text.parse().ok().map(Typed::Boolean),
        FieldKind::Date => moment(&text).map(|moment| moment.date()).or_else(|| day(&text)).map(Typed::Day),
        FieldKind::Datetime => moment(&text).map(Typed::Moment),
    }
}

fn day(text: &str) -> Option<Date> {
    Date::parse(text, &Iso8601::DATE).ok()
}

fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}
