//! The item that the state machine writes for a new event can be read here.

use hookstep_contract::limits::days;
use hookstep_contract::{
    EventRecord, FetchedConfig, Plan, Reason, ReasonCode, RequestPlan, Retry, Sent, Status,
};
use serde_json::{Value, json};

use super::items::event;
use crate::events::to_record;

/// A record as returned by `fetch-config`.
fn written(record: &EventRecord) -> Value {
    let request = RequestPlan {
        url: String::new(),
        method: "POST".to_owned(),
        headers: [].into(),
        event_headers: [].into(),
        cloud_events: None,
        extra_signature: None,
        timeout_seconds: 1,
        revision: 1,
    };
    let (retry, reason) = (Retry::default(), record.reason.clone());
    let plan = Plan {
        blocks: false,
        lane: None,
        queued: false,
        health: None,
        status: record.status,
        reason,
        request,
        retry,
        long: false,
        has_payload_rules: false,
        unkept: None,
    };
    let output = FetchedConfig { plan, record: record.clone(), payload: None };
    serde_json::to_value(output).unwrap()["record"].take()
}

/// The record as read from the table.
fn read_back(item: &Value) -> EventRecord {
    let item: serde_dynamo::Item = serde_json::from_value(item.clone()).unwrap();
    to_record(item.into()).unwrap()
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let reason = Reason::new(ReasonCode::FilterMissed, "the filter's condition does not hold");
    let new = EventRecord::new(&event(), "e", Status::Skipped, Some(reason), days(30));
    let sent = Sent { content_type: "text/xml".to_owned(), size: 3, claim: None };
    let record = EventRecord { size: Some(7), sent: Some(sent), ..new };
    let item = written(&record);
    assert_eq!(read_back(&item), record);
    assert!(item.get("org_id").is_none() && item.get("event_id").is_none(), "the key has them: {item}");
}

#[test]
fn a_record_of_before_there_were_codes_is_read() {
    let record = EventRecord::new(&event(), "e", Status::Failed, None, days(30));
    let mut item = written(&record);
    item["reason"] = json!({"S": "connection refused"});
    let reason = Reason::new(ReasonCode::Unclassified, "connection refused");
    assert_eq!(read_back(&item), EventRecord { reason: Some(reason), ..record });
}
