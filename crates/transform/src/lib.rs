//! The state `Transform`: decides whether an event passes its webhook's filter, and what is sent in place of
//! its body (docs/adr/0017), and what the key of its order is (docs/adr/0051). It only runs for webhooks with a filter, a transform
//! or such a key.
#![warn(clippy::large_futures, reason = "every delivery moves and keeps them")]

mod body;
mod context;

use bytes::Bytes;
use hookstep_contract::{
    BodyPart, Claim, Content, ErrorName, EventId, EventMetadata, Ordering, OrgId, PayloadRules, Reason,
    ReasonCode, Sent, Status, StepError, TransformData, Unresolved,
};
use hookstep_expression::{Applied, Verdict};
use sha2::{Digest, Sha256};

pub use context::Context;

/// How much of a hash is the key of an order: two keys of a webhook do not meet in so many bytes.
const ORDER_KEY_BYTES: usize = 16;

/// Applies a webhook's filter and transform to an event. The event is left unchanged, gets another body, is
/// skipped, or gets an unusable body, which `deliver` records as a failed attempt.
///
/// # Errors
/// `ConfigNotFound` if the webhook does not exist; `StorageUnavailable` if a table or bucket does not respond;
/// `SandboxUnavailable` if an expression cannot be evaluated because of an internal failure.
pub async fn handle(mut data: TransformData, ctx: &Context) -> Result<TransformData, StepError> {
    let config = ctx.configs.get(&data.event.org_id, data.event.config_id).await?;
    let config =
        config.ok_or_else(|| StepError::new(ErrorName::ConfigNotFound, "the webhook was deleted"))?;
    // The webhook may have changed since `FetchConfig` and have no rules now.
    let Some(rules) = PayloadRules::for_event(&config.fields, &data.event) else { return Ok(data) };
    let body = match body::read(&data.event, &data.payload, ctx).await? {
        Ok(body) => body,
        Err(reason) => {
            refuse(&mut data, reason);
            return Ok(data);
        }
    };
    let Applied { verdict, order_key } = evaluate(&data.event.org_id, &rules, &body, ctx).await?;
    if let Some(key) = order_key {
        let key = hex::encode(&Sha256::digest(key)[..ORDER_KEY_BYTES]);
        data.record.order_key = Some(key.clone());
        data.event.order_key = Some(key);
        if let Some((lane, blocks)) = Ordering::place(&config.fields, &data.event) {
            (data.plan.lane, data.plan.blocks) = (Some(lane), blocks);
        }
    }
    match verdict {
        Verdict::AsItIs => {}
        Verdict::Missed(detail) => {
            let reason = Reason::new(ReasonCode::FilterMissed, detail);
            data.record.status = Status::Skipped;
            data.record.reason = Some(reason.clone());
            data.plan.status = Status::Skipped;
            data.plan.reason = Some(reason);
        }
        Verdict::Failed(fault) if data.record.redaction.is_some() => {
            refuse(&mut data, fault.without_message().into());
        }
        Verdict::Failed(fault) => refuse(&mut data, fault.into()),
        Verdict::Replaced { content_type, body } => {
            replace(&mut data, content_type, body.into(), ctx).await?;
        }
    }
    Ok(data)
}

fn refuse(data: &mut TransformData, reason: Reason) {
    data.payload = Unresolved::Unusable(reason);
    data.record.refuse_body();
}

async fn evaluate(
    org_id: &OrgId,
    rules: &PayloadRules,
    body: &[u8],
    ctx: &Context,
) -> Result<Applied, StepError> {
    ctx.sandbox.apply(org_id, rules, body).await.map_err(|error| {
        StepError::because(ErrorName::SandboxUnavailable, "an expression could not be evaluated", error)
    })
}

/// Replaces the body with a result. In a rerun, the first result is kept, so that a receiver that sees an
/// event twice sees the same bytes.
async fn replace(
    data: &mut TransformData,
    content_type: String,
    body: Bytes,
    ctx: &Context,
) -> Result<(), StepError> {
    let event = &data.event;
    let content = Content::new(&body);
    let is_small = content.serialised_len() <= ctx.inline_limit;
    let mut sent = Sent { content_type: content_type.clone(), size: body.len() as u64, claim: None };
    data.payload = if !is_small {
        let key = Claim::key_for(&event.org_id, event.config_id, sent_id(event));
        ctx.claims.put(&key, body.clone(), &Sha256::digest(&body)).await?;
        sent.claim = Some(key.clone());
        data.plan.unkept = None;
        Unresolved::Claim(Claim::of(key))
    } else if ctx.keep_bodies {
        let stored = ctx.bodies.keep_sent(event, &body).await?.unwrap_or(content);
        sent.size = stored.to_bytes().map_or(sent.size, |bytes| bytes.len() as u64);
        Unresolved::Inline(stored)
    } else {
        data.plan.unkept = Some(BodyPart::Sent);
        Unresolved::Inline(content)
    };
    data.event.content_type = Some(content_type);
    // The result is not coded, whatever the body was.
    data.event.content_encoding = None;
    data.record.sent = Some(sent);
    Ok(())
}

/// The id under which a large result is stored: it has the form of an event id and is the same in a rerun.
fn sent_id(event: &EventMetadata) -> EventId {
    EventId::derived(event.created_at, &[event.event_id.0.as_bytes(), b"sent"])
}
