//! The catalogue of event types: what there is, what the payloads look like, and who listens.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use hookstep_api_types::{EventType, Page, TypeListener};
use hookstep_contract::{OnInvalid, Timestamp};
use hookstep_http_edge::EventTypePath;
use hookstep_management::Context;
use hookstep_management::event_types::{event_type, list_of, listeners};
use maud::{Markup, html};
use serde_json::Value;

use crate::error::PageError;
use crate::form::Query;
use crate::layout::{Section, page};
use crate::parts;
use crate::session::Visitor;

/// How many types and webhooks a page has.
const LIMIT: usize = 50;

/// `GET /console/event-types`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    query: Query,
) -> Result<Html<String>, PageError> {
    let cursor = Some(query.get("cursor")).filter(|cursor| !cursor.is_empty());
    let Page { data, next_cursor } = list_of(&ctx, visitor.org_id(), cursor, LIMIT).await?;
    let content = html! {
        div.head { h1 { "Event types" } }
        p.muted { "What kinds of events there are, and what their payloads look like. They are added by the " a href="/docs" { "API" }
            " or by " code { "hookstep event-types" } "." }
        @if data.is_empty() {
            (parts::empty("The catalogue is empty", html! {}))
        } @else {
            div.card.scroll { table {
                thead { tr { th { "Name" } th { "Group" } th { "Version" } th { "Payloads that do not match" } } }
                tbody { @for listed in &data { (row(listed)) } }
            } }
        }
        @if let Some(next) = next_cursor { div.actions { a.button href={"/console/event-types?cursor=" (next)} { "More" } } }
    };
    Ok(page(&visitor, Section::EventTypes, "Event types", content))
}

fn row(listed: &EventType) -> Markup {
    html! {
        tr {
            td { a.mono.break href=(path(&listed.name)) { (listed.name) }
                @if listed.deprecated { " " (parts::badge("skipped", "Deprecated")) } }
            td { (listed.group.as_deref().unwrap_or("–")) }
            td { (listed.versions.last().map_or("–", |version| version.version.as_str())) }
            td { (consequence(listed.on_invalid)) }
        }
    }
}

fn consequence(on_invalid: OnInvalid) -> &'static str {
    match on_invalid {
        OnInvalid::Ignore => "are not checked",
        OnInvalid::Mark => "are delivered and marked",
        OnInvalid::Reject => "are rejected",
    }
}

fn path(name: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("/console/event-types/{}", name.replace('+', "%20"))
}

/// `GET /console/event-types/{event_type}`
pub(crate) async fn show_one(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    EventTypePath(name): EventTypePath,
) -> Result<Html<String>, PageError> {
    let found = event_type(&ctx, visitor.org_id(), &name).await?;
    let heard = listeners(&ctx, visitor.org_id(), &name, None, LIMIT).await?;
    let now = ctx.sources.now();
    let content = html! {
        (parts::crumbs(&[("Event types", "/console/event-types")]))
        div.head { h1.break { (found.name) } @if found.deprecated { (parts::badge("skipped", "Deprecated")) } }
        @if !found.description.is_empty() { p { (found.description) } }
        (facts(&found, now))
        div.columns.even {
            (json("Schema", found.schema.as_ref(), "The current version has no schema."))
            (json("Sample", found.sample.as_ref(), "The current version has no sample."))
        }
        (who_listens(&heard))
    };
    Ok(page(&visitor, Section::EventTypes, &found.name, content))
}

fn facts(found: &EventType, now: Timestamp) -> Markup {
    html! {
        section.card aria-label="Facts" {
            dl.facts.wide {
                div { dt { "Group" } dd { (found.group.as_deref().unwrap_or("–")) } }
                div { dt { "Payloads that do not match" } dd { (consequence(found.on_invalid)) } }
                div { dt { "Versions, newest first" } dd { @for version in found.versions.iter().rev() {
                    div { span.mono { (version.version) } " " span.muted.small { (parts::moment(version.created_at, now)) } } } } }
            }
        }
    }
}

fn json(title: &str, value: Option<&Value>, without: &str) -> Markup {
    html! {
        section.card {
            h2 { (title) }
            @match value {
                Some(value) => { pre.code tabindex="0" { (format!("{value:#}")) } }
                None => { p.muted { (without) } }
            }
        }
    }
}

fn who_listens(heard: &Page<TypeListener>) -> Markup {
    html! {
        section.card {
            h2 { "Who listens" }
            @if heard.data.is_empty() { p.muted { "No webhook subscribes to this type." } }
            ul { @for webhook in &heard.data { li {
                a href={"/console/webhooks/" (webhook.config_id)} { (webhook.name) }
                " " span.muted.small { "by " @for pattern in &webhook.event_types { code { (pattern) } " " }
                    @if let Some(version) = &webhook.pinned_version { "pins version " code { (version) } " " } }
                @if !webhook.enabled { (parts::badge("skipped", "Disabled")) }
            } } }
            @if heard.next_cursor.is_some() { p.muted { "And more: the API lists all of them." } }
        }
    }
}
