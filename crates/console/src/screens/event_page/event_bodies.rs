//! The bodies of an event: on its page, and as files.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use hookstep_contract::{Content, EventRecord};
use hookstep_http_edge::{ConfigPath, EventPath, no_event};
use hookstep_management::Context;
use hookstep_store::StoreError;
use maud::{Markup, html};

use crate::body_view;
use crate::error::PageError;
use crate::extract::Shown;
use crate::form::Query;
use crate::session::Visitor;

/// `GET /console/webhooks/{config_id}/events/{event_id}/payload`: the body to the byte, as a file: a browser shall not open
/// here what anybody may have sent. `of=sent` is what was sent in its place.
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    Shown(EventPath(event_id)): Shown<EventPath>,
    query: Query,
) -> Result<Response, PageError> {
    let event = ctx.events.get(visitor.org_id(), config_id, event_id).await?.ok_or_else(no_event)?;
    let sent = event.sent.as_ref().filter(|_| query.get("of") == "sent");
    let claim = sent.map_or(&event.claim, |sent| &sent.claim);
    if let Some(key) = claim {
        let url = ctx.claims.presign_read(key, ctx.sources.now()).await?;
        return Ok(Redirect::to(&url).into_response());
    }
    let kept = kept(&ctx, &event, sent.is_some()).await?;
    let Some(body) = kept.and_then(|content| content.to_bytes()) else {
        return Err(PageError::new(StatusCode::NOT_FOUND, "The body of this event is not kept."));
    };
    let suffix = if sent.is_some() { "-sent" } else { "" };
    let file = format!("attachment; filename=\"{event_id}{suffix}\"");
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, &file)];
    Ok((headers, body).into_response())
}

async fn kept(ctx: &Context, event: &EventRecord, is_sent: bool) -> Result<Option<Content>, StoreError> {
    let (org_id, config_id, event_id) = (&event.org_id, event.config_id, event.event_id);
    if is_sent {
        ctx.bodies.read_sent(org_id, config_id, event_id).await
    } else {
        ctx.bodies.read(org_id, config_id, event_id).await
    }
}

/// A body of an event, as far as it is kept.
enum Body {
    /// In the table.
    Here(Content),
    /// A claim check.
    File,
    /// Not, or not any more.
    Gone,
}

/// The bodies of an event: the one that came, and the one that was sent in its place, if there was one.
pub(super) struct Bodies {
    came: Body,
    sent: Option<Body>,
}

impl Bodies {
    /// Reads them.
    pub(super) async fn of(ctx: &Context, event: &EventRecord) -> Result<Self, PageError> {
        let read = async |claim: &Option<String>, is_sent| -> Result<Body, StoreError> {
            if claim.is_some() {
                return Ok(Body::File);
            }
            Ok(kept(ctx, event, is_sent).await?.map_or(Body::Gone, Body::Here))
        };
        let sent = match &event.sent {
            Some(sent) => Some(read(&sent.claim, true).await?),
            None => None,
        };
        Ok(Self { came: read(&event.claim, false).await?, sent })
    }

    /// Whether what was sent can be sent again.
    pub(super) fn can_replay(&self) -> bool {
        !matches!(self.sent.as_ref().unwrap_or(&self.came), Body::Gone)
    }

    /// Whether what came is there for today's filter and transform.
    pub(super) fn has_what_came(&self) -> bool {
        !matches!(self.came, Body::Gone)
    }

    /// Whether something else was sent than what came.
    pub(super) fn differ(&self) -> bool {
        self.sent.is_some()
    }

    /// Both, or the ways to them.
    pub(super) fn cards(&self, base: &str, is_whole: bool) -> Markup {
        let limit = if is_whole { usize::MAX } else { body_view::SHOWN_BYTES };
        html! {
            @if let Some(sent) = &self.sent { (card("sent-title", "Body that was sent", sent, base, "/payload?of=sent", limit)) }
            @let title = if self.differ() { "Body that came" } else { "Event body" };
            (card("body-title", title, &self.came, base, "/payload", limit))
        }
    }
}

fn card(id: &str, title: &str, body: &Body, base: &str, file: &str, limit: usize) -> Markup {
    html! {
        section.card aria-labelledby=(id) {
            div.title-row {
                h2 id=(id) { (title) }
                @if !matches!(body, Body::Gone) { a href={(base) (file)} aria-label={"Download: " (title)} { "Download" } }
            }
            @match body {
                Body::File => { p.muted { "A large body, kept as a file." } }
                Body::Here(content) => { (body_view::body(content, limit, &format!("{base}?whole=1"))) }
                Body::Gone => { p.muted { "It is not kept." } }
            }
        }
    }
}
