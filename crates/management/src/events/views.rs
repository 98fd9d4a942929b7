//! What may be shown of an event: of some orgs, without the values that are not kept (ADR 0067). These may still be stored, for they
//! are needed until the event has ended.

use axum::body::Bytes;
use hookstep_contract::{Attempt, EventRecord, Redacted, Redaction, Redactor, StoreError};
use hookstep_store::KeptBody;

use crate::Context;

/// What may be shown of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyView {
    /// All of it.
    Whole(Bytes),
    /// It without the values that are not kept.
    Redacted(Bytes),
    /// Nothing, for it is not known what in it is not kept.
    Withheld,
    /// It is not stored.
    Gone,
}

impl BodyView {
    /// What may be shown, if anything.
    pub fn bytes(self) -> Option<Bytes> {
        match self {
            Self::Whole(bytes) | Self::Redacted(bytes) => Some(bytes),
            Self::Withheld | Self::Gone => None,
        }
    }
}

/// The accepted body of an event that is not a claim check, as it may be shown.
///
/// # Errors
/// If a table cannot be read.
pub async fn accepted_body(ctx: &Context, event: &EventRecord) -> Result<BodyView, StoreError> {
    view(ctx, event, ctx.bodies.kept_accepted(event).await?).await
}

/// An accepted body as it may be shown, of which this is stored.
pub(super) async fn view(
    ctx: &Context,
    event: &EventRecord,
    kept: Option<KeptBody>,
) -> Result<BodyView, StoreError> {
    let whole = match kept {
        None => return Ok(BodyView::Gone),
        Some(KeptBody::Redacted(left)) => return Ok(BodyView::Redacted(left)),
        Some(KeptBody::Whole(body)) => body,
    };
    let Some(redactor) = redactor(ctx, event).await? else { return Ok(BodyView::Whole(whole)) };
    Ok(match redactor.body(&whole) {
        Ok(Redacted { body: None, .. }) => BodyView::Whole(whole),
        Ok(Redacted { body: Some(left), .. }) => BodyView::Redacted(left.into()),
        Err(_) => BodyView::Withheld,
    })
}

/// The body that was sent instead, if it is not an object, as it may be shown.
///
/// # Errors
/// If a table cannot be read.
pub async fn sent_body(ctx: &Context, event: &EventRecord) -> Result<BodyView, StoreError> {
    let sent = match ctx.bodies.kept_sent(event).await? {
        None => return Ok(BodyView::Gone),
        Some(KeptBody::Redacted(left)) => return Ok(BodyView::Redacted(left)),
        Some(KeptBody::Whole(sent)) => sent,
    };
    let Some(redactor) = redactor(ctx, event).await? else { return Ok(BodyView::Whole(sent)) };
    let Some(accepted) = redacted(ctx, event, &redactor).await? else { return Ok(BodyView::Withheld) };
    Ok(match redactor.sent(&sent, &accepted.values) {
        Some(left) => BodyView::Redacted(left.into()),
        None => BodyView::Whole(sent),
    })
}

/// The attempts of an event as they may be shown.
///
/// # Errors
/// If a table cannot be read.
pub async fn shown_attempts(ctx: &Context, event: &EventRecord) -> Result<Vec<Attempt>, StoreError> {
    let attempts = event.shown(ctx.events.attempts(event).await?, ctx.sources.now());
    if event.redaction != Some(Redaction::Due) || attempts.is_empty() {
        return Ok(attempts);
    }
    let Some(redactor) = redactor(ctx, event).await? else { return Ok(attempts) };
    let accepted = redacted(ctx, event, &redactor).await?;
    let shown = |attempt| match &accepted {
        Some(Redacted { values, .. }) => redactor.attempt(attempt, values),
        None => Attempt::without_bodies(attempt),
    };
    Ok(attempts.into_iter().map(shown).collect())
}

/// What is replaced in the accepted body of an event; `None` if that is not known.
async fn redacted(
    ctx: &Context,
    event: &EventRecord,
    redactor: &Redactor,
) -> Result<Option<Redacted>, StoreError> {
    if event.claim.is_some() {
        return Ok(None);
    }
    match ctx.bodies.kept_accepted(event).await? {
        Some(KeptBody::Whole(body)) => Ok(redactor.body(&body).ok()),
        Some(KeptBody::Redacted(_)) | None => Ok(None),
    }
}

/// What replaces the values that are not kept; `None` if there are none in the event's bodies, or its org keeps all by now.
async fn redactor(ctx: &Context, event: &EventRecord) -> Result<Option<Redactor>, StoreError> {
    if !event.may_have_what_is_redacted() {
        return Ok(None);
    }
    match ctx.orgs.find(&event.org_id).await? {
        Some(org) => org.fields.redactor(),
        None => Ok(None),
    }
}
