//! Requests as CloudEvents 1.0 (ADR 0057): attributes, and the two ways in which the HTTP binding writes them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::limits::{EVENT_TYPE_CHARS, MAX_SOURCE_CHARS};
use crate::{EventMetadata, FieldError};

/// How the events of a webhook are sent as CloudEvents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudEvents {
    /// Where the attributes are.
    pub mode: CloudEventsMode,
    /// The attribute `source`, a URI reference; by default `/webhook/{config_id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The attribute `type` of events that have no type of their own; by default [`CloudEvents::TYPE`].
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
}

/// Where the attributes of a CloudEvent are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloudEventsMode {
    /// In headers: the body stays as it is.
    Binary,
    /// In a JSON object, which has the body as `data` or `data_base64`.
    Structured,
}

const VERSION: &str = "1.0";

impl CloudEvents {
    /// The `type` of events without one.
    pub const TYPE: &'static str = "hookstep.event";

    /// The `Content-Type` of a request in structured mode.
    pub const STRUCTURED: &'static str = "application/cloudevents+json; charset=utf-8";

    /// The headers that requests in binary mode may have.
    pub const HEADERS: [&'static str; 6] =
        ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "ce-correlationid"];

    /// Checks the attributes that the owner has set.
    ///
    /// # Errors
    /// If one of them is invalid: the first such field.
    pub fn check(&self) -> Result<(), FieldError> {
        let is_uri =
            |text: &String| (1..=MAX_SOURCE_CHARS).contains(&text.len()) && text.bytes().all(is_uri_byte);
        if !self.source.as_ref().is_none_or(is_uri) {
            let reason = format!("must be a URI or a path of 1 to {MAX_SOURCE_CHARS} characters");
            return Err(FieldError::new("cloud_events.source", reason));
        }
        let is_type = |text: &String| {
            (1..=EVENT_TYPE_CHARS).contains(&text.chars().count()) && text.chars().all(is_allowed)
        };
        if !self.event_type.as_ref().is_none_or(is_type) {
            let reason = format!("must be 1 to {EVENT_TYPE_CHARS} characters, without control characters");
            return Err(FieldError::new("cloud_events.type", reason));
        }
        Ok(())
    }

    /// The event as a CloudEvent. It is the same for every attempt and every replay.
    pub fn event(&self, event: &EventMetadata) -> CloudEvent {
        let id = event.webhook_id();
        CloudEvent {
            id: id.to_string(),
            time: id.accepted_at().to_string(),
            correlation_id: event.correlation_id.as_deref().and_then(allowed),
            ..self.sample(event.config_id, event.event_type.as_deref(), event.content_type.as_deref())
        }
    }

    /// A CloudEvent with `***` in place of what only an event has. `webhook` is the id of the webhook, or stands for it.
    pub fn sample(
        &self,
        webhook: impl fmt::Display,
        event_type: Option<&str>,
        content_type: Option<&str>,
    ) -> CloudEvent {
        let unknown = || "***".to_owned();
        let event_type = event_type.and_then(allowed).or_else(|| self.event_type.clone());
        CloudEvent {
            id: unknown(),
            source: self.source.clone().unwrap_or_else(|| format!("/webhook/{webhook}")),
            event_type: event_type.unwrap_or_else(|| Self::TYPE.to_owned()),
            time: unknown(),
            correlation_id: None,
            content_type: content_type.and_then(allowed),
        }
    }
}

/// The attributes of one CloudEvent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudEvent {
    /// The event's `webhook-id`.
    pub id: String,
    /// Where it comes from.
    pub source: String,
    /// Its type.
    pub event_type: String,
    /// When the first event of its chain of replays was accepted.
    pub time: String,
    /// The producer's own id, which is the extension attribute `correlationid`.
    pub correlation_id: Option<String>,
    /// The `Content-Type` of the data.
    pub content_type: Option<String>,
}

/// The JSON format, in the order in which it is written.
#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    time: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlationid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    datacontenttype: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
}

impl CloudEvent {
    /// The headers of binary mode, without `Content-Type`, which is that of the data.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let Self { id, source, event_type, time, correlation_id, .. } = self;
        let values = [
            Some(VERSION),
            Some(&**id),
            Some(&**source),
            Some(&**event_type),
            Some(&**time),
            correlation_id.as_deref(),
        ];
        let values = values.map(|value| value.map(header_value));
        CloudEvents::HEADERS.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?)))
    }

    /// The body of structured mode. JSON is in it as it is, but for white space around it; every other body is base64.
    ///
    /// # Errors
    /// Never, as far as is known: all of it can be written as JSON.
    pub fn envelope(&self, data: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
        let is_json = self.content_type.as_deref().is_none_or(is_json);
        let json = if is_json { serde_json::from_slice::<&RawValue>(data).ok() } else { None };
        let base64 = (json.is_none() && !data.is_empty()).then(|| STANDARD.encode(data));
        serde_json::to_vec(&Envelope {
            specversion: VERSION,
            id: &self.id,
            source: &self.source,
            event_type: &self.event_type,
            time: &self.time,
            correlationid: self.correlation_id.as_deref(),
            datacontenttype: self.content_type.as_deref(),
            data: json,
            data_base64: base64,
        })
    }
}

/// Whether a media type is JSON, as the JSON format of CloudEvents §3.1 says.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.split_once('/').is_some_and(|(_, subtype)| subtype == "json" || subtype.ends_with("+json"))
}

/// Whether a String of CloudEvents may have this character.
fn is_allowed(c: char) -> bool {
    let is_no_character = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    !c.is_control() && !is_no_character
}

/// The text without the characters that a String of CloudEvents may not have; `None` if nothing is left.
fn allowed(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| is_allowed(*c)).collect();
    (!text.is_empty()).then_some(text)
}

/// The characters of a URI reference (RFC 3986 §2).
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// Percent-encodes as the HTTP binding says (§3.1.3.2): what is left is visible ASCII.
fn header_value(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'%') {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("%{byte:02X}"));
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "019b7ca9-8c88-7000-8000-000000000000";

    fn event(more: &Value) -> EventMetadata {
        let mut event = json!({
            "event_id": ID, "org_id": "acme", "config_id": ID, "origin": "api", "mode": "async",
            "created_at": "2026-01-02T03:04:05Z",
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    fn of(config: Value, more: &Value) -> CloudEvent {
        let config: CloudEvents = serde_json::from_value(config).unwrap();
        config.check().unwrap();
        config.event(&event(more))
    }

    #[test]
    fn attributes_come_from_the_event_and_else_from_the_webhook() {
        let structured = |more: Value| {
            let mut config = json!({"mode": "structured"});
            config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            config
        };
        let owned = structured(json!({"source": "https://example.com/orders", "type": "com.example.order"}));
        for (config, event, expected) in [
            (
                structured(json!({})),
                json!({}),
                format!(
                    r#"{{"specversion":"1.0","id":"{ID}","source":"/webhook/{ID}","type":"hookstep.event","time":"2026-01-02T03:04:05.000Z","data":{{"a":  1.0}}}}"#
                ),
            ),
            (
                owned.clone(),
                json!({"content_type": "application/json"}),
                format!(
                    r#"{{"specversion":"1.0","id":"{ID}","source":"https://example.com/orders","type":"com.example.order","time":"2026-01-02T03:04:05.000Z","datacontenttype":"application/json","data":{{"a":  1.0}}}}"#
                ),
            ),
            (
                owned,
                json!({"event_type": "order.paid", "correlation_id": "7", "content_type": "text/plain"}),
                format!(
                    r#"{{"specversion":"1.0","id":"{ID}","source":"https://example.com/orders","type":"order.paid","time":"2026-01-02T03:04:05.000Z","correlationid":"7","datacontenttype":"text/plain","data_base64":"eyJhIjogIDEuMH0="}}"#
                ),
            ),
        ] {
            let envelope = of(config, &event).envelope(b"{\"a\":  1.0}").unwrap();
            assert_eq!(String::from_utf8(envelope).unwrap(), expected);
        }
    }

    #[test]
    fn a_replay_is_the_same_event() {
        let (config, first) = (json!({"mode": "binary"}), "0190a000-0000-7000-8000-00000000000a");
        let replay = json!({"webhook_id": first, "event_id": ID, "created_at": "2027-01-01T00:00:00Z"});
        let original = json!({"event_id": first});
        assert_eq!(of(config.clone(), &replay), of(config, &original));
    }

    #[test]
    fn only_json_is_data() {
        let data = |content_type: Option<&str>, data: &[u8]| {
            let event = of(json!({"mode": "structured"}), &json!({"content_type": content_type}));
            let envelope: Value = serde_json::from_slice(&event.envelope(data).unwrap()).unwrap();
            (envelope["data"].clone(), envelope["data_base64"].clone())
        };
        let none = Value::Null;
        for (content_type, body, expected) in [
            (Some("application/json"), &b"[1]"[..], (json!([1]), none.clone())),
            (Some("Application/Problem+JSON; charset=utf-8"), b" {} \n", (json!({}), none.clone())),
            (None, b"\"a\"", (json!("a"), none.clone())),
            (None, b"a", (none.clone(), json!("YQ=="))),
            (Some("application/json"), b"{\"a\": 1} {}", (none.clone(), json!("eyJhIjogMX0ge30="))),
            (Some("text/json-ish"), b"1", (none.clone(), json!("MQ=="))),
            (Some("application/octet-stream"), b"\xff", (none.clone(), json!("/w=="))),
            (Some("application/json"), b"", (none.clone(), none.clone())),
            (Some("application/json"), b"\xff", (none, json!("/w=="))),
        ] {
            assert_eq!(data(content_type, body), expected, "{content_type:?} {body:?}");
        }
    }

    #[test]
    fn headers_are_encoded_as_the_binding_says() {
        let event = of(
            json!({"mode": "binary", "type": "a b"}),
            &json!({"correlation_id": "Euro € 😀 100% \"q\"\r\n", "content_type": "text/plain"}),
        );
        let expected = [
            ("ce-specversion", "1.0"),
            ("ce-id", ID),
            ("ce-source", "/webhook/019b7ca9-8c88-7000-8000-000000000000"),
            ("ce-type", "a%20b"),
            ("ce-time", "2026-01-02T03:04:05.000Z"),
            ("ce-correlationid", "Euro%20%E2%82%AC%20%F0%9F%98%80%20100%25%20%22q%22"),
        ];
        assert!(event.headers().eq(expected.map(|(name, value)| (name, value.to_owned()))));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (config, field) in [
            (json!({"mode": "binary", "source": ""}), "cloud_events.source"),
            (json!({"mode": "binary", "source": "a b"}), "cloud_events.source"),
            (json!({"mode": "binary", "source": "x".repeat(513)}), "cloud_events.source"),
            (json!({"mode": "binary", "type": ""}), "cloud_events.type"),
            (json!({"mode": "binary", "type": "a\nb"}), "cloud_events.type"),
            (json!({"mode": "binary", "type": "x".repeat(129)}), "cloud_events.type"),
        ] {
            let config: CloudEvents = serde_json::from_value(config).unwrap();
            assert_eq!(config.check().unwrap_err().field, field);
        }
    }

    proptest! {
        #[test]
        fn no_event_breaks_a_header_or_the_envelope(
            event_type in any::<String>(),
            correlation_id in any::<String>(),
            content_type in prop::option::of(any::<String>()),
            data in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let more = json!({"event_type": event_type, "correlation_id": correlation_id, "content_type": content_type});
            let event = of(json!({"mode": "binary"}), &more);
            for (name, value) in event.headers() {
                prop_assert!(value.bytes().all(|byte| byte.is_ascii_graphic()), "{} {:?}", name, value);
            }
            let envelope: Value = serde_json::from_slice(&event.envelope(&data).unwrap()).unwrap();
            match &envelope["data_base64"] {
                Value::String(base64) => prop_assert_eq!(STANDARD.decode(base64).unwrap(), data),
                _ => prop_assert_eq!(
                    envelope.get("data").cloned().unwrap_or_default(),
                    serde_json::from_slice::<Value>(&data).unwrap_or_default()
                ),
            }
        }
    }
}
