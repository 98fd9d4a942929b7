//! The bodies of an event: on its page, and for download.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use hookstep_content_coding::{Codings, Decoded};
use hookstep_contract::{Content, EventRecord};
use hookstep_http_edge::{ConfigPath, EventPath, no_event};
use hookstep_management::Context;
use hookstep_management::events::views::{BodyView, accepted_body, sent_body};
use hookstep_store::StoreError;
use maud::{Markup, html};
use serde_json::json;

use super::attempt::copy_body;
use crate::body_view;
use crate::error::PageError;
use crate::extract::Shown;
use crate::form::Query;
use crate::session::Visitor;

/// `GET /console/webhooks/{config_id}/events/{event_id}/payload`: the body, byte for byte, as a download: a browser must not
/// open content from others on this origin. With `of=sent`, the body that was sent in its place.
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    Shown(EventPath(event_id)): Shown<EventPath>,
    query: Query,
) -> Result<Response, PageError> {
    let event = ctx.events.get(visitor.org_id(), config_id, event_id).await?.ok_or_else(no_event)?;
    if event.has_lost_bodies(ctx.sources.now()) {
        return Err(PageError::new(StatusCode::NOT_FOUND, "The body of this event is no longer kept."));
    }
    let sent = event.sent.as_ref().filter(|_| query.get("of") == "sent");
    let claim = sent.map_or(&event.claim, |sent| &sent.claim);
    if let Some(key) = claim {
        if event.may_have_what_is_redacted() {
            return Err(PageError::new(StatusCode::NOT_FOUND, WITHHELD));
        }
        let url = ctx.claims.presign_read(key, ctx.sources.now()).await?;
        // The script of the portal fetches pages, and may fetch nothing from elsewhere: it opens this.
        return Ok(match visitor.portal() {
            Some(_) => Json(json!({"url": url})).into_response(),
            None => Redirect::to(&url).into_response(),
        });
    }
    let view = read_body(&ctx, &event, sent.is_some()).await?;
    if view == BodyView::Withheld {
        return Err(PageError::new(StatusCode::NOT_FOUND, WITHHELD));
    }
    let Some(body) = view.bytes() else {
        return Err(PageError::new(StatusCode::NOT_FOUND, "The body of this event is not stored."));
    };
    let suffix = if sent.is_some() { "-sent" } else { "" };
    let file = format!("attachment; filename=\"{event_id}{suffix}\"");
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CONTENT_DISPOSITION, &file)];
    Ok((headers, body).into_response())
}

/// Why a body is not shown that is stored.
const WITHHELD: &str = "It is not shown: values in bodies are redacted, and this one is large or not JSON.";

async fn read_body(ctx: &Context, event: &EventRecord, is_sent: bool) -> Result<BodyView, StoreError> {
    if is_sent { sent_body(ctx, event).await } else { accepted_body(ctx, event).await }
}

/// The most bytes of a body that are decoded for a page.
const DECODED_BYTES: usize = 1024 * 1024;

/// What is inside a body, if its content coding can be read.
fn decoded(content: Content, coding: Option<&str>) -> StoredBody {
    let codings =
        coding.and_then(|coding| Codings::parse(coding).ok()).filter(|codings| !codings.is_identity());
    if let (Some(codings), Some(bytes)) = (codings, content.to_bytes()) {
        let Decoded { bytes, .. } = codings.decode(&bytes, DECODED_BYTES);
        if !bytes.is_empty() {
            return StoredBody::Here(Content::new(&bytes), coding.map(ToOwned::to_owned));
        }
    }
    StoredBody::Here(content, None)
}

/// Where a body of an event is stored.
enum StoredBody {
    /// In the table; with its content coding, if this is what was inside.
    Here(Content, Option<String>),
    /// A claim check.
    File,
    /// Nowhere, or not any more.
    Gone,
    /// In the table, without the values that are not kept.
    Redacted(Content),
    /// Stored, and not shown.
    Withheld,
    /// Nowhere any more, because the org keeps bodies for so many hours, or cannot redact them.
    Over(Option<u32>),
}

impl StoredBody {
    /// Whether it can be looked at.
    fn is_there(&self) -> bool {
        matches!(self, Self::Here(..) | Self::File | Self::Redacted(_))
    }

    /// Whether it is stored in one form or another.
    fn is_stored(&self) -> bool {
        self.is_there() || matches!(self, Self::Withheld)
    }
}

/// The bodies of an event: as received, and as sent, if a transform changed it.
pub(super) struct EventBodies {
    received: StoredBody,
    sent: Option<StoredBody>,
    /// Whether values of them were replaced, so that they cannot be sent again.
    are_redacted: bool,
}

impl EventBodies {
    /// Reads the bodies of an event.
    pub(super) async fn of(ctx: &Context, event: &EventRecord) -> Result<Self, PageError> {
        let is_over = event.has_lost_bodies(ctx.sources.now());
        let read = async |claim: &Option<String>, is_sent: bool| -> Result<StoredBody, StoreError> {
            if is_over {
                let hours = event.body_retention_hours.filter(|_| event.redaction.is_none());
                return Ok(StoredBody::Over(hours));
            }
            if claim.is_some() {
                let is_shown = !event.may_have_what_is_redacted();
                return Ok(if is_shown { StoredBody::File } else { StoredBody::Withheld });
            }
            // The result of a transform has no coding.
            let coding = event.content_encoding.as_deref().filter(|_| !is_sent);
            Ok(match read_body(ctx, event, is_sent).await? {
                BodyView::Whole(bytes) => decoded(Content::new(&bytes), coding),
                BodyView::Redacted(bytes) => StoredBody::Redacted(Content::new(&bytes)),
                BodyView::Withheld => StoredBody::Withheld,
                BodyView::Gone => StoredBody::Gone,
            })
        };
        let sent = match &event.sent {
            Some(sent) => Some(read(&sent.claim, true).await?),
            None => None,
        };
        Ok(Self { received: read(&event.claim, false).await?, sent, are_redacted: event.is_redacted() })
    }

    /// Whether the body that was sent is stored and can be sent again.
    pub(super) fn can_replay(&self) -> bool {
        !self.are_redacted && self.sent.as_ref().unwrap_or(&self.received).is_stored()
    }

    /// The body that was sent, if it is stored in the table.
    pub(super) fn sent(&self) -> Option<&Content> {
        match self.sent.as_ref().unwrap_or(&self.received) {
            StoredBody::Here(content, None) => Some(content),
            _ => None,
        }
    }

    /// Whether the body as received is stored, so that the current filter and transform can be applied to it.
    pub(super) fn has_received_body(&self) -> bool {
        !self.are_redacted && self.received.is_stored()
    }

    /// Whether the body that was sent differs from the one received.
    pub(super) fn differ(&self) -> bool {
        self.sent.is_some()
    }

    /// The bodies, or links to them.
    pub(super) fn cards(&self, base: &str, is_whole: bool) -> Markup {
        let limit = if is_whole { usize::MAX } else { body_view::SHOWN_BYTES };
        html! {
            @if let Some(sent) = &self.sent { (card("sent-title", "Body as sent", sent, base, "/payload?of=sent", limit)) }
            @let title = if self.differ() { "Body as received" } else { "Event body" };
            (card("body-title", title, &self.received, base, "/payload", limit))
        }
    }
}

fn card(id: &str, title: &str, body: &StoredBody, base: &str, file: &str, limit: usize) -> Markup {
    html! {
        section.card aria-labelledby=(id) {
            div.title-row {
                h2 id=(id) { (title) }
                span { @if matches!(body, StoredBody::Here(..) | StoredBody::Redacted(_)) { (copy_body(title)) " " }
                    @if body.is_there() { a href={(base) (file)} aria-label={"Download: " (title)} { "Download" } } }
            }
            @match body {
                StoredBody::File => { p.muted { "A large body, stored as a file." } }
                StoredBody::Here(content, decoded) => {
                    (body_view::body(content, limit, &format!("{base}?whole=1")))
                    @if let Some(coding) = decoded { p.hint { "Decoded: it came, and is sent, as " code { (coding) } "." } }
                }
                StoredBody::Redacted(content) => {
                    (body_view::body(content, limit, &format!("{base}?whole=1")))
                    p.hint { "Values are replaced by " code { "[redacted]" } ". The receiver gets the whole body." }
                }
                StoredBody::Withheld => { p.muted { (WITHHELD) } }
                StoredBody::Gone => { p.muted { "It is not stored." } }
                StoredBody::Over(None) => { p.muted { "It is no longer kept: values in bodies are redacted, and this one was large or not JSON." } }
                StoredBody::Over(Some(hours)) => { p.muted { "It is no longer kept: bodies are deleted " (hours) " h after their events have ended." } }
            }
        }
    }
}
