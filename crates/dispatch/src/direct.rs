//! An event on the bus that names its webhook: what `POST …/trigger` is on the API.

use bytes::Bytes;
use hookstep_contract::limits::EVENT_CONTENT_TYPE_BYTES;
use hookstep_contract::{ConfigId, Delay, EventId, EventMetadata, StepError, Timestamp};
use uuid::Uuid;

use crate::bus_event::{Envelope, Fields};
use crate::delivery::{Body, Delivery};
use crate::{BusEvent, Context};

/// The detail type of these events.
pub(crate) const DETAIL_TYPE: &str = "Webhook Trigger";

/// Over how many partitions the events of the event's webhook are spread. An event of a webhook that does not exist is
/// recorded as failed like any other.
///
/// # Errors
/// `StorageUnavailable` if the table of webhooks does not respond.
pub(crate) async fn spread(delivery: Delivery, ctx: &Context) -> Result<Delivery, StepError> {
    let EventMetadata { org_id, config_id, event_id, .. } = &delivery.metadata;
    let config = ctx.configs.get(org_id, *config_id).await?;
    let event_id = event_id.spread_over(config.map_or(1, |config| config.fields.shards()));
    Ok(Delivery { metadata: EventMetadata { event_id, ..delivery.metadata }, ..delivery })
}

/// The delivery of the event; `None` if the event names no webhook, so that it has no owner who could be told.
pub(crate) fn delivery(event: &BusEvent, fields: &Fields) -> Option<Delivery> {
    let envelope = Envelope::of(fields)?;
    let config_id: ConfigId = fields.parsed("config_id")?;
    let bus_id: Uuid = event.event.id.parse().ok()?;
    let mut metadata = event.metadata(&envelope, config_id, EventId::of_bus(event.accepted_at, bus_id));
    if let Some(content_type) = fields.text("content_type").filter(|text| is_content_type(text)) {
        metadata.content_type = Some(content_type);
    }
    // A body with a coding is an upload, because the bus carries text.
    let coding = fields.text("content_encoding");
    metadata.content_encoding =
        coding.and_then(|coding| Some(hookstep_content_coding::check(&coding).ok()??.to_owned()));
    metadata.deliver_at = deliver_at(event, fields);
    let body = body(fields);
    if let Body::Bytes(bytes) = &body {
        metadata.size = Some(bytes.len() as u64);
    }
    Some(Delivery { metadata, body })
}

/// When the event is to be sent, if its producer said so. A time that cannot be read, or is too far ahead, is left out like
/// every other such value: the event is sent at once, for a late one might be of no use any more.
fn deliver_at(event: &BusEvent, fields: &Fields) -> Option<Timestamp> {
    let at = fields.text(Delay::DELIVER_AT).or_else(|| given(fields, Delay::DELIVER_AT));
    let seconds = fields.text(Delay::DELAY_SECONDS).or_else(|| given(fields, Delay::DELAY_SECONDS));
    let due = Delay::parse(at.as_deref(), seconds.as_deref())
        .and_then(|delay| delay.map_or(Ok(None), |delay| delay.due(event.accepted_at)));
    due.unwrap_or_else(|error| {
        tracing::warn!(
            event.id = event.event.id,
            field = error.field,
            "an event is sent at once: {}",
            error.reason
        );
        None
    })
}

/// The JSON of a field that is not null.
fn given(fields: &Fields, field: &str) -> Option<String> {
    fields.raw(field).filter(|json| *json != "null").map(str::to_owned)
}

/// Whether the text can be sent as the value of a header.
fn is_content_type(text: &str) -> bool {
    (1..=EVENT_CONTENT_TYPE_BYTES).contains(&text.len())
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// A payload that is a string is the body itself. Every other payload is the body as JSON, in the bytes of the
/// bus: to write it anew could change its numbers.
fn body(fields: &Fields) -> Body {
    if let Some(key) = fields.text("claim_check") {
        return Body::Uploaded(key);
    }
    match (fields.text("payload"), fields.raw("payload")) {
        (Some(text), _) => Body::Bytes(Bytes::from(text)),
        (None, Some(json)) => Body::Bytes(Bytes::copy_from_slice(json.as_bytes())),
        (None, None) => Body::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "0190a000-0000-7000-8000-00000000000a";

    fn delivered(detail: &str) -> Option<Delivery> {
        let event = BusEvent::example(DETAIL_TYPE, detail);
        delivery(&event, &event.fields()?)
    }

    fn with(fields: &str) -> Delivery {
        delivered(&format!(r#"{{"org_id": "acme", "config_id": "{CONFIG}", {fields}}}"#)).unwrap()
    }

    #[test]
    fn a_payload_is_the_text_of_a_string_or_the_bytes_of_the_bus() {
        for (payload, expected) in [
            (r#"{"b": 1.0, "a":  12345678901234567890}"#, r#"{"b": 1.0, "a":  12345678901234567890}"#),
            (r#""{\"reading\": 1.0}\n""#, "{\"reading\": 1.0}\n"),
            (r#""""#, ""),
            ("null", "null"),
            ("[1, 2e0]", "[1, 2e0]"),
        ] {
            let delivery = with(&format!(r#""payload": {payload}"#));
            assert_eq!(delivery.body, Body::Bytes(Bytes::from(expected)), "{payload}");
            assert_eq!(delivery.metadata.size, Some(expected.len() as u64), "{payload}");
        }
    }

    #[test]
    fn an_upload_goes_before_a_payload_and_one_of_them_is_needed() {
        assert_eq!(
            with(r#""payload": 1, "claim_check": "claims/k""#).body,
            Body::Uploaded("claims/k".to_owned())
        );
        assert_eq!(with(r#""payload": 1, "claim_check": null"#).body, Body::Bytes(Bytes::from("1")));
        assert_eq!(with(r#""other": 1"#).body, Body::Missing);
    }

    #[test]
    fn a_content_type_that_is_no_header_is_left_out() {
        for (content_type, expected) in [
            (r#""text/xml""#, "text/xml"),
            (r#""a\r\nx: y""#, "application/json"),
            (r#""""#, "application/json"),
            ("7", "application/json"),
        ] {
            let delivery = with(&format!(r#""payload": 1, "content_type": {content_type}"#));
            assert_eq!(delivery.metadata.content_type.as_deref(), Some(expected), "{content_type}");
        }
    }

    #[test]
    fn a_content_coding_that_is_none_is_left_out() {
        for (coding, expected) in
            [(r#""gzip""#, Some("gzip")), (r#""a b""#, None), ("7", None), ("null", None)]
        {
            let delivery = with(&format!(r#""claim_check": "claims/k", "content_encoding": {coding}"#));
            assert_eq!(delivery.metadata.content_encoding.as_deref(), expected, "{coding}");
        }
    }

    #[test]
    fn a_delay_that_is_none_is_left_out() {
        let of = |time: &str| Some(format!("2026-{time}Z"));
        for (delay, expected) in [
            (r#""delay_seconds": 60"#, of("01-02T03:05:05.000")),
            (r#""delay_seconds": "60""#, of("01-02T03:05:05.000")),
            (r#""deliver_at": "2026-02-01T03:04:05Z", "delay_seconds": null"#, of("02-01T03:04:05.000")),
            (r#""deliver_at": "2026-02-01T03:04:06Z""#, None),
            (r#""deliver_at": "2025-02-01T03:04:06Z""#, None),
            (r#""deliver_at": "2026-02-01T03:04:05Z", "delay_seconds": 60"#, None),
            (r#""deliver_at": 1767323046"#, None),
            (r#""delay_seconds": -1"#, None),
            (r#""delay_seconds": 1.5"#, None),
            (r#""delay_seconds": {}"#, None),
            (r#""delay_seconds": 2592001"#, None),
        ] {
            let due = with(&format!(r#""payload": 1, {delay}"#)).metadata.deliver_at;
            assert_eq!(due.map(|due| due.to_string()), expected, "{delay}");
        }
    }

    #[test]
    fn an_event_that_names_no_webhook_is_nobodys() {
        for detail in [
            r#"{"org_id": "acme"}"#,
            r#"{"config_id": "0190a000-0000-7000-8000-00000000000a"}"#,
            r#"{"org_id": "no org", "config_id": "0190a000-0000-7000-8000-00000000000a"}"#,
            r#"{"org_id": "acme", "config_id": "a"}"#,
            "{}",
            "[]",
            r#""text""#,
        ] {
            assert!(delivered(detail).is_none(), "{detail}");
        }
    }
}
