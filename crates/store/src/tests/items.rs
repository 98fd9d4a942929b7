//! Every item of the events table begins with its org and its webhook, and has an expiry time.

use std::collections::BTreeMap;
use std::time::Duration;

use hookstep_contract::limits::{CORRELATION_ID_BYTES, days};
use hookstep_contract::{
    Attempt, EventId, EventMetadata, EventRecord, Mode, Next, Origin, Outcome, ReplayJob, ReplayStatus,
    Selection, Status, Tally, Timestamp, Timings,
};
use hookstep_tables::Client;
use serde_json::{Value, json};

use super::table::{Requests, table_with};
use crate::attempt_item;
use crate::events::bound;
use crate::{Bodies, CountedDay, CountedHour, Events, Idempotency, IdempotencyKey, Recorded, Replays};

pub(super) const CONFIG: &str = "0190a000-0000-7000-8000-00000000000a";
pub(super) const EVENT: &str = "0190a000-0000-7000-8000-00000000000b";
const PARTITION: &str = "acme#0190a000-0000-7000-8000-00000000000a";

/// When the event in these tests was accepted, and the same time in seconds since 1970.
const ACCEPTED: &str = "2026-01-02T03:04:05.678Z";
const ACCEPTED_SECS: i64 = 1_767_323_045;

pub(super) fn time(text: &str) -> Timestamp {
    serde_json::from_value(json!(text)).unwrap()
}

pub(super) fn event() -> EventMetadata {
    let (org_id, config_id, event_id) =
        ("acme".parse().unwrap(), CONFIG.parse().unwrap(), EVENT.parse::<EventId>().unwrap());
    EventMetadata::new(org_id, config_id, event_id, Origin::Api, Mode::Async, time(ACCEPTED))
}

fn attempt(number: u32, request_header: String) -> Attempt {
    Attempt {
        number,
        started_at: time(ACCEPTED),
        duration_ms: 7,
        outcome: Outcome::Succeeded,
        status_code: Some(200),
        method: None,
        url: None,
        request_headers: BTreeMap::from([("x".to_owned(), request_header)]),
        response_headers: BTreeMap::new(),
        response_body: None,
        response_decoded: None,
        response_truncated: false,
        remote_ip: None,
        timings: Timings::default(),
        reason: None,
        transient: false,
        retry_after_seconds: None,
    }
}

#[test]
fn an_attempt_is_stored_without_what_its_event_says_and_without_what_is_usual() {
    let mut sent = Attempt {
        method: Some("POST".to_owned()),
        url: Some("https://receiver.example/".to_owned()),
        ..attempt(1, "y".to_owned())
    };
    sent.request_headers.insert("webhook-id".to_owned(), EVENT.to_owned());
    let item = attempt_item::to_item(&sent).unwrap();
    assert!(!item.contains_key("method"));
    let headers = item["request_headers"].as_m().unwrap();
    assert_eq!(headers.keys().collect::<Vec<_>>(), ["x"]);
    let record = EventRecord::new(&event(), "e", Status::InProgress, None, Duration::ZERO);
    assert_eq!(attempt_item::from_item(item, &record).unwrap(), sent);

    let unusual = Attempt { method: Some("PUT".to_owned()), ..sent };
    assert!(attempt_item::to_item(&unusual).unwrap().contains_key("method"));
    let earlier = Attempt { url: None, ..unusual };
    assert!(
        attempt_item::to_item(&earlier).unwrap()["request_headers"]
            .as_m()
            .unwrap()
            .contains_key("webhook-id")
    );
}

fn next(status: Status, retry_at: Option<Timestamp>) -> Next {
    Next { retry_at, ..Next::ended(status) }
}

fn job() -> ReplayJob {
    ReplayJob {
        replay_id: EVENT.parse().unwrap(),
        org_id: "acme".parse().unwrap(),
        config_id: CONFIG.parse().unwrap(),
        status: ReplayStatus::InProgress,
        created_at: time(ACCEPTED),
        updated_at: time(ACCEPTED),
        found: 0,
        started: 0,
        skipped: 0,
        shards: 1,
        reapply: false,
        limit_reached: false,
        reason: None,
        cursor: None,
    }
}

/// Everything that is written to the events table, by name.
async fn written(table: &Client, requests: &Requests, retention: Duration) -> Vec<(&'static str, Value)> {
    let events = Events::new(table.clone(), "events").kept_for(retention);
    let bodies = Bodies::new(table.clone(), "events").kept_for(retention);
    let replays = Replays::new(table.clone(), "events").kept_for(retention);
    let keys = Idempotency::new(table.clone(), "events");
    let (event, job) = (event(), job());
    let mut written = Vec::new();
    let mut note = |name| written.extend(requests.take().into_iter().map(|put| (name, put["Item"].clone())));

    let retry = next(Status::InProgress, Some(time(ACCEPTED)));
    events.record_attempt(&event, &attempt(3, String::new()), None, &retry, time(ACCEPTED)).await.unwrap();
    note("an attempt");
    bodies.keep(&event, b"{}").await.unwrap();
    note("a body");
    bodies.keep_sent(&event, b"{}").await.unwrap();
    note("what was sent");
    let wanted = IdempotencyKey { event_id: event.event_id, request_hash: "hash".to_owned() };
    keys.claim(&event.org_id, event.config_id, "order 7", wanted, time(ACCEPTED)).await.unwrap();
    note("an idempotency key");
    let hour = CountedHour { tally: Tally::default(), counted_at: 0, rest: None };
    let counted = CountedDay { day: time("2026-01-02T00:00:00Z"), hours: BTreeMap::from([(3, hour)]) };
    events.keep_counted(&event.org_id, event.config_id, &counted).await.unwrap();
    note("a count");
    replays.create(&job, &Selection::EventIds(vec![event.event_id])).await.unwrap();
    note("a replay");
    let record = EventRecord::new(&event, "", Status::Failed, None, retention);
    let replay = EventId::derived(time(ACCEPTED), &[b"replay"]);
    events.claim_replay(&record, None, replay, time(ACCEPTED)).await.unwrap();
    note("a chain of replays");
    written.retain(|(_, item)| item.is_object());
    written
}

#[tokio::test]
async fn an_item_has_the_key_of_its_webhook_and_the_time_of_its_event() {
    let (table, requests) = table_with(&[]);
    let (tries, selection) = (format!("try#{EVENT}#0003"), format!("{EVENT}#selection"));
    let chain = format!("chain#{EVENT}");
    let partition = |suffix: &str| format!("{PARTITION}{suffix}");
    let (retention, midnight) = (days(7), ACCEPTED_SECS - (3 * 3600 + 4 * 60 + 5));
    let kept = ACCEPTED_SECS + 7 * 86_400;
    let expected = [
        ("an attempt", partition(""), tries.as_str(), kept),
        ("a body", format!("{PARTITION}#{EVENT}"), "body", kept),
        ("what was sent", format!("{PARTITION}#{EVENT}"), "sent", kept),
        // Its lifetime is promised to producers, whatever the retention.
        ("an idempotency key", partition("#idempotency#order 7"), "order 7", ACCEPTED_SECS + 86_400),
        // Expires with the last event of the day.
        ("a count", partition("#stats"), "2026-01-02T00:00:00.000Z", midnight + 8 * 86_400),
        ("a replay", partition("#replays"), selection.as_str(), kept),
        ("a replay", partition("#replays"), EVENT, kept),
        ("a chain of replays", partition("#replays"), chain.as_str(), kept),
    ];
    let written = written(&table, &requests, retention).await;
    assert_eq!(written.len(), expected.len(), "{written:#?}");
    for ((name, item), (expected_name, pk, sk, expires_at)) in written.iter().zip(&expected) {
        let key = json!({"pk": {"S": pk}, "sk": {"S": sk}, "expires_at": {"N": expires_at.to_string()}});
        assert_eq!(name, expected_name);
        for field in ["pk", "sk", "expires_at"] {
            assert_eq!(item[field], key[field], "{name}: {field}");
        }
    }
}

#[tokio::test]
async fn a_small_last_attempt_is_a_part_of_its_event_and_no_other_is() {
    let (table, requests) = table_with(&[]);
    let events = Events::new(table, "events");
    let (small, large) = (attempt(1, "x".repeat(1000)), attempt(1, "x".repeat(2048)));
    let later = Some(time("2026-01-02T03:05:00Z"));
    for (name, attempt, retry_at, is_a_part) in [
        ("small and last", &small, None, true),
        ("large and last", &large, None, false),
        ("small and not last", &small, later, false),
    ] {
        let status = if retry_at.is_some() { Status::InProgress } else { Status::Succeeded };
        let recorded =
            events.record_attempt(&event(), attempt, None, &next(status, retry_at), time(ACCEPTED)).await;
        assert_eq!(recorded.unwrap(), Recorded::Decisive, "{name}");
        let requests = requests.take();
        let update = requests.iter().find(|request| request["Key"].is_object()).unwrap();
        let puts = requests.iter().filter(|request| request["Item"].is_object()).count();
        assert_eq!(update["Key"], json!({"pk": {"S": PARTITION}, "sk": {"S": EVENT}}), "{name}");
        let has_part = update["ExpressionAttributeValues"][":last_attempt"].is_object();
        assert_eq!((has_part, puts), (is_a_part, usize::from(!is_a_part)), "{name}");
        // The item may hold an earlier attempt's values, which this attempt does not have.
        let expression = update["UpdateExpression"].as_str().unwrap();
        let removed = expression.split(" REMOVE ").nth(1).unwrap();
        assert_eq!(removed.contains("last_attempt"), !is_a_part, "{name}: {expression}");
        assert_eq!(removed.contains("next_attempt_at"), retry_at.is_none(), "{name}: {expression}");
    }
}

#[tokio::test]
async fn a_body_is_deflated_where_that_makes_it_shorter() {
    let (table, requests) = table_with(&[]);
    let bodies = Bodies::new(table, "events");
    for (body, attribute) in
        [(vec![b'x'; 1000], "deflated"), (b"{}".to_vec(), "bytes"), (Vec::new(), "bytes")]
    {
        bodies.keep(&event(), &body).await.unwrap();
        let item = requests.take().remove(0)["Item"].take();
        let fields: Vec<_> = item
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| ["deflated", "bytes"].contains(&name.as_str()))
            .collect();
        assert_eq!(fields, [attribute], "{} bytes", body.len());
    }
}

/// The index of correlation ids contains the items that have the attribute.
#[test]
fn an_event_can_be_found_by_its_correlation_id_when_it_has_one() {
    let record = |correlation_id: Option<&str>| {
        let event = EventMetadata { correlation_id: correlation_id.map(str::to_owned), ..event() };
        hookstep_contract::EventRecord::new(&event, "e", Status::InProgress, None, days(30))
    };
    let (longest, long) = ("k".repeat(CORRELATION_ID_BYTES), "k".repeat(CORRELATION_ID_BYTES + 1));
    for (correlation_id, kept) in [
        (Some("order 7"), true),
        (Some(longest.as_str()), true),
        // DynamoDB would reject the whole item: an index key must not be empty or too long.
        (Some(""), false),
        (Some(&long), false),
        (None, false),
    ] {
        let item = crate::item::to_item(&record(correlation_id)).unwrap();
        assert_eq!(item.contains_key("correlation_id"), kept, "{correlation_id:?}");
    }
}

#[test]
fn a_time_is_the_ids_of_its_millisecond() {
    let at = time(ACCEPTED);
    for (at, fill, expected) in [
        (Some(at), 0, "019b7ca9-8f2e-0000-0000-000000000000"),
        (Some(at), u8::MAX, "019b7ca9-8f2e-ffff-ffff-ffffffffffff"),
        (None, 0, "00000000-0000-0000-0000-000000000000"),
        (None, u8::MAX, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        (Some(time("1969-12-31T23:59:59Z")), 0, "00000000-0000-0000-0000-000000000000"),
    ] {
        assert_eq!(bound(at, fill).to_string(), expected);
    }
    // An id made at that time lies in between.
    let id = EventId::derived(at, &[b"x"]).0;
    assert!(bound(Some(at), 0) < id && id < bound(Some(at), u8::MAX));
    assert!(bound(Some(at.plus(Duration::from_millis(1))), 0) > bound(Some(at), u8::MAX));
}
