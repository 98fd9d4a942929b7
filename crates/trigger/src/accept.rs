//! `POST /webhook/{config_id}/trigger`: from a producer's request to a started workflow.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hookstep_api_types::{Accepted, Delivered, schema};
use hookstep_contract::limits::SYNC_BUDGET;
use hookstep_contract::{
    Claim, EventId, EventMetadata, FieldError, Mode, Origin, Payload, Scope, Timestamp, WorkflowInput,
};
use hookstep_http_edge::{Caller, ConfigPath, Problem, answer, read_query};
use hookstep_store::IdempotencyKey;
use sha2::{Digest, Sha256};

use crate::request::TriggerQuery;
use crate::{Context, request};

/// Accepts an event and starts its delivery; when sync, waits for the receiver's answer.
#[utoipa::path(
    post,
    path = "/webhook/{config_id}/trigger",
    operation_id = "trigger_webhook",
    tag = "Events",
    summary = "Trigger a webhook",
    description = "Sends the body to the receiver, byte for byte as it came. Without `sync` the answer comes at \
        once and a failed delivery is repeated on the schedule of the webhook. With it, the answer is the \
        receiver's, unless that takes longer than 27 s. Our status speaks of us alone: a receiver that answers 500 \
        makes it a 200 whose `status` is `failed`.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
        TriggerQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "A key of the producer's own. For 24 hours a \
            request with the same key and the same body answers the event of the first one.", min_length = 1,
            max_length = 255, pattern = "^[ -~]+$"),
        ("X-Correlation-Id" = Option<String>, Header, description = "The producer's own id for the event, kept \
            with it.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
        ("traceparent" = Option<String>, Header, description = "The producer's trace (W3C Trace Context), passed \
            on to the receiver."),
    ),
    request_body(
        description = "Anything up to 6 MB, of any content type; empty with `claim_check`. On AWS, 4.4 MB when it is \
            not text.",
        content(
            ("application/json", example = json!({"order": 1042, "status": "shipped"})),
            ("text/plain"),
            ("application/octet-stream"),
        ),
    ),
    responses(
        (
            status = 200,
            description = "With `sync=true`: the delivery has ended, and this is how.",
            body = Delivered,
            headers(("idempotent-replayed" = String, description = "`true` when the key was used before.")),
        ),
        (
            status = 202,
            description = "The event is on its way.",
            body = Accepted,
            headers(("idempotent-replayed" = String, description = "`true` when the key was used before.")),
        ),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["trigger"])),
)]
pub(crate) async fn trigger(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let now = ctx.sources.now();
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Trigger).await?;
    let ConfigPath(config_id) = config_id?;
    let query: TriggerQuery = read_query(&uri)?;
    let mode = if query.sync()? { Mode::Sync } else { Mode::Async };
    let body = request::body(body)?;
    request::is_whole(&headers, &body)?;
    let claim = claimed(query.claim_check, &body)?;
    let (org_id, event_id) = (caller.org_id().clone(), EventId((ctx.sources.new_id)()));
    let mut event = EventMetadata {
        content_type: request::text_header(&headers, "content-type")?,
        size: claim.is_none().then_some(body.len() as u64),
        correlation_id: request::text_header(&headers, "x-correlation-id")?,
        traceparent: request::traceparent(&headers),
        ..EventMetadata::new(org_id, config_id, event_id, Origin::Api, mode, now)
    };
    if let Some(claim) = &claim
        && !claim.belongs_to(&event.org_id, config_id)
    {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this claim_check is not one of this webhook's uploads",
        ));
    }
    if ctx.configs.get(&event.org_id, config_id).await?.is_none() {
        return Err(Problem::no_webhook());
    }
    let repeated = match request::text_header(&headers, "idempotency-key")? {
        Some(key) => first_of(&ctx, &mut event, &key, claim.as_ref(), &body, now).await?,
        None => false,
    };
    let event_id = event.event_id;
    let payload = match claim {
        Some(claim) => Payload::Claim(claim),
        None => {
            let key = Claim::key_for(&event.org_id, config_id, event_id);
            ctx.claims.payload(&key, body, ctx.inline_limit).await?
        }
    };
    let input = WorkflowInput { event, payload };
    let response = match mode {
        Mode::Async => {
            ctx.machines.start(&input).await.map_err(|error| Problem::from(error).about(event_id))?;
            answer::accepted(event_id)
        }
        Mode::Sync => {
            let patience = SYNC_BUDGET.saturating_sub(ctx.sources.now().since(input.event.created_at));
            answer::delivered(event_id, ctx.machines.run(&input, patience).await)
        }
    };
    let mut response = response.into_response();
    if repeated {
        response.headers_mut().insert("idempotent-replayed", axum::http::HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The claim check of the query; its trigger carries no body of its own.
fn claimed(key: Option<String>, body: &Bytes) -> Result<Option<Claim>, FieldError> {
    match key {
        Some(_) if !body.is_empty() => Err(FieldError::new("claim_check", "comes with an empty body")),
        Some(key) => Ok(Some(Claim { key, sha256: None })),
        None => Ok(None),
    }
}

/// Gives `event` the id of the first event with this idempotency key; answers whether there was one.
///
/// The workflow is started again for a repeat: should the first start have failed, this one delivers; otherwise its
/// `RecordEvent` finds the event and stops.
async fn first_of(
    ctx: &Context,
    event: &mut EventMetadata,
    key: &str,
    claim: Option<&Claim>,
    body: &Bytes,
    now: Timestamp,
) -> Result<bool, Problem> {
    let mut hash = Sha256::new();
    for part in [event.content_type.as_deref(), claim.map(|claim| claim.key.as_str())] {
        hash.update(part.unwrap_or_default());
        hash.update([0]);
    }
    hash.update(body);
    let wanted = IdempotencyKey { event_id: event.event_id, request_hash: hex::encode(hash.finalize()) };
    let kept = ctx.idempotency.claim(&event.org_id, event.config_id, key, wanted.clone(), now).await?;
    if kept.request_hash != wanted.request_hash {
        let detail = "this Idempotency-Key was used for another body, content type or claim check";
        return Err(Problem::new(StatusCode::CONFLICT, detail).about(kept.event_id));
    }
    let repeated = kept.event_id != event.event_id;
    event.event_id = kept.event_id;
    Ok(repeated)
}
