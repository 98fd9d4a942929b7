//! The documentation page as HTML.

use std::collections::BTreeMap;

use maud::{DOCTYPE, Markup, html};

use super::curl;
use super::document::{Document, Operation, Parameter, Response};
use super::schema::{FieldRow, fields, has_section, text, type_of};

/// The whole page.
pub(super) fn render(document: &Document) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.info.title) " API" }
                link rel="stylesheet" href="/docs/style.css";
            }
            body {
                a.skip href="#content" { "Skip to the operations" }
                (navigation(document))
                main #content {
                    (introduction(document))
                    @for tag in &document.tags {
                        section.tag id=(anchor(&tag.name)) {
                            h2 { (link(&anchor(&tag.name), &tag.name)) }
                            p { (text(&tag.description)) }
                            @for (path, method, operation) in operations(document, &tag.name) {
                                (self::operation(document, path, method, operation))
                            }
                        }
                    }
                    section.tag #errors {
                        h2 { (link("errors", "Errors")) }
                        p { "An operation that fails answers " a href="#Problem" { "a problem" } "." }
                        (errors(document))
                    }
                    section.tag #objects {
                        h2 { (link("objects", "Objects")) }
                        p { "The types in request bodies and answers." }
                        @for (name, schema) in &document.components.schemas {
                            @if has_section(schema) {
                                article id=(name) {
                                    h3 { (link(name, name)) }
                                    @if let Some(about) = &schema.description { p { (text(about)) } }
                                    (fields(document, schema))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn introduction(document: &Document) -> Markup {
    html! {
        header {
            h1 { (document.info.title) " API" }
            p.meta { "Version " (document.info.version) " · " a href="/openapi.json" { "OpenAPI document" } }
            @for sentence in document.info.description.split_inclusive(". ") { (text(sentence)) }
        }
    }
}

/// The errors that any operation may answer.
fn errors(document: &Document) -> Markup {
    let operations = document.paths.into_iter().flat_map(|(_, methods)| methods);
    let responses = operations.flat_map(|(_, operation)| &operation.responses);
    let shared: BTreeMap<_, _> = responses.filter(|(_, response)| response.is_shared()).collect();
    html! {
        dl.answers {
            @for (status, response) in shared {
                div id={ "error-" (status) } {
                    dt { code { (status) } }
                    dd { (text(&document.response(response).description)) }
                }
            }
        }
    }
}

fn navigation(document: &Document) -> Markup {
    html! {
        nav aria-label="Operations" {
            p.brand { a href="#content" { (document.info.title) } }
            @for tag in &document.tags {
                p { a href={ "#" (anchor(&tag.name)) } { (tag.name) } }
                ul {
                    @for (_, method, operation) in operations(document, &tag.name) {
                        li { a href={ "#" (operation.id) } { (badge(method)) " " (operation.summary) } }
                    }
                }
            }
            p { a href="#errors" { "Errors" } }
            p { a href="#objects" { "Objects" } }
            ul {
                @for (name, schema) in &document.components.schemas {
                    @if has_section(schema) { li { a href={ "#" (name) } { (name) } } }
                }
            }
        }
    }
}

fn operation(document: &Document, path: &str, method: &str, operation: &Operation) -> Markup {
    html! {
        article id=(operation.id) {
            h3 { (link(&operation.id, &operation.summary)) }
            p.route { (badge(method)) " " code { (path) } " " (scope(&operation.scope)) }
            @if let Some(about) = &operation.description { p { (text(about)) } }
            @if !operation.parameters.is_empty() {
                h4 { "Parameters" }
                dl.fields {
                    @for parameter in &operation.parameters {
                        (row(parameter).render(document))
                    }
                }
            }
            @if let Some(body) = &operation.body {
                h4 { "Body" @if !body.required { " " span.mark { "optional" } } }
                @if let Some(about) = &body.description { p { (text(about)) } }
                @for (content_type, content) in &body.content {
                    p.type { code { (content_type) } @if let Some(schema) = &content.schema { " " (type_of(document, schema)) } }
                }
            }
            h4 { "Answers" }
            dl.answers {
                @for (status, response) in &operation.responses {
                    @if !response.is_shared() { (answer(document, status, response)) }
                }
            }
            @let errors: Vec<_> = operation.responses.into_iter().filter(|(_, answer)| answer.is_shared()).collect();
            @if !errors.is_empty() {
                p.errors {
                    "Errors:"
                    @for (status, _) in errors { " " a href={ "#error-" (status) } { code { (status) } } }
                }
            }
            pre tabindex="0" { code { (curl::command(document, path, method, operation)) } }
        }
    }
}

fn row(Parameter { name, place, description, required, schema }: &Parameter) -> FieldRow<'_> {
    let marks = [Some(place.as_str()), required.then_some("required")].into_iter().flatten().collect();
    FieldRow { name, about: description.as_deref(), marks, schema }
}

fn answer(document: &Document, status: &str, response: &Response) -> Markup {
    let response = document.response(response);
    let schemas = response.content.into_iter().filter_map(|(_, content)| content.schema.as_ref());
    html! {
        div {
            dt { code { (status) } }
            dd {
                (text(&response.description))
                @for schema in schemas { " " span.type { (type_of(document, schema)) } }
            }
        }
    }
}

fn scope(scope: &str) -> Markup {
    html! {
        @if scope == "none" { span.scope { "no token needed" } } @else { span.scope { "scope " b { (scope) } } }
    }
}

fn badge(method: &str) -> Markup {
    html! { span class={ "method " (method) } { (method.to_uppercase()) } }
}

/// A heading that can be linked to.
fn link(anchor: &str, text: &str) -> Markup {
    html! { a href={ "#" (anchor) } { (text) } }
}

fn anchor(tag: &str) -> String {
    format!("tag-{}", tag.to_lowercase())
}

/// The operations of a tag.
fn operations<'a>(
    document: &'a Document,
    tag: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Operation)> {
    let all = document.paths.into_iter().flat_map(|(path, methods)| {
        methods.into_iter().map(move |(method, operation)| (path, method, operation))
    });
    all.filter(move |(_, _, operation)| operation.tags.iter().any(|name| name == tag))
}
