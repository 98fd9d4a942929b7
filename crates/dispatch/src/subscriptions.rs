//! An event on the bus that names no webhook, and the event that each subscribed webhook gets from it.

use bytes::Bytes;
use hookstep_catalogue::{Payload, Verdict};
use hookstep_contract::{EventId, EventMetadata, OrgId, SchemaMismatch, StepError};
use hookstep_store::Subscriber;

use crate::bus_event::{Envelope, Fields};
use crate::delivery::{Body, Delivery};
use crate::{BusEvent, Context};

/// One delivery for each subscribed webhook of the org that the event names.
///
/// # Errors
/// `StorageUnavailable` if the table of webhooks does not respond.
pub(crate) async fn deliveries(
    event: &BusEvent,
    fields: &Fields,
    ctx: &Context,
) -> Result<Vec<Delivery>, StepError> {
    let Some(envelope) = Envelope::of(fields) else {
        tracing::debug!(event.id = event.event.id, "an event without an org");
        return Ok(Vec::new());
    };
    let subscribed = ctx.configs.subscribed(&envelope.org_id, &event.event.detail_type).await?;
    let verdict = match subscribed.is_checked && !subscribed.webhooks.is_empty() {
        true => verdict(event, &envelope.org_id, ctx).await?,
        false => Verdict::Fine,
    };
    let (body, mismatch) = match verdict {
        Verdict::Rejected(mismatch) => (Body::Refused(refusal(&mismatch)), Some(Box::new(mismatch))),
        Verdict::Marked(mismatch) => (whole(event), Some(Box::new(mismatch))),
        Verdict::Fine => (whole(event), None),
    };
    let delivery = |subscriber| Delivery {
        metadata: EventMetadata { mismatch: mismatch.clone(), ..metadata(event, &envelope, subscriber) },
        body: body.clone(),
    };
    Ok(subscribed.webhooks.into_iter().map(delivery).collect())
}

/// The detail, in the bytes of the bus.
fn whole(event: &BusEvent) -> Body {
    Body::Bytes(Bytes::copy_from_slice(event.event.detail.get().as_bytes()))
}

/// Whether the detail satisfies the schema of the event's type. The bus has accepted the event already and tells nobody, so one that
/// is rejected is recorded as failed.
async fn verdict(event: &BusEvent, org_id: &OrgId, ctx: &Context) -> Result<Verdict, StepError> {
    let detail = Payload::Bytes(event.event.detail.get().as_bytes());
    Ok(ctx.catalogue.check(org_id, &event.event.detail_type, detail).await?)
}

fn refusal(mismatch: &SchemaMismatch) -> String {
    let SchemaMismatch { version, path, reason } = mismatch;
    let place = if path.is_empty() { String::new() } else { format!("{path} ") };
    format!("the payload does not satisfy version {version} of its event type: {place}{reason}")
}

fn metadata(event: &BusEvent, envelope: &Envelope, subscriber: Subscriber) -> EventMetadata {
    let Subscriber { config_id, shards } = subscriber;
    // The bus delivers at least once, and a partly failed dispatch is repeated: the id is the same each time.
    let parts = [event.event.id.as_bytes(), config_id.0.as_bytes().as_slice()];
    let event_id = EventId::derived(event.accepted_at, &parts).spread_over(shards);
    EventMetadata {
        size: Some(event.event.detail.get().len() as u64),
        event_type: Some(event.event.detail_type.clone()),
        ..event.metadata(envelope, config_id, event_id)
    }
}

#[cfg(test)]
mod tests {
    use hookstep_contract::{Mode, Origin};

    use super::*;

    const CONFIG: &str = "0190a000-0000-7000-8000-00000000000a";

    fn event(detail: &str) -> BusEvent {
        BusEvent::example("order.created", detail)
    }

    fn of_webhook(event: &BusEvent, config_id: &str) -> EventMetadata {
        let envelope = Envelope::of(&event.fields().unwrap()).unwrap();
        metadata(event, &envelope, Subscriber { config_id: config_id.parse().unwrap(), shards: 1 })
    }

    #[test]
    fn an_event_is_what_the_bus_said_and_when_it_said_it() {
        let detail = "{ \"org_id\": \"acme\", \"total\": 1.0 }";
        let event = event(detail);
        let metadata = of_webhook(&event, CONFIG);
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
        let webhooks = [CONFIG, "0190a000-0000-7000-8000-00000000000b"];
        let detail = r#"{"org_id": "acme"}"#;
        let mut other_event = event(detail);
        other_event.event.id = "another".to_owned();
        let later = BusEvent {
            accepted_at: event(detail).accepted_at.plus(std::time::Duration::from_secs(1)),
            ..event(detail)
        };
        let id = |event: &BusEvent, webhook| of_webhook(event, webhook).event_id;
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
