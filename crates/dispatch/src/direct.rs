//! An event on the bus that names its webhook: what `POST …/trigger` is on the API.

use bytes::Bytes;
use hookstep_contract::limits::EVENT_CONTENT_TYPE_BYTES;
use hookstep_contract::{ConfigId, EventId, EventMetadata, StepError};
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
    let body = body(fields);
    if let Body::Bytes(bytes) = &body {
        metadata.size = Some(bytes.len() as u64);
    }
    Some(Delivery { metadata, body })
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
