//! The events of all webhooks: a search that is in the address.

mod search_form;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use hookstep_contract::{ConfigId, EventRecord, FieldError};
use hookstep_management::events::search::{Found, search};
use hookstep_management::webhooks::overview;
use hookstep_management::{Context, paging};
use maud::{Markup, html};

use self::search_form::{LIMIT, Request};
use super::charts::of_org::charts_of_org;
use super::event_page::attempt::ms;
use super::event_table::rows;
use crate::error::PageError;
use crate::form::Query;
use crate::layout::{Section, page};
use crate::parts;
use crate::session::Visitor;

/// The address of the page.
const BASE: &str = "/console/events";

/// The names of the webhooks of a page.
type Names = BTreeMap<ConfigId, String>;

/// `GET /console/events`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    query: Query,
) -> Result<Response, PageError> {
    let request = Request::of(&query);
    let found = match request.wanted(ctx.sources.now()) {
        Ok(wanted) => match search(&ctx, visitor.org_id(), &wanted).await {
            // The org has more webhooks than can be searched at once.
            Err(problem) if problem.status() == StatusCode::BAD_REQUEST => {
                Err(FieldError::new("host", problem.detail().to_owned()))
            }
            found => Ok(found?),
        },
        Err(fault) => Err(fault),
    };
    if let (true, Ok(Found { events, .. })) = (request.is_for_one(), &found)
        && let Some(EventRecord { config_id, event_id, .. }) = events.first()
    {
        let target = format!("/console/webhooks/{config_id}/events/{event_id}");
        return Ok(Redirect::to(&target).into_response());
    }
    let names = match &found {
        Ok(found) => {
            overview::names(&ctx, visitor.org_id(), found.events.iter().map(|event| event.config_id)).await?
        }
        Err(_) => Names::new(),
    };
    let charts = match request.is_filtered() || !request.is_first() {
        true => html! {},
        false => {
            charts_of_org(&ctx, &visitor, query.get("range"), &|range| format!("{BASE}?range={range}"))
                .await?
        }
    };
    let content = html! {
        div.head { h1 { "Events" } }
        (charts)
        (search_form::form(&request, found.as_ref().err()))
        @if let Ok(found) = &found {
            section.card #events aria-label="Events that were found" { (results(&request, found, &names)) }
        }
    };
    let status = if found.is_ok() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, page(&visitor, Section::Events, "Events", content)).into_response())
}

fn results(request: &Request, found: &Found, names: &Names) -> Markup {
    let is_full = found.events.len() == LIMIT;
    html! {
        @if !found.events.is_empty() { (table(&found.events, names)) }
        @else if found.next.is_none() { (nothing(request)) }
        @if let Some(next) = found.next.filter(|_| !is_full) {
            p.looked.muted role="status" {
                "Looked at " (found.looked_at) " events"
                @if found.bodies > 0 { " and into " (found.bodies) " bodies" }
                ", back to " (parts::exact(next.accepted_at())) ". There may be more further back."
            }
        }
        @if !request.is_first() || found.next.is_some() {
            nav.pages aria-label="Pages of events" {
                @if !request.is_first() { a.button href={(BASE) "?" (request.at(""))} { "Newest" } }
                @if let Some(next) = found.next {
                    a.button rel="next" href={(BASE) "?" (request.at(&paging::encode_cursor(next)))} {
                        @if is_full { "Older" } @else { "Look further back" }
                    }
                }
            }
        }
    }
}

/// What stands in place of an empty list that has no further page.
fn nothing(request: &Request) -> Markup {
    if !request.is_first() {
        return parts::empty("No more events", html! { p { "Nothing further back matches." } });
    }
    if request.is_filtered() {
        let hint = "A deleted webhook is searched only with its id in the address, and large bodies are not searched for a text.";
        return parts::empty(
            "No such events",
            html! { p { "Nothing matches. " a href=(BASE) { "Show all events" } } p.hint { (hint) } },
        );
    }
    parts::empty(
        "No events yet",
        html! { p { "The events of all webhooks appear here, once there are some." } },
    )
}

fn table(events: &[EventRecord], names: &Names) -> Markup {
    html! {
        div.scroll {
            table.list.events.stacking {
                caption.hidden { "Events of all webhooks, newest first" }
                thead { tr {
                    th scope="col" { "Status" }
                    th scope="col" { "Event" }
                    th scope="col" { "Webhook" }
                    th scope="col" { "Answer" }
                    th.right scope="col" { "Latency" }
                    th.right scope="col" { "Attempts" }
                    th.right scope="col" { "Accepted" }
                } }
                tbody { @for event in events { (row(event, names)) } }
            }
        }
    }
}

fn row(event: &EventRecord, names: &Names) -> Markup {
    let base = format!("/console/webhooks/{}", event.config_id);
    html! {
        tr {
            td data-label="Status" { (parts::status(event)) }
            td data-label="Event" { (rows::name(&base, event)) }
            td data-label="Webhook" {
                @match names.get(&event.config_id) {
                    Some(name) => { a.over.break href=(base) { bdi { (name) } } }
                    None => { span.muted.small.break { "Deleted: " (event.config_id) } }
                }
            }
            td data-label="Answer" { (rows::answer(event)) }
            td.right.number data-label="Latency" { @match event.duration_ms { Some(long) => { (parts::millis(ms(long))) } None => { span.muted { "–" } } } }
            td.right.number data-label="Attempts" { (event.attempt_count) }
            td.right data-label="Accepted" { (parts::clock(event.created_at)) }
        }
    }
}
