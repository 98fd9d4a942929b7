//! Reading a publication. The payload is taken from the request as it stands there: parsing it and writing it anew could change
//! its numbers.

use std::fmt;

use axum::body::Bytes;
use axum::http::HeaderMap;
use hookstep_api_types::PublishFields;
use hookstep_contract::limits::{IDEMPOTENCY_KEY_BYTES, MAX_PUBLISH_BATCH};
use hookstep_contract::{Delay, FieldError, check_event_type};
use hookstep_http_edge::{Problem, read_json};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::request::{text_header, traceparent};

/// A publication that has passed all checks that need no lookup.
#[derive(Debug)]
pub(crate) struct PublishRequest {
    pub(crate) event_type: String,
    pub(crate) body: Bytes,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) delay: Option<Delay>,
    pub(crate) traceparent: Option<String>,
}

/// An object's fields in their order, each with the exact bytes of its value; a field that is given twice is here twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = entries.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Reads the body of `POST /events`.
///
/// # Errors
/// 400 that names the field.
pub(crate) fn read(body: &[u8]) -> Result<PublishRequest, Problem> {
    let Ok(Fields(fields)) = serde_json::from_slice(body) else {
        // It is no object, or no JSON at all.
        return Err(read_json::<PublishFields>(body).err().unwrap_or_else(unreadable));
    };
    let payload = fields.iter().find(|(name, _)| name == PAYLOAD).map(|(_, json)| json.get());
    let PublishFields { event_type, idempotency_key, correlation_id, deliver_at, delay_seconds, .. } =
        read_json(&without_payload(&fields))?;
    check_event_type(&event_type)?;
    let [at, seconds] =
        [deliver_at.map(|at| at.to_string()), delay_seconds.map(|seconds| seconds.to_string())];
    Ok(PublishRequest {
        event_type,
        body: payload.map(|json| Bytes::copy_from_slice(json.as_bytes())).unwrap_or_default(),
        idempotency_key: idempotency_key.map(|key| text("idempotency_key", key)).transpose()?,
        correlation_id: correlation_id.map(|id| text("correlation_id", id)).transpose()?,
        delay: Delay::parse(at.as_deref(), seconds.as_deref())?,
        traceparent: None,
    })
}

/// Reads the body of `POST /events/batch`: the events, or what is wrong with each.
///
/// # Errors
/// 400 if it is not a list of 1 to 100 events.
pub(crate) fn read_batch(body: &[u8]) -> Result<Vec<Result<PublishRequest, Problem>>, Problem> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Batch<'a> {
        #[serde(borrow)]
        events: Vec<&'a RawValue>,
    }

    /// The same, for what is wrong with the whole.
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        #[serde(rename = "events")]
        _events: Vec<serde::de::IgnoredAny>,
    }

    let Ok(Batch { events }) = serde_json::from_slice(body) else {
        return Err(read_json::<Whole>(body).err().unwrap_or_else(unreadable));
    };
    if !(1..=MAX_PUBLISH_BATCH).contains(&events.len()) {
        let reason = format!("must be 1 to {MAX_PUBLISH_BATCH}");
        return Err(FieldError::new("events", reason).into());
    }
    Ok(events.into_iter().map(|event| read(event.get().as_bytes())).collect())
}

const PAYLOAD: &str = "payload";

/// The object with `null` in place of its payload, which is looked at by nobody here.
fn without_payload(fields: &[(String, &RawValue)]) -> Vec<u8> {
    let mut json = Vec::new();
    for (name, value) in fields {
        json.push(if json.is_empty() { b'{' } else { b',' });
        json.extend(serde_json::Value::from(name.as_str()).to_string().into_bytes());
        json.push(b':');
        let value = if name == PAYLOAD { "null" } else { value.get() };
        json.extend(value.as_bytes());
    }
    if json.is_empty() {
        json.push(b'{');
    }
    json.push(b'}');
    json
}

/// A text that a header takes as well.
fn text(field: &str, text: String) -> Result<String, FieldError> {
    let is_visible = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !(1..=IDEMPOTENCY_KEY_BYTES).contains(&text.len()) || !is_visible {
        let reason = format!("must be 1 to {IDEMPOTENCY_KEY_BYTES} visible ASCII characters");
        return Err(FieldError::new(field, reason));
    }
    Ok(text)
}

fn unreadable() -> Problem {
    Problem::new(axum::http::StatusCode::BAD_REQUEST, "the body is not what is needed: expected an object")
}

impl PublishRequest {
    /// The same, with what the headers say.
    ///
    /// # Errors
    /// If the key is in the body, too, and another one.
    pub(crate) fn with_headers(self, headers: &HeaderMap) -> Result<Self, FieldError> {
        const HEADER: &str = "idempotency-key";
        let in_header = text_header(headers, HEADER, IDEMPOTENCY_KEY_BYTES)?;
        if let (Some(header), Some(field)) = (&in_header, &self.idempotency_key)
            && header != field
        {
            return Err(FieldError::new(HEADER, "must be the idempotency_key of the body, or be left out"));
        }
        let idempotency_key = self.idempotency_key.clone().or(in_header);
        Ok(Self { idempotency_key, ..self.traced(headers) })
    }

    /// The same, with the producer's trace.
    pub(crate) fn traced(self, headers: &HeaderMap) -> Self {
        Self { traceparent: traceparent(headers), ..self }
    }

    /// A hash that is equal for equal requests, which may share an idempotency key. It says what the receivers get, not when.
    pub(crate) fn hash(&self) -> String {
        let hash = Sha256::new().chain_update(&self.event_type).chain_update([0]).chain_update(&self.body);
        hex::encode(hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(body: &str) -> String {
        read(body.as_bytes()).unwrap_err().wrong_field().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_payload_is_the_bytes_of_the_request() {
        for payload in
            ["{\"b\": 1.0,\n \"a\":  12345678901234567890}", "\"text\"", "null", "1e999", "[1, 2e0]"]
        {
            let body = format!("{{\"event_type\": \"t\", \"payload\": {payload} }}");
            assert_eq!(read(body.as_bytes()).unwrap().body, payload, "{payload}");
        }
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        for (body, field) in [
            (r#"{"payload": 1}"#, "event_type"),
            (r#"{"event_type": "t"}"#, "payload"),
            (r#"{"event_type": "t*", "payload": 1}"#, "event_type"),
            (r#"{"event_type": "t", "payload": 1, "payload": 2}"#, "payload"),
            (r#"{"event_type": "t", "payload": 1, "other": 2}"#, "other"),
            (r#"{"event_type": "t", "payload": 1, "correlation_id": ""}"#, "correlation_id"),
            (r#"{"event_type": "t", "payload": 1, "idempotency_key": "ä"}"#, "idempotency_key"),
            (r#"{"event_type": "t", "payload": 1, "deliver_at": "soon"}"#, "deliver_at"),
            (r#"{"event_type": "t", "payload": 1, "delay_seconds": 2592001}"#, "delay_seconds"),
            (
                r#"{"event_type": "t", "payload": 1, "delay_seconds": 1, "deliver_at": "2026-01-02T03:04:05Z"}"#,
                "deliver_at",
            ),
            ("{}", "event_type"),
            ("[]", ""),
            ("{", ""),
            ("", ""),
        ] {
            assert_eq!(wrong(body), field, "{body}");
        }
    }

    #[test]
    fn a_batch_is_read_event_by_event() {
        let read = |body: &str| read_batch(body.as_bytes());
        let one = r#"{"event_type": "t", "payload": 1}"#;
        let events = read(&format!(r#"{{"events": [{one}, 7, {one}]}}"#)).unwrap();
        assert_eq!(events.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        let many = |count: usize| format!(r#"{{"events": [{}]}}"#, vec![one; count].join(","));
        assert_eq!(read(&many(MAX_PUBLISH_BATCH)).unwrap().len(), MAX_PUBLISH_BATCH);
        for (body, field) in [
            (many(MAX_PUBLISH_BATCH + 1), "events"),
            (many(0), "events"),
            (r#"{"events": 1}"#.to_owned(), "events"),
            ("{}".to_owned(), "events"),
            (r#"{"events": [], "more": 1}"#.to_owned(), "more"),
            ("[]".to_owned(), ""),
            ("{".to_owned(), ""),
        ] {
            assert_eq!(read(&body).unwrap_err().wrong_field().unwrap_or_default(), field, "{body}");
        }
    }
}
