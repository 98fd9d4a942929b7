//! A webhook's filter, transform and key of its order, which are applied to a body before it is sent (docs/adr/0017).

use serde::{Deserialize, Serialize};

use crate::limits::{CONDITION_VALUES, CONTENT_TYPE_CHARS, EXPRESSION_CHARS, FIELD_CHARS, MAX_CONDITIONS};
use crate::object::Object;
use crate::{ConfigFields, EventMetadata, FieldError, Ordering};

/// Which events are sent: those that meet all conditions, or one of them, or those for which an expression is
/// true.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Up to ten conditions; cannot be combined with `jsonata`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "objects")]
    pub conditions: Vec<Condition>,
    /// Whether all conditions must be met, or one is enough.
    #[serde(default)]
    pub logical_operator: LogicalOperator,
    /// A JSONata expression over the body; the event is sent if the result is true according to `$boolean`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jsonata: Option<String>,
}

/// How conditions are combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogicalOperator {
    /// All conditions must be met.
    #[default]
    And,
    /// One condition is enough.
    Or,
}

/// A condition on one field of a JSON body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The path of the field: `order.items[0].price` is the same as `order.items.0.price`. Without an index,
    /// a list stands for each of its items.
    pub field: String,
    /// How the field is compared.
    pub operator: Operator,
    /// The values to compare with, as text: several for `any_of` and `none_of`, none for `is_empty` and
    /// `is_not_empty`, one for all others.
    #[serde(default)]
    pub values: Vec<String>,
    /// The type as which the field and the values are read.
    #[serde(default, rename = "type")]
    pub kind: FieldKind,
}

/// How a field is compared. Length operators count the items of a list; a single value counts as 1, an absent
/// one as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum Operator {
    Equals,
    NotEquals,
    AnyOf,
    NoneOf,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    GreaterThan,
    LessThan,
    GreaterThanOrEquals,
    LessThanOrEquals,
    IsEmpty,
    IsNotEmpty,
    LengthEquals,
    LengthNotEquals,
    LengthGreaterThan,
    LengthLessThan,
    LengthGreaterThanOrEquals,
    LengthLessThanOrEquals,
}

impl Operator {
    /// All operators with their names in JSON.
    pub const ALL: [(Self, &'static str); 20] = [
        (Self::Equals, "equals"),
        (Self::NotEquals, "not_equals"),
        (Self::AnyOf, "any_of"),
        (Self::NoneOf, "none_of"),
        (Self::Contains, "contains"),
        (Self::NotContains, "not_contains"),
        (Self::StartsWith, "starts_with"),
        (Self::EndsWith, "ends_with"),
        (Self::GreaterThan, "greater_than"),
        (Self::LessThan, "less_than"),
        (Self::GreaterThanOrEquals, "greater_than_or_equals"),
        (Self::LessThanOrEquals, "less_than_or_equals"),
        (Self::IsEmpty, "is_empty"),
        (Self::IsNotEmpty, "is_not_empty"),
        (Self::LengthEquals, "length_equals"),
        (Self::LengthNotEquals, "length_not_equals"),
        (Self::LengthGreaterThan, "length_greater_than"),
        (Self::LengthLessThan, "length_less_than"),
        (Self::LengthGreaterThanOrEquals, "length_greater_than_or_equals"),
        (Self::LengthLessThanOrEquals, "length_less_than_or_equals"),
    ];

    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(operator, _)| *operator == self).map_or("", |(_, name)| name)
    }

    /// Whether the operator compares a length.
    pub fn is_length(self) -> bool {
        self.as_str().starts_with("length_")
    }

    /// Whether the operator compares order.
    pub fn is_order(self) -> bool {
        matches!(
            self,
            Self::GreaterThan | Self::LessThan | Self::GreaterThanOrEquals | Self::LessThanOrEquals
        )
    }

    /// The minimum and maximum number of values that the operator takes.
    fn takes(self) -> (usize, usize) {
        match self {
            Self::AnyOf | Self::NoneOf => (1, CONDITION_VALUES),
            Self::IsEmpty | Self::IsNotEmpty => (0, 0),
            _ => (1, 1),
        }
    }
}

/// The type as which a field and its condition's values are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Text; other values in their JSON form.
    #[default]
    String,
    /// A number, or text that is a number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A date: `2026-01-31`, or the date of a date and time.
    Date,
    /// A date and time: `2026-01-31T12:00:00Z`.
    Datetime,
}

/// What is sent in place of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// A JSONata expression over the body. A string result is sent as text, any other as JSON.
    pub jsonata: String,
    /// The `Content-Type` of the result; by default `application/json`, or `text/plain; charset=utf-8` for a
    /// string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// A webhook's filter and transform: which bodies are sent, and what is sent in their place. And the key of their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadRules {
    /// Which bodies are sent; all if there is no filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// What is sent in place of a body; the body itself if there is no transform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Transform>,
    /// The expression that makes the key of an event's order; none if the webhook has no such order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_key: Option<String>,
}

impl PayloadRules {
    /// The rules of a webhook; `None` if it has none.
    pub fn of(fields: &ConfigFields) -> Option<Self> {
        let order_key = fields.ordering.as_ref().and_then(|ordering| ordering.key.clone());
        let rules = Self { filter: fields.filter.clone(), transform: fields.transform.clone(), order_key };
        (rules != Self::default()).then_some(rules)
    }

    /// The rules of a webhook for a new event; `None` if nothing is to be done.
    pub fn for_event(fields: &ConfigFields, event: &EventMetadata) -> Option<Self> {
        let rules = Self::of(fields)?;
        let order_key = rules.order_key.filter(|_| Ordering::has_place(event));
        let rules = Self { order_key, ..rules };
        (rules != Self::default()).then_some(rules)
    }

    /// Checks everything except for the syntax of expressions.
    ///
    /// # Errors
    /// If a field is invalid: the first such field.
    pub fn check(&self) -> Result<(), FieldError> {
        if let Some(filter) = &self.filter {
            check_filter(filter)?;
        }
        if let Some(Transform { jsonata, content_type }) = &self.transform {
            check_expression("transform.jsonata", jsonata)?;
            let is_fine = |text: &String| {
                (1..=CONTENT_TYPE_CHARS).contains(&text.len())
                    && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
            };
            if !content_type.as_ref().is_none_or(is_fine) {
                let reason = format!("must be 1 to {CONTENT_TYPE_CHARS} printable ASCII characters");
                return Err(FieldError::new("transform.content_type", reason));
            }
        }
        Ok(())
    }
}

pub(crate) fn check_expression(field: &str, text: &str) -> Result<(), FieldError> {
    if text.trim().is_empty() || text.chars().count() > EXPRESSION_CHARS {
        return Err(FieldError::new(field, format!("must be 1 to {EXPRESSION_CHARS} characters")));
    }
    Ok(())
}

fn check_filter(filter: &Filter) -> Result<(), FieldError> {
    match (&filter.jsonata, filter.conditions.len()) {
        (Some(_), 1..) => return Err(FieldError::new("filter", "takes either conditions or jsonata")),
        (Some(jsonata), 0) => return check_expression("filter.jsonata", jsonata),
        (None, 0) => return Err(FieldError::new("filter", "needs conditions or jsonata")),
        (None, many) if many > MAX_CONDITIONS => {
            return Err(FieldError::new("filter.conditions", format!("must be at most {MAX_CONDITIONS}")));
        }
        (None, _) => {}
    }
    for (index, condition) in filter.conditions.iter().enumerate() {
        let wrong = |field: &str, reason: String| {
            Err(FieldError::new(format!("filter.conditions[{index}].{field}"), reason))
        };
        if condition.field.trim().is_empty() || condition.field.chars().count() > FIELD_CHARS {
            return wrong("field", format!("must be 1 to {FIELD_CHARS} characters"));
        }
        let (least, most) = condition.operator.takes();
        if !(least..=most).contains(&condition.values.len()) {
            let wanted = match (least, most) {
                (0, _) => "none".to_owned(),
                (1, 1) => "one".to_owned(),
                _ => format!("1 to {most}"),
            };
            return wrong("values", format!("{} takes {wanted}", condition.operator.as_str()));
        }
        if condition.operator.is_order() && matches!(condition.kind, FieldKind::Boolean) {
            return wrong("operator", format!("{} is not for booleans", condition.operator.as_str()));
        }
    }
    Ok(())
}

/// Reads conditions from JSON objects only, not from arrays.
fn objects<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Condition>, D::Error> {
    let conditions = Vec::<Object<Condition>>::deserialize(deserializer)?;
    Ok(conditions.into_iter().map(|Object(condition)| condition).collect())
}

/// Reads a field from a JSON object, or from null.
pub(crate) fn object_or_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<(), String> {
        let rules: PayloadRules = serde_json::from_str(json).map_err(|error| error.to_string())?;
        rules.check().map_err(|error| error.field)
    }

    #[test]
    fn every_operator_has_its_name() {
        for (operator, name) in Operator::ALL {
            assert_eq!(serde_json::to_value(operator).unwrap(), name);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let condition = |rest: &str| format!(r#"{{"filter":{{"conditions":[{{"field":"a",{rest}}}]}}}}"#);
        for (json, field) in [
            (r#"{"filter":{}}"#.to_owned(), "filter"),
            (r#"{"filter":{"jsonata":" "}}"#.to_owned(), "filter.jsonata"),
            (r#"{"transform":{"jsonata":""}}"#.to_owned(), "transform.jsonata"),
            (r#"{"transform":{"jsonata":"1","content_type":"a\nb"}}"#.to_owned(), "transform.content_type"),
            (condition(r#""operator":"equals""#), "filter.conditions[0].values"),
            (condition(r#""operator":"equals","values":["1","2"]"#), "filter.conditions[0].values"),
            (condition(r#""operator":"is_empty","values":["1"]"#), "filter.conditions[0].values"),
            (
                condition(r#""operator":"less_than","values":["1"],"type":"boolean""#),
                "filter.conditions[0].operator",
            ),
        ] {
            assert_eq!(check(&json).unwrap_err(), field, "{json}");
        }
        let many = [r#"{"field":"a","operator":"is_empty"}"#; 11].join(",");
        assert_eq!(
            check(&format!(r#"{{"filter":{{"conditions":[{many}]}}}}"#)).unwrap_err(),
            "filter.conditions"
        );
        assert_eq!(check(&condition(r#""operator":"any_of","values":["1","2"],"type":"number""#)), Ok(()));
        assert!(
            check(r#"{"filter":{"conditions":[["a","is_empty"]]}}"#)
                .unwrap_err()
                .contains("expected an object")
        );
    }
}
