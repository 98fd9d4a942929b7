//! A trigger request, read and checked.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use hookstep_contract::FieldError;
use hookstep_contract::limits::IDEMPOTENCY_KEY_BYTES;
use serde::Deserialize;
use utoipa::IntoParams;

use hookstep_http_edge::Problem;

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
    pub(crate) claim_check: Option<String>,
}

impl TriggerQuery {
    /// Whether the producer waits for the receiver.
    pub(crate) fn sync(&self) -> Result<bool, FieldError> {
        match self.sync.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(FieldError::new("sync", "must be true or false")),
        }
    }
}

/// The body, or 413 that names the way for larger ones.
pub(crate) fn body(read: Result<Bytes, BytesRejection>) -> Result<Bytes, Problem> {
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is larger than 6 MB: POST /webhook/{config_id}/uploads, PUT the body to the upload_url it answers, \
             then trigger with ?claim_check=",
        ),
        _ => rejection.into(),
    })
}

/// Refuses a body that is not as the producer sent it. API Gateway takes a body for text when its content type says so, and
/// puts U+FFFD where it is not UTF-8: its length changes.
pub(crate) fn is_whole(headers: &HeaderMap, body: &Bytes) -> Result<(), FieldError> {
    let sent = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if sent.is_some_and(|sent| sent != body.len()) {
        return Err(FieldError::new(
            "body",
            "did not arrive as it was sent: where it is not UTF-8, its content-type must not be text, JSON or XML \
             (application/octet-stream will do), or it must come by an upload",
        ));
    }
    Ok(())
}

/// A header's value as text, when it is there.
pub(crate) fn text_header(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, FieldError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    match value.to_str() {
        Ok(text) if !text.is_empty() && text.len() <= IDEMPOTENCY_KEY_BYTES => Ok(Some(text.to_owned())),
        _ => Err(FieldError::new(
            name,
            format!("must be 1 to {IDEMPOTENCY_KEY_BYTES} visible ASCII characters"),
        )),
    }
}

/// The producer's trace, to be passed on. One that is not valid is passed over, as W3C Trace Context wants it (§3.2.2).
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    hookstep_contract::is_traceparent(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_trace_is_passed_on() {
        let read = |text: &str| {
            traceparent(&HeaderMap::from_iter([("traceparent".parse().unwrap(), text.parse().unwrap())]))
        };
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(read(valid).as_deref(), Some(valid));
        for wrong in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_body_that_was_changed_on_the_way_is_refused() {
        let mut headers = HeaderMap::new();
        let arrived = Bytes::from_static("caf\u{fffd}".as_bytes());
        assert!(is_whole(&headers, &arrived).is_ok(), "a length that nobody said cannot be compared");
        headers.insert("content-length", 4.into());
        assert!(is_whole(&headers, &arrived).is_err());
        assert!(is_whole(&headers, &Bytes::from_static(b"caf\xe9")).is_ok());
    }
}
