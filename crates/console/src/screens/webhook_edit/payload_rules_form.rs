//! Reads the filter and the transform from the form of a webhook, and fills them in.

use hookstep_contract::{ConfigFields, FieldKind, Filter, LogicalOperator};
use serde_json::{Value, json};

use crate::form::Form;

/// The types of a condition: in JSON, and for people.
pub(crate) const KINDS: [(FieldKind, &str, &str); 5] = [
    (FieldKind::String, "string", "text"),
    (FieldKind::Number, "number", "number"),
    (FieldKind::Boolean, "boolean", "true/false"),
    (FieldKind::Date, "date", "day"),
    (FieldKind::Datetime, "datetime", "moment"),
];

/// A row of the conditions, as the form sent it.
#[derive(Clone, Copy, Default)]
pub(crate) struct ConditionRow<'a> {
    pub(crate) field: &'a str,
    /// By its name in JSON.
    pub(crate) operator: &'a str,
    /// By its name in JSON.
    pub(crate) kind: &'a str,
    /// One a line.
    pub(crate) values: &'a str,
}

/// The rows that are not empty, in order: the first is condition 0.
pub(crate) fn rows(form: &Form) -> Vec<ConditionRow<'_>> {
    let names = form.all("condition_field").zip(form.all("condition_operator"));
    let rest = form.all("condition_type").zip(form.all("condition_values"));
    let rows = names.zip(rest);
    let rows = rows.map(|((field, operator), (kind, values))| ConditionRow { field, operator, kind, values });
    rows.filter(|row| !(row.field.trim().is_empty() && row.values.trim().is_empty())).collect()
}

/// The form fields for the filter and the transform of a webhook.
pub(crate) fn pairs(fields: &ConfigFields) -> Vec<(&'static str, String)> {
    let kind = match &fields.filter {
        None => "none",
        Some(Filter { jsonata: Some(_), .. }) => "jsonata",
        Some(_) => "conditions",
    };
    let mut pairs = vec![("filter", kind.to_owned())];
    if let Some(filter) = &fields.filter {
        let together = match filter.logical_operator {
            LogicalOperator::And => "AND",
            LogicalOperator::Or => "OR",
        };
        pairs.push(("logical_operator", together.to_owned()));
        pairs.push(("filter_jsonata", filter.jsonata.clone().unwrap_or_default()));
        for condition in &filter.conditions {
            let kind =
                KINDS.iter().find(|(kind, ..)| *kind == condition.kind).map_or("", |(_, name, _)| name);
            pairs.extend([
                ("condition_field", condition.field.clone()),
                ("condition_operator", condition.operator.as_str().to_owned()),
                ("condition_type", kind.to_owned()),
                ("condition_values", lines_of(&condition.values)),
            ]);
        }
    }
    if let Some(transform) = &fields.transform {
        pairs.push(("transform", transform.jsonata.clone()));
        pairs.push(("transform_type", transform.content_type.clone().unwrap_or_default()));
    }
    pairs
}

/// The filter of the form, in the format of the API. Fields of a kind of filter that is not chosen are ignored.
pub(crate) fn filter(form: &Form) -> Value {
    let mut filter = match form.get("filter") {
        "conditions" => json!({"conditions": conditions(form)}),
        "jsonata" => json!({"jsonata": form.text("filter_jsonata")}),
        _ => return Value::Null,
    };
    if !form.get("logical_operator").is_empty() {
        filter["logical_operator"] = json!(form.get("logical_operator"));
    }
    filter
}

fn conditions(form: &Form) -> Vec<Value> {
    let condition = |row: ConditionRow<'_>| json!({"field": row.field.trim(), "operator": row.operator, "type": row.kind, "values": values_of(row.values)});
    rows(form).into_iter().map(condition).collect()
}

/// The transform of the form; none when its fields are empty.
pub(crate) fn transform(form: &Form) -> Value {
    let (jsonata, content_type) = (form.text("transform"), form.get("transform_type").trim());
    match (jsonata.trim(), content_type) {
        ("", "") => Value::Null,
        (_, "") => json!({"jsonata": jsonata}),
        _ => json!({"jsonata": jsonata, "content_type": content_type}),
    }
}

/// One value a line. A line that is a JSON string stands for its content, so that a value may be empty or have spaces around
/// it.
fn values_of(lines: &str) -> Vec<String> {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.to_owned())).collect()
}

/// The inverse of [`values_of`]. A value is quoted only where it would be read differently without.
fn lines_of(values: &[String]) -> String {
    let line = |value: &String| {
        let is_plain = values_of(value) == [value.as_str()];
        if is_plain { value.clone() } else { json!(value).to_string() }
    };
    values.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use hookstep_http_edge::read_json;

    use super::*;

    /// The filter and the transform that come back from a form that was filled with these.
    fn sent_back(filter: &Value, transform: &Value) -> (Value, Value) {
        let fields =
            json!({"name": "n", "url": "https://example.com/", "filter": filter, "transform": transform});
        let fields: ConfigFields = read_json(fields.to_string().as_bytes()).unwrap();
        let form = Form::from_pairs(pairs(&fields));
        (super::filter(&form), super::transform(&form))
    }

    #[test]
    fn values_survive_the_form() {
        for values in [
            &["a, b", "c"][..],
            &[""],
            &[" a ", "\ta"],
            &["two\nlines", "\"quoted\"", "say \"hi\""],
            &["[\"list\"]", "12"],
            &[],
        ] {
            let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
            assert_eq!(values_of(&lines_of(&values)), values);
        }
        assert_eq!(values_of(" a \r\n\r\nb\r\n"), ["a", "b"]);
        assert_eq!(lines_of(&["a, b".to_owned(), "c".to_owned()]), "a, b\nc");
    }

    #[test]
    fn a_filter_and_a_transform_are_sent_back_as_they_were() {
        let conditions = json!({"logical_operator": "OR", "conditions": [
            {"field": "order.items[0].price", "operator": "greater_than_or_equals", "values": ["12.5"], "type": "number"},
            {"field": "status", "operator": "any_of", "values": ["paid, or so", "sent"], "type": "string"},
            {"field": "note", "operator": "is_empty", "values": [], "type": "string"},
        ]});
        let expression = json!({"logical_operator": "AND", "jsonata": "a\n  = 1"});
        let typed = json!({"jsonata": "{\n\"a\": 1}", "content_type": "text/xml"});
        for (filter, transform) in
            [(conditions, typed), (expression, json!({"jsonata": "$"})), (Value::Null, Value::Null)]
        {
            assert_eq!(sent_back(&filter, &transform), (filter, transform));
        }
    }

    #[test]
    fn what_is_not_chosen_does_not_count() {
        let typed = "filter=none&filter_jsonata=a&condition_field=a&condition_operator=equals&condition_type=string&condition_values=b";
        assert_eq!(filter(&Form::read(typed.as_bytes())), Value::Null);
        let spare = "filter=conditions&condition_field=&condition_operator=equals&condition_type=string&condition_values=";
        assert_eq!(filter(&Form::read(spare.as_bytes())), json!({"conditions": []}));
        let half = "transform=&transform_type=text/xml";
        assert_eq!(
            transform(&Form::read(half.as_bytes())),
            json!({"jsonata": "", "content_type": "text/xml"})
        );
    }
}
