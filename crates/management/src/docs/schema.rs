//! Schemas, for people: a row for each field, with its type and its limits in a few words.

use maud::{Markup, html};
use serde_json::Value;

use super::document::{Document, JsonType, Schema};

/// Text whose parts between backquotes are marked as code.
pub(super) fn text(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The fields of an object, or its variants.
pub(super) fn fields(document: &Document, schema: &Schema) -> Markup {
    html! {
        @if !schema.properties.is_empty() {
            dl.fields {
                @for (name, field) in &schema.properties {
                    // The heading of the variant shows the type already.
                    @if schema.title.is_none() || name != "type" { (row(schema, name, field).render(document)) }
                }
            }
        } @else if schema.one_of.is_empty() {
            p.type { (type_of(document, schema)) }
        }
        @for variant in &schema.one_of {
            @if let Some(title) = &variant.title {
                div.variant {
                    p { code { "\"type\": \"" (title) "\"" } " " @if let Some(about) = &variant.description { (text(about)) } }
                    (fields(document, variant))
                }
            }
        }
    }
}

fn row<'a>(object: &Schema, name: &'a str, field: &'a Schema) -> FieldRow<'a> {
    let is_required = object.required.iter().any(|required| required == name);
    let marks = [("required", is_required), ("write-only", field.write_only)];
    let marks = marks.into_iter().filter(|(_, holds)| *holds).map(|(mark, _)| mark).collect();
    FieldRow { name, about: field.description.as_deref(), marks, schema: field }
}

/// A field of an object, or a parameter of an operation.
pub(super) struct FieldRow<'a> {
    pub(super) name: &'a str,
    pub(super) about: Option<&'a str>,
    /// `required`, `write-only`, or the place of a parameter.
    pub(super) marks: Vec<&'a str>,
    pub(super) schema: &'a Schema,
}

impl FieldRow<'_> {
    pub(super) fn render(&self, document: &Document) -> Markup {
        let target = document.named(self.schema).map(|(_, target)| target);
        let about = self.about.or(target.and_then(|target| target.description.as_deref()));
        html! {
            div {
                dt {
                    code { (self.name) }
                    " " span.type { (type_of(document, self.schema)) }
                    @for mark in &self.marks { " " span class={ "mark " (mark) } { (mark) } }
                }
                dd {
                    @if let Some(about) = about { (text(about)) }
                    @for (label, value) in limits(target.unwrap_or(self.schema)) {
                        " " span.fact { (label) " " code { (value) } }
                    }
                }
            }
        }
    }
}

/// The type of a value; a link when it has a section of its own.
pub(super) fn type_of(document: &Document, schema: &Schema) -> Markup {
    if let Some((name, target)) = document.named(schema) {
        return if has_section(target) {
            html! { a href={ "#" (name) } { (name) } }
        } else {
            type_of(document, target)
        };
    }
    if let Some(items) = &schema.items {
        return html! { "list of " (type_of(document, items)) };
    }
    if !schema.one_of.is_empty() {
        return html! {
            @for (index, one) in schema.one_of.iter().enumerate() {
                @if index > 0 { " or " }
                (type_of(document, one))
            }
        };
    }
    let names = match &schema.kind {
        None => "any value".to_owned(),
        Some(JsonType::One(name)) => name.clone(),
        Some(JsonType::Some(names)) => names.join(" or "),
    };
    let values = schema.additional_properties.as_ref().and_then(|values| values["type"].as_str());
    html! {
        (names)
        @if let Some(values) = values { " of " (values) "s" }
        @if let Some(format) = schema.format.as_deref().filter(|format| !format.starts_with("int")) { " (" (format) ")" }
    }
}

/// Whether a schema has a section of its own.
pub(super) fn has_section(schema: &Schema) -> bool {
    !schema.properties.is_empty() || !schema.one_of.is_empty()
}

/// The limits of a value, the most useful ones first.
fn limits(schema: &Schema) -> Vec<(&'static str, String)> {
    let json = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut limits = Vec::new();
    if !schema.values.is_empty() {
        limits.push(("one of", schema.values.iter().map(json).collect::<Vec<_>>().join(" · ")));
    }
    let range = |from: Option<String>, to: Option<String>| match (from, to) {
        (Some(from), Some(to)) => Some(format!("{from}–{to}")),
        (None, Some(to)) => Some(format!("≤ {to}")),
        // A lower bound of 0 is obvious for a count.
        (Some(from), None) => (from != "0").then(|| format!("≥ {from}")),
        (None, None) => None,
    };
    let number = range(schema.minimum.as_ref().map(json), schema.maximum.as_ref().map(json));
    let length = range(schema.min_length.map(|n| n.to_string()), schema.max_length.map(|n| n.to_string()));
    limits.extend(number.map(|range| ("range", range)));
    limits.extend(length.map(|range| ("length", range)));
    limits.extend(schema.max_items.map(|most| ("entries", format!("≤ {most}"))));
    limits.extend(schema.default.as_ref().map(|value| ("default", json(value))));
    limits.extend(schema.examples.first().map(|value| ("such as", json(value))));
    limits
}
