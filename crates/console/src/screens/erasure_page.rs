//! Events that are erased, or were.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, Redirect};
use hookstep_api_types::{Erasure, ErasureFields, ErasureStatus};
use hookstep_contract::Timestamp;
use hookstep_http_edge::Problem;
use hookstep_management::{Context, erasures, paging};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use crate::error::PageError;
use crate::form::{Form, Query};
use crate::layout::{Section, page};
use crate::parts;
use crate::session::Manager;

/// Rows on a page.
const LIMIT: usize = 50;

/// What an address may name, for a question before it is erased.
const NAMED: [&str; 3] = ["config_id", "event_id", "publication_id"];

/// `GET /console/erasures`. With an event or a publication, it asks whether that is to be erased.
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    query: Query,
) -> Result<Html<String>, PageError> {
    if NAMED.iter().any(|name| !query.get(name).is_empty()) {
        return Ok(page(&visitor, Section::Tokens, "Erase?", question(&query)));
    }
    let cursor = Some(query.get("cursor")).filter(|cursor| !cursor.is_empty());
    let before = paging::decode_cursor(cursor).map_err(Problem::from)?;
    let list = erasures::page(&ctx, visitor.org_id(), before, LIMIT).await?;
    let content = html! {
        (parts::crumbs(&[("API tokens", "/console/tokens")]))
        div.head { h1 { "Erased events" } }
        form.card method="post" action="/console/erasures" {
            div.field {
                label for="correlation_id" { "Correlation id" }
                input #correlation_id type="text" name="correlation_id" required maxlength="1024" autocomplete="off" spellcheck="false";
                p.hint { "All events and publications with it are erased, of every webhook: records, attempts with the receivers’ answers, bodies and \
                          uploads. What has not ended is cancelled first. This cannot be undone." }
            }
            div.actions { button.primary.danger { "Erase all of it" } }
        }
        p.muted { "Single events are erased from their pages. Who erased what is in the " a href="/console/audit" { "audit log" } "." }
        (table(&list.data, ctx.sources.now()))
        nav.pages aria-label="Pages" {
            @if let Some(cursor) = &list.next_cursor {
                a.button rel="next" href={"/console/erasures?" (parts::query([("cursor", cursor.as_str())]))} { "Next page" }
            }
        }
    };
    Ok(page(&visitor, Section::Tokens, "Erased events", content))
}

/// `POST /console/erasures`
pub(crate) async fn erase(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    form: Form,
) -> Result<Redirect, PageError> {
    let names = NAMED.into_iter().chain(["correlation_id"]);
    let given = names.map(|name| (name.to_owned(), form.get(name))).filter(|(_, value)| !value.is_empty());
    let fields: Map<_, _> = given.map(|(name, value)| (name, json!(value))).collect();
    let fields: ErasureFields = hookstep_http_edge::read_json(Value::Object(fields).to_string().as_bytes())?;
    erasures::erase(&ctx, visitor.org_id(), visitor.actor(), fields).await?;
    Ok(Redirect::to("/console/erasures"))
}

fn question(query: &Query) -> Markup {
    let named = NAMED.into_iter().map(|name| (name, query.get(name))).filter(|(_, value)| !value.is_empty());
    let is_publication = !query.get("publication_id").is_empty();
    html! {
        (parts::crumbs(&[("Erased events", "/console/erasures")]))
        form.narrow.card method="post" action="/console/erasures" {
            h1 { @if is_publication { "Erase this publication?" } @else { "Erase this event?" } }
            @for (name, value) in named {
                @if name != "config_id" { p.target.mono { (value) } }
                input type="hidden" name=(name) value=(value);
            }
            p {
                @if is_publication { "All its deliveries are erased" } @else { "It is erased with all its replays" }
                ": records, attempts with the receivers’ answers, bodies and uploads. What has not ended is cancelled first."
            }
            p { "This cannot be undone." }
            div.actions { a.button href="/console/erasures" { "Cancel" } button.primary.danger { "Erase" } }
        }
    }
}

fn table(erasures: &[Erasure], now: Timestamp) -> Markup {
    html! {
        div.card.scroll {
            @if erasures.is_empty() {
                (parts::empty("Nothing has been erased yet", html! { p { "Records of what was erased are kept for 396 days." } }))
            } @else {
                table.stacking {
                    caption.hidden { "Erasures, newest first" }
                    thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Erased" } } }
                    tbody { @for erasure in erasures { (row(erasure, now)) } }
                }
            }
        }
    }
}

fn row(erasure: &Erasure, now: Timestamp) -> Markup {
    let (kind, name) = match (&erasure.correlation_id_sha256, erasure.publication_id, erasure.event_id) {
        (Some(sha256), ..) => ("Correlation id with SHA-256", sha256.clone()),
        (_, Some(publication_id), _) => ("Publication", publication_id.to_string()),
        (_, _, event_id) => ("Event", event_id.map(|id| id.to_string()).unwrap_or_default()),
    };
    html! {
        tr {
            td data-label="When" {
                (parts::moment(erasure.requested_at, now)) " "
                @if erasure.status == ErasureStatus::InProgress { (parts::badge("waiting", "In progress")) }
            }
            td data-label="What" { (kind) div.mono.muted.small.break { (name) } }
            td data-label="Erased" {
                @if erasure.events_erased == 1 { "1 event" } @else { (erasure.events_erased) " events" }
                @if erasure.large_bodies_erased > 0 { ", " (erasure.large_bodies_erased) " large bodies" }
            }
        }
    }
}
