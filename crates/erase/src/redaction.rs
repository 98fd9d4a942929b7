//! Redacts what is kept of an event that has ended (ADR 0067).

use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_contract::{EventRecord, NotRedactable, Redacted, Redaction, StepError};
use hookstep_store::{Expiring, KeptBody, SharedBody};

use crate::Context;
use crate::bodies::{MAX_CONCURRENT, unrecorded_until};

/// What became of the bodies of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// They have nothing that is not kept.
    Redacted,
    /// Nothing of them may be kept, for it is not known what is in them.
    Unredactable,
    /// Others may still need what they share with it.
    Later,
}

/// Redacts what is kept of an event that has ended. Doing it twice is harmless.
pub(crate) async fn redact(
    expiring: &Expiring,
    event: &EventRecord,
    ctx: &Context,
) -> Result<Done, StepError> {
    if event.redaction == Some(Redaction::Whole) {
        return Ok(Done::Redacted);
    }
    let sends_object = event.sent.as_ref().is_some_and(|sent| sent.claim.is_some());
    if event.claim.is_some() || sends_object {
        return Ok(Done::Unredactable);
    }
    let redactor = match ctx.orgs.latest(&event.org_id).await? {
        Some(org) => org.fields.redactor()?,
        None => None,
    };
    // The org has taken its paths back.
    let Some(redactor) = redactor else {
        ctx.events.redact(event, None, Redaction::Whole).await?;
        return Ok(Done::Redacted);
    };
    let Redacted { body, values } = match ctx.bodies.kept_accepted(event).await? {
        Some(KeptBody::Whole(body)) => match redactor.body(&body) {
            Ok(redacted) => redacted,
            Err(NotRedactable) => return Ok(Done::Unredactable),
        },
        // An earlier run was interrupted after all that follows.
        Some(KeptBody::Redacted(_)) => return Ok(Done::Redacted),
        None => return Ok(Done::Unredactable),
    };
    let (sent, is_sent_whole) = match ctx.bodies.kept_sent(event).await? {
        Some(KeptBody::Whole(sent)) => {
            let sent = redactor.sent(&sent, &values);
            let is_whole = sent.is_none();
            (sent, is_whole)
        }
        Some(KeptBody::Redacted(_)) => (None, false),
        None => (None, true),
    };
    let is_whole = body.is_none() && is_sent_whole;
    let redaction = if is_whole { Redaction::Whole } else { Redaction::Redacted };
    // First of all, for without the accepted body it is not known what to look for elsewhere.
    ctx.events.redact(event, Some((&redactor, &values)), redaction).await?;
    if let Some(sent) = sent {
        ctx.bodies.redact_sent(event, &sent).await?;
    }
    // The deliveries of a publication share its body: the last one redacts it.
    let is_last = event.publication_id.is_none() || ctx.expiring.release_unredacted(expiring).await?;
    if let Some(body) = body.filter(|_| is_last) {
        if !is_known_to_all(expiring, ctx).await? {
            return Ok(Done::Later);
        }
        ctx.bodies.redact_accepted(event, &body).await?;
    }
    Ok(Done::Redacted)
}

/// Whether all deliveries of the event's publication, if it has one, are recorded: one that waits to be prepared has not yet noted that
/// it needs the body.
pub(crate) async fn is_known_to_all(expiring: &Expiring, ctx: &Context) -> Result<bool, StepError> {
    let Some(publication_id) = expiring.shared.as_ref().and_then(SharedBody::publication_id) else {
        return Ok(true);
    };
    let Some((publication, _)) = ctx.publications.get(&expiring.org_id, publication_id).await? else {
        return Ok(true);
    };
    let now = ctx.sources.now();
    let looks = publication.deliveries.iter().map(|delivery| async move {
        let record = ctx.events.latest(&expiring.org_id, delivery.config_id, delivery.event_id).await?;
        Ok::<_, StepError>(record.is_some() || unrecorded_until(delivery.event_id, now).is_none())
    });
    // Collected first, for the compiler cannot prove the lifetimes of a lazy iterator.
    let looks: Vec<_> = looks.collect();
    stream::iter(looks).buffer_unordered(MAX_CONCURRENT).try_all(async |is_known| is_known).await
}
