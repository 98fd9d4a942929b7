//! Reading and checking a trigger request.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use hookstep_catalogue::Payload;
use hookstep_content_coding::InvalidCodings;
use hookstep_contract::limits::{EVENT_CONTENT_TYPE_BYTES, IDEMPOTENCY_KEY_BYTES};
use hookstep_contract::{Claim, ConfigId, Delay, EventMetadata, FieldError, Mode, OrgId, check_event_type};
use hookstep_http_edge::{ApiQuery, Problem};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

/// The query of a trigger.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TriggerQuery {
    /// Whether to wait for the receiver.
    #[param(value_type = bool, required = false, default = false)]
    sync: Option<String>,
    /// The `claim_check` of an upload, whose body is sent.
    #[param(value_type = String, required = false)]
    claim_check: Option<String>,
    /// When to send the event, up to 30 days ahead; at once if the time has passed. Excludes `delay_seconds` and `sync`.
    #[param(value_type = String, required = false, format = DateTime)]
    deliver_at: Option<String>,
    /// How many seconds after its acceptance to send the event. Excludes `deliver_at` and `sync`.
    #[param(value_type = u32, required = false, maximum = 2_592_000)]
    delay_seconds: Option<String>,
    /// The type of the event, which is kept with it. If the catalogue of the org has the type, the body is checked as it says.
    #[param(value_type = String, required = false, min_length = 1, max_length = 128)]
    event_type: Option<String>,
}

impl TriggerQuery {
    fn mode(&self) -> Result<Mode, FieldError> {
        match self.sync.as_deref() {
            None | Some("false") => Ok(Mode::Async),
            Some("true") => Ok(Mode::Sync),
            Some(_) => Err(FieldError::new("sync", "must be true or false")),
        }
    }

    /// When the event is to be sent. Nobody can wait for the answer to what is sent later.
    fn delay(&self, mode: Mode) -> Result<Option<Delay>, FieldError> {
        let delay = Delay::parse(self.deliver_at.as_deref(), self.delay_seconds.as_deref())?;
        match (mode, delay) {
            (Mode::Sync, Some(_)) => Err(FieldError::new(
                "sync",
                "excludes deliver_at and delay_seconds: there is no answer to wait for yet",
            )),
            (_, delay) => Ok(delay),
        }
    }
}

/// A trigger request that has passed all checks that need no lookup.
#[derive(Debug)]
pub(crate) struct TriggerRequest {
    pub(crate) mode: Mode,
    delay: Option<Delay>,
    /// The upload that is sent in place of the body.
    pub(crate) claim: Option<Claim>,
    pub(crate) body: Bytes,
    pub(crate) idempotency_key: Option<String>,
    content_type: Option<String>,
    content_encoding: Option<String>,
    correlation_id: Option<String>,
    traceparent: Option<String>,
    event_type: Option<String>,
}

impl<S: Send + Sync> FromRequest<S> for TriggerRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let ApiQuery(query) = ApiQuery::from_request_parts(&mut parts, state).await?;
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), state).await.map_err(unread)?;
        Ok(Self::read(query, &headers, body)?)
    }
}

/// A 413 response explains how to send larger bodies.
fn unread(rejection: BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is larger than 6 MB: POST /webhook/{config_id}/uploads, PUT the body to the upload_url of the answer, \
             then trigger with ?claim_check=",
        ),
        _ => rejection.into(),
    }
}

impl TriggerRequest {
    fn read(query: TriggerQuery, headers: &HeaderMap, body: Bytes) -> Result<Self, FieldError> {
        let mode = query.mode()?;
        let delay = query.delay(mode)?;
        check_length(headers, &body)?;
        if let Some(event_type) = &query.event_type {
            check_event_type(event_type)?;
        }
        if query.claim_check.is_some() && !body.is_empty() {
            return Err(FieldError::new("claim_check", "comes with an empty body"));
        }
        Ok(Self {
            mode,
            delay,
            claim: query.claim_check.map(Claim::named),
            body,
            idempotency_key: text_header(headers, "idempotency-key", IDEMPOTENCY_KEY_BYTES)?,
            content_type: content_type(headers)?,
            content_encoding: content_encoding(headers)?,
            correlation_id: text_header(headers, "x-correlation-id", IDEMPOTENCY_KEY_BYTES)?,
            traceparent: traceparent(headers),
            event_type: query.event_type,
        })
    }

    /// Whether the claim check, if there is one, belongs to an upload to this webhook.
    pub(crate) fn is_of(&self, org_id: &OrgId, config_id: ConfigId) -> bool {
        self.claim.as_ref().is_none_or(|claim| claim.belongs_to(org_id, config_id))
    }

    /// The event's metadata, completed with the fields from this request.
    ///
    /// # Errors
    /// If the event is to be sent too late.
    pub(crate) fn event(&self, new: EventMetadata) -> Result<EventMetadata, FieldError> {
        Ok(EventMetadata {
            deliver_at: self.delay.map_or(Ok(None), |delay| delay.due(new.created_at))?,
            content_type: self.content_type.clone(),
            content_encoding: self.content_encoding.clone(),
            // `Hydrate` determines the size of an upload.
            size: self.claim.is_none().then_some(self.body.len() as u64),
            correlation_id: self.correlation_id.clone(),
            traceparent: self.traceparent.clone(),
            event_type: self.event_type.clone(),
            ..new
        })
    }

    /// What there is to check of the body. An upload is not read here, and neither is a body with a content coding: it may be an
    /// archive of any size.
    pub(crate) fn payload(&self) -> Payload<'_> {
        match (&self.claim, &self.content_encoding) {
            (Some(_), _) => Payload::Unreadable("was uploaded, and is not checked"),
            (None, Some(_)) => Payload::Unreadable("has a content coding, and is not checked"),
            (None, None) => Payload::Bytes(&self.body),
        }
    }

    /// A hash that is equal for equal requests, which may share an idempotency key. It says what the receiver gets, not when: a
    /// producer that repeats a request may have computed `deliver_at` anew.
    pub(crate) fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for part in [self.content_type.as_deref(), self.claim.as_ref().map(|claim| claim.key.as_str())] {
            hash.update(part.unwrap_or_default());
            hash.update([0]);
        }
        // Without a coding, the hash is that of the versions before there were codings.
        if let Some(coding) = &self.content_encoding {
            hash.update(coding);
            hash.update([0]);
        }
        // The same holds without a type.
        if let Some(event_type) = &self.event_type {
            hash.update(b"event_type\0");
            hash.update(event_type);
            hash.update([0]);
        }
        hash.update(&self.body);
        hex::encode(hash.finalize())
    }
}

/// Rejects a body that differs from what the producer sent. Based on the content type, API Gateway treats a
/// body as text and replaces bytes that are not UTF-8 with U+FFFD, which changes the length.
fn check_length(headers: &HeaderMap, body: &Bytes) -> Result<(), FieldError> {
    let sent = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if sent.is_some_and(|sent| sent != body.len()) {
        return Err(FieldError::new(
            "body",
            "did not arrive as it was sent: a body that is not UTF-8 must have a content-type other than text, JSON and \
             XML (application/octet-stream will do), or must be uploaded",
        ));
    }
    Ok(())
}

/// The `Content-Type`; an empty one says nothing.
fn content_type(headers: &HeaderMap) -> Result<Option<String>, FieldError> {
    if headers.get(CONTENT_TYPE).is_some_and(HeaderValue::is_empty) {
        return Ok(None);
    }
    text_header(headers, "content-type", EVENT_CONTENT_TYPE_BYTES)
}

/// A header's value as text of at most `limit` bytes, if the header is present.
pub(crate) fn text_header(
    headers: &HeaderMap,
    name: &'static str,
    limit: usize,
) -> Result<Option<String>, FieldError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    match value.to_str() {
        Ok(text) if (1..=limit).contains(&text.len()) => Ok(Some(text.to_owned())),
        _ => Err(FieldError::new(name, format!("must be 1 to {limit} visible ASCII characters"))),
    }
}

/// The codings of the body, if there are any: several header lines are one list.
fn content_encoding(headers: &HeaderMap) -> Result<Option<String>, FieldError> {
    let wrong = |error: InvalidCodings| FieldError::new("content-encoding", error.to_string());
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let values = values.map(|value| value.to_str().map_err(|_| wrong(InvalidCodings)));
    let list = values.collect::<Result<Vec<_>, _>>()?.join(", ");
    Ok(hookstep_content_coding::check(&list).map_err(wrong)?.map(ToOwned::to_owned))
}

/// The producer's trace context, to be forwarded. An invalid one is ignored, as W3C Trace Context §3.2.2
/// requires.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    hookstep_contract::is_traceparent(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
