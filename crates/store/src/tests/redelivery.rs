//! Which body a redelivery uses, and when a redelivery is impossible.

use hookstep_contract::limits::days;
use hookstep_contract::{
    Claim, EventId, EventMetadata, EventRecord, Outcome, Sent, Source, Status, WorkflowInput,
};
use serde_json::{Value, json};

use super::items::{EVENT, event, time};
use super::table::table_with;
use crate::events::item_key;
use crate::{Bodies, Events, Redelivery};

const FIRST: &str = "0190a000-0000-7000-8000-000000000001";
const NEW: &str = "0190a000-0000-7000-8000-00000000000f";

/// An item in the table.
#[derive(Clone, Copy)]
enum Stored {
    /// The accepted body of this event.
    Body(&'static str),
    /// The body that was sent instead of this event's accepted body.
    SentBody(&'static str),
    /// The record of the first event of a chain of replays.
    First,
}

use Stored::{Body, First, SentBody};

impl Stored {
    fn item(self) -> Value {
        let part = |event_id: &str, part: &str| {
            let event = event();
            let pk = format!("{}#{}#{event_id}", event.org_id, event.config_id);
            json!({"pk": {"S": pk}, "sk": {"S": part}})
        };
        match self {
            Body(event_id) => part(event_id, "body"),
            SentBody(event_id) => part(event_id, "sent"),
            First => {
                let first = EventRecord { size: Some(3), ..record_of(FIRST) };
                let item: serde_dynamo::Item = serde_dynamo::to_item(&first).unwrap();
                let mut item = serde_json::to_value(item).unwrap();
                let key = item_key(&first.org_id, first.config_id, first.event_id);
                for (name, value) in key {
                    item[name] = json!({"S": value.as_s().unwrap()});
                }
                item
            }
        }
    }
}

/// A delivered event.
fn record_of(event_id: &str) -> EventRecord {
    let event = EventMetadata { event_id: event_id.parse().unwrap(), ..event() };
    let record = EventRecord::new(&event, "e", Status::Succeeded, None, days(30));
    EventRecord { attempt_count: 1, outcome: Some(Outcome::Succeeded), ..record }
}

fn delivered() -> EventRecord {
    record_of(EVENT)
}

/// An event whose transformed body was sent, as a claim check if it is large.
fn transformed(claim: Option<&str>) -> EventRecord {
    let sent = Sent { content_type: "text/csv".to_owned(), size: 7, claim: claim.map(str::to_owned) };
    EventRecord { sent: Some(sent), ..delivered() }
}

fn uploaded() -> EventRecord {
    EventRecord { claim: Some("claims/a".to_owned()), ..delivered() }
}

/// An event that did not pass the filter.
fn skipped() -> EventRecord {
    EventRecord { status: Status::Skipped, attempt_count: 0, outcome: None, ..delivered() }
}

/// An event whose transform failed.
fn broken() -> EventRecord {
    EventRecord { status: Status::Failed, outcome: Some(Outcome::FailedPayload), ..delivered() }
}

/// A replay of [`FIRST`].
fn replay() -> EventRecord {
    EventRecord { webhook_id: Some(FIRST.parse().unwrap()), ..delivered() }
}

async fn input(record: &EventRecord, stored: &[Stored], reapply: bool) -> Option<WorkflowInput> {
    let items: Vec<_> = stored.iter().map(|stored| stored.item()).collect();
    let (table, _) = table_with(&items);
    let redelivery =
        Redelivery { event_id: NEW.parse().unwrap(), now: time("2026-01-03T00:00:00Z"), reapply };
    let (events, bodies) = (Events::new(table.clone(), "events"), Bodies::new(table, "events"));
    redelivery.input(record, &events, &bodies).await.unwrap()
}

fn id(text: &str) -> EventId {
    text.parse().unwrap()
}

fn claim(key: &str) -> Option<Source> {
    Some(Source::Claim(Claim::of(key)))
}

#[tokio::test]
async fn what_was_sent_is_sent_again_as_long_as_it_is_stored() {
    let cases: [(&str, EventRecord, &[Stored], Option<Source>); 10] = [
        ("as accepted", delivered(), &[Body(EVENT)], Some(Source::AcceptedBodyOf(id(EVENT)))),
        ("as accepted, not stored", delivered(), &[], None),
        ("transformed", transformed(None), &[SentBody(EVENT)], Some(Source::SentBodyOf(id(EVENT)))),
        ("transformed, only the accepted body is stored", transformed(None), &[Body(EVENT)], None),
        ("transformed to a claim check", transformed(Some("claims/b")), &[], claim("claims/b")),
        ("uploaded", uploaded(), &[], claim("claims/a")),
        // Nothing was sent, so the current settings decide what is sent now.
        ("skipped", skipped(), &[Body(EVENT)], Some(Source::AcceptedBodyOf(id(EVENT)))),
        ("skipped, not stored", skipped(), &[], None),
        ("broken", broken(), &[Body(EVENT)], Some(Source::AcceptedBodyOf(id(EVENT)))),
        ("a replay", replay(), &[Body(EVENT)], Some(Source::AcceptedBodyOf(id(EVENT)))),
    ];
    for (name, record, stored, expected) in cases {
        let input = input(&record, stored, false).await;
        assert_eq!(input.map(|input| input.payload), expected, "{name}");
    }
}

#[tokio::test]
async fn todays_rules_are_applied_to_the_body_of_the_first_event() {
    let cases: [(&str, EventRecord, &[Stored], Option<Source>); 7] = [
        ("delivered", delivered(), &[Body(EVENT)], Some(Source::AcceptedBodyOf(id(EVENT)))),
        ("transformed", transformed(None), &[Body(EVENT)], Some(Source::AcceptedBodyOf(id(EVENT)))),
        ("transformed, only what was sent is stored", transformed(None), &[SentBody(EVENT)], None),
        ("uploaded", uploaded(), &[], claim("claims/a")),
        ("a replay", replay(), &[First, Body(FIRST)], Some(Source::AcceptedBodyOf(id(FIRST)))),
        ("a replay, the first body is gone", replay(), &[First, Body(EVENT)], None),
        ("a replay, the first event is gone", replay(), &[Body(FIRST)], None),
    ];
    for (name, record, stored, expected) in cases {
        let input = input(&record, stored, true).await;
        assert_eq!(input.map(|input| input.payload), expected, "{name}");
    }
}

#[tokio::test]
async fn the_new_event_says_whose_replay_it_is_and_what_its_body_is_like() {
    let again = input(&transformed(None), &[SentBody(EVENT)], false).await.unwrap().event;
    assert_eq!(
        (again.event_id, again.replay_of, again.webhook_id),
        (id(NEW), Some(id(EVENT)), Some(id(EVENT)))
    );
    assert_eq!((again.content_type.as_deref(), again.size, again.as_sent), (Some("text/csv"), Some(7), true));

    // The receiver knows the whole chain by a single id.
    let again = input(&replay(), &[First, Body(FIRST)], true).await.unwrap().event;
    assert_eq!((again.replay_of, again.webhook_id), (Some(id(EVENT)), Some(id(FIRST))));
    assert_eq!((again.size, again.as_sent), (Some(3), false));
}
