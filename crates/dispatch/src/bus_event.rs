//! An event on the bus that is not addressed to a webhook, and the event that each subscribed webhook gets
//! from it.

use std::collections::BTreeMap;

use hookstep_contract::limits::CORRELATION_ID_BYTES;
use hookstep_contract::{ConfigId, EventId, EventMetadata, Mode, OrgId, Origin, Timestamp, is_traceparent};
use serde::Deserialize;
use serde_json::value::RawValue;

/// An event on the bus, in the form produced by the rule's input transformer.
#[derive(Debug, Deserialize)]
pub struct BusEvent {
    /// The bus's own id for the event.
    pub id: String,
    /// When the bus accepted the event.
    pub accepted_at: Timestamp,
    /// The event type.
    pub detail_type: String,
    /// The body to deliver: the exact bytes from the bus.
    pub detail: Box<RawValue>,
}

/// The fields of the detail that matter for delivery. All other fields belong to the product.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) org_id: OrgId,
    correlation_id: Option<String>,
    traceparent: Option<String>,
}

impl BusEvent {
    /// `None` if the event belongs to no org: other products may share the bus.
    pub(crate) fn envelope(&self) -> Option<Envelope> {
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(self.detail.get()).ok()?;
        let text = |field: &str| serde_json::from_str::<String>(fields.get(field)?.get()).ok();
        Some(Envelope {
            org_id: text("org_id")?.parse().ok()?,
            correlation_id: text("correlation_id")
                .filter(|id| (1..=CORRELATION_ID_BYTES).contains(&id.len())),
            traceparent: text("traceparent").filter(|trace| is_traceparent(trace)),
        })
    }

    /// The metadata of the event for one webhook.
    pub(crate) fn metadata(&self, envelope: &Envelope, config_id: ConfigId) -> EventMetadata {
        // The bus delivers at least once, and a partly failed dispatch is repeated: the id is the same each
        // time.
        let parts = [self.id.as_bytes(), config_id.0.as_bytes().as_slice()];
        let event_id = EventId::derived(self.accepted_at, &parts);
        let org_id = envelope.org_id.clone();
        EventMetadata {
            content_type: Some("application/json".to_owned()),
            size: Some(self.detail.get().len() as u64),
            correlation_id: envelope.correlation_id.clone(),
            traceparent: envelope.traceparent.clone(),
            event_type: Some(self.detail_type.clone()),
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
mod tests {
    use super::*;

    const CONFIG: &str = "0190a000-0000-7000-8000-00000000000a";
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn event(detail: &str) -> BusEvent {
        BusEvent {
            id: "17793124-05d4-b198-2fde-7ededc63b103".to_owned(),
            accepted_at: serde_json::from_str("\"2026-01-02T03:04:05.000Z\"").unwrap(),
            detail_type: "order.created".to_owned(),
            detail: RawValue::from_string(detail.to_owned()).unwrap(),
        }
    }

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
            let found = event(detail).envelope().map(|envelope| envelope.org_id.to_string());
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
            let event = event(&format!("{{\"org_id\": \"acme\", {fields}}}"));
            let metadata = event.metadata(&event.envelope().unwrap(), CONFIG.parse().unwrap());
            let passed_on = (metadata.correlation_id.as_deref(), metadata.traceparent.as_deref());
            assert_eq!(passed_on, expected, "{fields}");
        }
    }

    #[test]
    fn an_event_is_what_the_bus_said_and_when_it_said_it() {
        let detail = "{ \"org_id\": \"acme\", \"total\": 1.0 }";
        let event = event(detail);
        let metadata = event.metadata(&event.envelope().unwrap(), CONFIG.parse().unwrap());
        let expected = EventMetadata {
            content_type: Some("application/json".to_owned()),
            size: Some(detail.len() as u64),
            event_type: Some("order.created".to_owned()),
            ..EventMetadata::new(
                "acme".parse().unwrap(),
                CONFIG.parse().unwrap(),
                metadata.event_id,
                Origin::EventBridge,
                Mode::Async,
                event.accepted_at,
            )
        };
        assert_eq!(metadata, expected);
    }

    #[test]
    fn an_id_is_the_same_for_the_same_event_and_webhook_and_for_no_others() {
        let webhooks: [ConfigId; 2] =
            [CONFIG.parse().unwrap(), "0190a000-0000-7000-8000-00000000000b".parse().unwrap()];
        let detail = r#"{"org_id": "acme"}"#;
        let other_event = BusEvent { id: "another".to_owned(), ..event(detail) };
        let later = BusEvent {
            accepted_at: event(detail).accepted_at.plus(std::time::Duration::from_secs(1)),
            ..event(detail)
        };
        let id = |event: &BusEvent, webhook| event.metadata(&event.envelope().unwrap(), webhook).event_id;
        let mut ids = Vec::new();
        for event in [&event(detail), &other_event, &later] {
            for webhook in webhooks {
                assert_eq!(id(event, webhook), id(event, webhook));
                ids.push(id(event, webhook));
            }
        }
        // Other fields of the event do not change its id.
        assert_eq!(id(&event(r#"{"org_id": "acme", "n": 1}"#), webhooks[0]), ids[0]);
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
