//! The body of an event: on its page, and as a file.

use std::sync::Arc;

use api::{ConfigPath, EventPath, Problem, no_event};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use contract::EventRecord;
use maud::{Markup, html};

use crate::Context;
use crate::pages::bodies;
use crate::pages::error::PageError;
use crate::pages::session::Visitor;

/// `GET /console/webhooks/{config_id}/events/{event_id}/payload`: the body to the byte, as a file: a browser shall not open
/// here what anybody may have sent.
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    config_id: Result<ConfigPath, Problem>,
    event_id: Result<EventPath, Problem>,
) -> Result<Response, PageError> {
    let (ConfigPath(config_id), EventPath(event_id)) = (config_id?, event_id?);
    let event = ctx.events.get(visitor.org_id(), config_id, event_id).await?.ok_or_else(no_event)?;
    if let Some(key) = &event.claim {
        let url = ctx.claims.presign_read(key, ctx.sources.now()).await?;
        return Ok(Redirect::to(&url).into_response());
    }
    let kept = ctx.bodies.read(visitor.org_id(), config_id, event_id).await?;
    let Some(body) = kept.and_then(|content| content.to_bytes()) else {
        return Err(PageError::new(StatusCode::NOT_FOUND, "The body of this event is not kept."));
    };
    let file = format!("attachment; filename=\"{event_id}\"");
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, &file)];
    Ok((headers, body).into_response())
}

/// The body, or the way to it.
pub(super) async fn card(
    ctx: &Context,
    event: &EventRecord,
    base: &str,
    is_whole: bool,
) -> Result<Markup, PageError> {
    let kept = match event.claim {
        Some(_) => None,
        None => ctx.bodies.read(&event.org_id, event.config_id, event.event_id).await?,
    };
    let limit = if is_whole { usize::MAX } else { bodies::SHOWN_BYTES };
    Ok(html! {
        section.card aria-labelledby="body-title" {
            div.title-row {
                h2 #body-title { "Event body" }
                @if kept.is_some() || event.claim.is_some() { a href={(base) "/payload"} { "Download" } }
            }
            @match (&event.claim, &kept) {
                (Some(_), _) => { p.muted { "A large body, kept as a file." } }
                (None, Some(content)) => { (bodies::body(content, limit, &format!("{base}?whole=1"))) }
                (None, None) => { p.muted { "It is not kept." } }
            }
        }
    })
}
