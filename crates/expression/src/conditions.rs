//! Conditions: twenty operators on fields of a JSON body.

mod decimal;
mod value;

use std::cmp::Ordering;

use hookstep_contract::{
    Condition, FieldKind, Filter, JsonLevel, JsonLevels, JsonPath, LogicalOperator, Operator, ReasonCode,
};
use serde_json::value::RawValue;

use crate::Fault;
use value::{Typed, text_of};

/// Checks the values that conditions compare with.
pub(crate) fn check(filter: &Filter) -> Result<(), Fault> {
    for (index, condition) in filter.conditions.iter().enumerate() {
        let wrong = |field: &str, reason: String| {
            Fault::new(ReasonCode::FilterFault, format!("filter.conditions[{index}].{field}"), reason)
        };
        JsonPath::parse(&condition.field).map_err(|reason| wrong("field", reason.to_owned()))?;
        for (place, value) in condition.values.iter().enumerate() {
            let (fits, what) = if condition.operator.is_length() {
                (value.parse::<u64>().is_ok(), "a whole number, not negative")
            } else {
                (Typed::parse(value, condition.kind).is_some(), name_of(condition.kind))
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
        FieldKind::Datetime => "a moment like 2026-01-31T12:00:00Z, with its offset",
    }
}

/// Why a body does not pass the filter; `None` if it passes.
pub(crate) fn missed(filter: &Filter, body: &RawValue) -> Result<Option<String>, Fault> {
    let (mut broken, mut levels) = (Vec::new(), JsonLevels::default());
    for condition in &filter.conditions {
        let found = Found::of(condition, body, &mut levels).map_err(Fault::not_json)?;
        if !found.holds(condition).map_err(Fault::not_json)? {
            broken.push((condition, found));
        }
    }
    let passes = match filter.logical_operator {
        LogicalOperator::And => broken.is_empty(),
        LogicalOperator::Or => broken.len() < filter.conditions.len(),
    };
    if passes {
        return Ok(None);
    }
    let mut reason = match (filter.logical_operator, broken.first()) {
        (LogicalOperator::And, Some((condition, _))) => {
            format!("the filter's condition does not hold: {}", in_words(condition))
        }
        _ => "none of the filter's conditions holds".to_owned(),
    };
    for (condition, found) in broken {
        if found.is_of_another_kind(condition).map_err(Fault::not_json)? {
            let (field, wanted) = (&condition.field, name_of(condition.kind));
            reason.push_str(&format!("; the value of {field} is not {wanted}"));
            break;
        }
    }
    Ok(Some(reason))
}

fn in_words(condition: &Condition) -> String {
    let words =
        format!("{} {} {}", condition.field, condition.operator.as_str(), condition.values.join(", "));
    words.trim_end().to_owned()
}

/// What a body has for the field of a condition.
struct Found<'a> {
    values: Vec<&'a RawValue>,
    /// The values, with lists expanded to their items.
    items: Vec<&'a RawValue>,
}

impl<'a> Found<'a> {
    fn of(
        condition: &Condition,
        body: &'a RawValue,
        levels: &mut JsonLevels<'a>,
    ) -> Result<Self, serde_json::Error> {
        let values = match JsonPath::parse(&condition.field) {
            Ok(path) => path.follow(body, levels)?,
            Err(_) => Vec::new(),
        };
        let mut items = Vec::new();
        for value in &values {
            match JsonLevel::of(value)? {
                JsonLevel::List(inner) => items.extend(inner),
                _ => items.push(*value),
            }
        }
        Ok(Self { values, items })
    }

    /// Whether the condition holds. If the body has several values for the field, one match is enough; a
    /// negated condition must hold for all of them.
    fn holds(&self, condition: &Condition) -> Result<bool, serde_json::Error> {
        match condition.operator {
            Operator::Equals | Operator::AnyOf => self.is_one_of(condition),
            Operator::NotEquals | Operator::NoneOf => self.is_one_of(condition).map(|is| !is),
            Operator::Contains => self.by_text(condition, |text, wanted| text.contains(wanted)),
            Operator::NotContains => {
                self.by_text(condition, |text, wanted| text.contains(wanted)).map(|contains| !contains)
            }
            Operator::StartsWith => self.by_text(condition, |text, wanted| text.starts_with(wanted)),
            Operator::EndsWith => self.by_text(condition, |text, wanted| text.ends_with(wanted)),
            Operator::GreaterThan => self.ordered(condition, Ordering::is_gt),
            Operator::LessThan => self.ordered(condition, Ordering::is_lt),
            Operator::GreaterThanOrEquals => self.ordered(condition, Ordering::is_ge),
            Operator::LessThanOrEquals => self.ordered(condition, Ordering::is_le),
            Operator::IsEmpty => self.is_empty(),
            Operator::IsNotEmpty => self.is_empty().map(|is| !is),
            Operator::LengthEquals => self.length(condition, Ordering::is_eq),
            Operator::LengthNotEquals => self.length(condition, Ordering::is_ne),
            Operator::LengthGreaterThan => self.length(condition, Ordering::is_gt),
            Operator::LengthLessThan => self.length(condition, Ordering::is_lt),
            Operator::LengthGreaterThanOrEquals => self.length(condition, Ordering::is_ge),
            Operator::LengthLessThanOrEquals => self.length(condition, Ordering::is_le),
        }
    }

    fn is_one_of(&self, condition: &Condition) -> Result<bool, serde_json::Error> {
        let wanted = condition.values.iter().filter_map(|value| Typed::parse(value, condition.kind));
        let wanted: Vec<_> = wanted.collect();
        self.any(|item| Ok(Typed::of(item, condition.kind)?.is_some_and(|value| wanted.contains(&value))))
    }

    fn by_text(
        &self,
        condition: &Condition,
        is_so: impl Fn(&str, &str) -> bool,
    ) -> Result<bool, serde_json::Error> {
        let Some(wanted) = condition.values.first() else { return Ok(false) };
        self.any(|item| Ok(text_of(item)?.is_some_and(|text| is_so(&text, wanted))))
    }

    fn ordered(
        &self,
        condition: &Condition,
        is_wanted: fn(Ordering) -> bool,
    ) -> Result<bool, serde_json::Error> {
        let wanted = condition.values.first().and_then(|value| Typed::parse(value, condition.kind));
        let Some(wanted) = wanted else { return Ok(false) };
        self.any(|item| {
            let value = Typed::of(item, condition.kind)?;
            Ok(value.and_then(|value| value.partial_cmp(&wanted)).is_some_and(is_wanted))
        })
    }

    fn is_empty(&self) -> Result<bool, serde_json::Error> {
        let is_empty = |level| match level {
            JsonLevel::Null => true,
            JsonLevel::Text(text) => text.is_empty(),
            JsonLevel::List(items) => items.is_empty(),
            JsonLevel::Object(fields) => fields.is_empty(),
            JsonLevel::Plain => false,
        };
        for value in &self.values {
            if !is_empty(JsonLevel::of(value)?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Compares the number of values: the length of a list, 1 for a single value, 0 for nothing and for null.
    fn length(
        &self,
        condition: &Condition,
        is_wanted: fn(Ordering) -> bool,
    ) -> Result<bool, serde_json::Error> {
        let wanted = condition.values.first().and_then(|value| value.parse::<usize>().ok());
        let Some(wanted) = wanted else { return Ok(false) };
        let mut length = 0;
        for value in &self.values {
            length += match JsonLevel::of(value)? {
                JsonLevel::Null => 0,
                JsonLevel::List(items) => items.len(),
                _ => 1,
            };
        }
        Ok(is_wanted(length.cmp(&wanted)))
    }

    /// Whether the body has something for the field, but nothing of the kind that the condition compares.
    fn is_of_another_kind(&self, condition: &Condition) -> Result<bool, serde_json::Error> {
        let is_something = self.any(|item| Ok(text_of(item)?.is_some()))?;
        Ok(is_something && !self.any(|item| Ok(Typed::of(item, condition.kind)?.is_some()))?)
    }

    fn any(
        &self,
        mut is_so: impl FnMut(&RawValue) -> Result<bool, serde_json::Error>,
    ) -> Result<bool, serde_json::Error> {
        for item in &self.items {
            if is_so(item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
