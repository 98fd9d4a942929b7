//! Schemas, for people: a row per field, and what a value may be in a few words.

use maud::{Markup, html};
use serde_json::Value;

use super::document::{Document, Kind, Schema};

/// Text with its code marked.
pub(super) fn text(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The fields of an object, or the kinds of it.
pub(super) fn fields(document: &Document, schema: &Schema) -> Markup {
    html! {
        @if !schema.properties.is_empty() {
            dl.fields {
                @for (name, field) in &schema.properties {
                    // Its variant has said so already.
                    @if schema.title.is_none() || name != "type" { (row(schema, name, field).render(document)) }
                }
            }
        } @else if schema.one_of.is_empty() {
            p.type { (kind(document, schema)) }
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

fn row<'a>(object: &Schema, name: &'a str, field: &'a Schema) -> Row<'a> {
    let is_required = object.required.iter().any(|required| required == name);
    let marks = [("required", is_required), ("write-only", field.write_only)];
    let marks = marks.into_iter().filter(|(_, holds)| *holds).map(|(mark, _)| mark).collect();
    Row { name, about: field.description.as_deref(), marks, schema: field }
}

/// A field of an object, or a parameter of an operation.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) about: Option<&'a str>,
    /// `required`, or where a parameter goes.
    pub(super) marks: Vec<&'a str>,
    pub(super) schema: &'a Schema,
}

impl Row<'_> {
    pub(super) fn render(&self, document: &Document) -> Markup {
        let target = document.named(self.schema).map(|(_, target)| target);
        let about = self.about.or(target.and_then(|target| target.description.as_deref()));
        html! {
            div {
                dt {
                    code { (self.name) }
                    " " span.type { (kind(document, self.schema)) }
                    @for mark in &self.marks { " " span class={ "mark " (mark) } { (mark) } }
                }
                dd {
                    @if let Some(about) = about { (text(about)) }
                    @for (label, value) in facts(target.unwrap_or(self.schema)) {
                        " " span.fact { (label) " " code { (value) } }
                    }
                }
            }
        }
    }
}

/// What a value is: a link for what has fields of its own.
pub(super) fn kind(document: &Document, schema: &Schema) -> Markup {
    if let Some((name, target)) = document.named(schema) {
        return if has_a_place(target) {
            html! { a href={ "#" (name) } { (name) } }
        } else {
            kind(document, target)
        };
    }
    if let Some(items) = &schema.items {
        return html! { "list of " (kind(document, items)) };
    }
    if !schema.one_of.is_empty() {
        return html! {
            @for (index, one) in schema.one_of.iter().enumerate() {
                @if index > 0 { " or " }
                (kind(document, one))
            }
        };
    }
    let names = match &schema.kind {
        None => "any value".to_owned(),
        Some(Kind::One(name)) => name.clone(),
        Some(Kind::Some(names)) => names.join(" or "),
    };
    let values = schema.additional_properties.as_ref().and_then(|values| values["type"].as_str());
    html! {
        (names)
        @if let Some(values) = values { " of " (values) "s" }
        @if let Some(format) = schema.format.as_deref().filter(|format| !format.starts_with("int")) { " (" (format) ")" }
    }
}

/// Whether a schema is explained in a section of its own.
pub(super) fn has_a_place(schema: &Schema) -> bool {
    !schema.properties.is_empty() || !schema.one_of.is_empty()
}

/// The limits of a value, in the order in which people ask.
fn facts(schema: &Schema) -> Vec<(&'static str, String)> {
    let json = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut facts = Vec::new();
    if !schema.values.is_empty() {
        facts.push(("one of", schema.values.iter().map(json).collect::<Vec<_>>().join(" · ")));
    }
    let range = |from: Option<String>, to: Option<String>| match (from, to) {
        (Some(from), Some(to)) => Some(format!("{from}–{to}")),
        (None, Some(to)) => Some(format!("≤ {to}")),
        // That a count is not negative goes without saying.
        (Some(from), None) => (from != "0").then(|| format!("≥ {from}")),
        (None, None) => None,
    };
    let number = range(schema.minimum.as_ref().map(json), schema.maximum.as_ref().map(json));
    let length = range(schema.min_length.map(|n| n.to_string()), schema.max_length.map(|n| n.to_string()));
    facts.extend(number.map(|range| ("range", range)));
    facts.extend(length.map(|range| ("length", range)));
    facts.extend(schema.max_items.map(|most| ("entries", format!("≤ {most}"))));
    facts.extend(schema.default.as_ref().map(|value| ("default", json(value))));
    facts.extend(schema.examples.first().map(|value| ("such as", json(value))));
    facts
}
