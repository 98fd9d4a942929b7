//! An event on the bus, as the rule of the deployment passes it on.

use std::collections::BTreeMap;

use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{ConfigId, EventId, EventMetadata, Mode, OrgId, Origin, Timestamp, is_traceparent};
use serde::Deserialize;
use serde_json::value::RawValue;

/// An event on the bus, in the form produced by the rule's input transformer.
#[derive(Debug, Deserialize)]
pub struct BusEvent {
    /// When the bus accepted the event.
    pub accepted_at: Timestamp,
    /// The event itself.
    pub event: PutEvent,
}

/// An event as the bus keeps it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PutEvent {
    /// The bus's own id for the event.
    pub id: String,
    /// The event type.
    pub detail_type: String,
    /// The event's detail: the exact bytes from the bus.
    pub detail: Box<RawValue>,
}

/// The fields of a detail, each with the exact bytes of its value.
pub(crate) struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    /// The value of a field, in the bytes of the bus.
    pub(crate) fn raw(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|value| value.get())
    }

    /// The value of a field if it is a string.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        serde_json::from_str(self.raw(field)?).ok()
    }

    /// The value of a field if it is a string that can be read as `T`.
    pub(crate) fn parsed<T: std::str::FromStr>(&self, field: &str) -> Option<T> {
        self.text(field)?.parse().ok()
    }
}

/// The fields of every detail that matter for delivery. A value that cannot be passed on is left out, and the
/// event is delivered all the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) org_id: OrgId,
    correlation_id: Option<String>,
    traceparent: Option<String>,
}

impl BusEvent {
    /// The fields of the detail; `None` if the detail is not an object.
    pub(crate) fn fields(&self) -> Option<Fields> {
        serde_json::from_str(self.event.detail.get()).ok().map(Fields)
    }

    /// The metadata of the event for one webhook.
    pub(crate) fn metadata(
        &self,
        envelope: &Envelope,
        config_id: ConfigId,
        event_id: EventId,
    ) -> EventMetadata {
        let org_id = envelope.org_id.clone();
        EventMetadata {
            content_type: Some("application/json".to_owned()),
            correlation_id: envelope.correlation_id.clone(),
            traceparent: envelope.traceparent.clone(),
            ..EventMetadata::new(
                org_id,
                config_id,
                event_id,
                Origin::EventBridge,
                Mode::Async,
                self.accepted_at,
            )
        }
    }
}

#[cfg(test)]
impl BusEvent {
    pub(crate) fn example(detail_type: &str, detail: &str) -> Self {
        Self {
            accepted_at: serde_json::from_str("\"2026-01-02T03:04:05.000Z\"").unwrap(),
            event: PutEvent {
                id: "17793124-05d4-b198-2fde-7ededc63b103".to_owned(),
                detail_type: detail_type.to_owned(),
                detail: RawValue::from_string(detail.to_owned()).unwrap(),
            },
        }
    }
}

impl Envelope {
    /// `None` if the event belongs to no org: other products may share the bus.
    pub(crate) fn of(fields: &Fields) -> Option<Self> {
        Some(Self {
            org_id: fields.parsed("org_id")?,
            correlation_id: fields
                .text("correlation_id")
                .filter(|id| (1..=CORRELATION_ID_BYTES).contains(&id.len())),
            traceparent: fields.text("traceparent").filter(|trace| is_traceparent(trace)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn an_event_is_of_the_org_that_it_names_or_of_nobody() {
        for (detail, org_id) in [
            (r#"{"org_id": "acme"}"#, Some("acme")),
            (r#"{"org_id": "acme", "other": {"org_id": "evil"}}"#, Some("acme")),
            (r#"{"org_id": "acme", "reading": 12345678901234567890.5}"#, Some("acme")),
            (r#"{"org_id": "\u0061cme"}"#, Some("acme")),
            (r#"{"org_id": "a#b"}"#, None),
            (r#"{"org_id": ""}"#, None),
            (r#"{"org_id": 7}"#, None),
            (r#"{"org_id": null}"#, None),
            (r#"{"Org_id": "acme"}"#, None),
            (r#"{"other": {"org_id": "acme"}}"#, None),
            ("{}", None),
            (r#""acme""#, None),
            (r#"["org_id", "acme"]"#, None),
            ("null", None),
        ] {
            let fields = BusEvent::example("order.created", detail).fields();
            let found =
                fields.and_then(|fields| Envelope::of(&fields)).map(|envelope| envelope.org_id.to_string());
            assert_eq!(found.as_deref(), org_id, "{detail}");
        }
    }

    #[test]
    fn what_cannot_be_passed_on_is_left_out_and_the_event_is_delivered_all_the_same() {
        let (longest, long) = ("k".repeat(CORRELATION_ID_BYTES), "k".repeat(CORRELATION_ID_BYTES + 1));
        let quoted = |text: &str| format!("\"{text}\"");
        for (correlation_id, traceparent, expected) in [
            (quoted("order 7"), quoted(TRACE), (Some("order 7"), Some(TRACE))),
            (quoted(&longest), quoted("00"), (Some(longest.as_str()), None)),
            (quoted(&long), quoted(&TRACE.to_uppercase()), (None, None)),
            (quoted(""), quoted(""), (None, None)),
            ("7".to_owned(), "7".to_owned(), (None, None)),
            ("null".to_owned(), "{}".to_owned(), (None, None)),
        ] {
            let fields = format!("\"correlation_id\": {correlation_id}, \"traceparent\": {traceparent}");
            let detail = format!("{{\"org_id\": \"acme\", {fields}}}");
            let read = BusEvent::example("order.created", &detail).fields().unwrap();
            let envelope = Envelope::of(&read).unwrap();
            let passed_on = (envelope.correlation_id.as_deref(), envelope.traceparent.as_deref());
            assert_eq!(passed_on, expected, "{fields}");
        }
    }
}
