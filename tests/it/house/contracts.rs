//! What binds the parts together: the error names, the crates and the numbers.
#![expect(clippy::unwrap_used, reason = "a contract that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use hookstep_contract::HealthLook;
use hookstep_contract::limits::{
    CONFIG_HEADER_BYTES, EVENT_TYPE_CHARS, IDEMPOTENCY_KEY_BYTES, INLINE_BYTES, MAX_EVENT_HEADER_CHARS,
    MAX_EVENT_HEADER_NAME_CHARS, MAX_EVENT_HEADERS, MAX_PAUSE_SECS, MAX_RETRIES, MAX_SIGNATURE_HEADER_CHARS,
    MAX_SIGNATURE_PREFIX_CHARS, MAX_SOURCE_CHARS, STATE_DATA_BYTES, URL_BYTES,
};
use hookstep_contract::{
    Body, CloudEvents, CloudEventsMode, Content, DeliverCall, DeliverInput, ErrorName, EventMetadata,
    ExtraSignature, HmacAlgorithm, Lane, Plan, RequestPlan, Retry, SignatureEncoding, SignatureKind, Source,
    Status, WorkflowInput,
};
use proptest::prelude::*;
use serde_json::json;

use super::definitions::{self, SECRET_WORDS};
use super::tree::{read, tracked_in};
use crate::aws::functions::{Function, functions};
use crate::world::process::workspace;

const MAX_FILE_LINES: usize = 400;
const MAX_MAIN_LINES: usize = 40;

#[test]
fn our_error_names_are_listed_in_full_and_travel_as_they_are_matched() {
    // For an unknown variant, serde's error lists the names of all variants.
    let told = serde_json::from_str::<ErrorName>("\"?\"").unwrap_err().to_string();
    let listed: Vec<&str> = told.split('`').skip(3).step_by(2).collect();
    assert_eq!(listed, ErrorName::ALL.map(ErrorName::as_str));
    for name in ErrorName::ALL {
        assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
    }
}

#[test]
fn no_error_name_is_misspelt() {
    let mut files = tracked_in(&["crates"], "rs");
    files.extend(definitions::ALL.map(|file| workspace().join(file)));
    files.push(workspace().join("infra/template.yaml"));
    for file in &files {
        let text = read(file);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect::<BTreeSet<_>>();
        for word in words.into_iter().filter(|word| !ErrorName::ALL.iter().any(|name| name.as_str() == *word))
        {
            let meant = ErrorName::ALL.iter().find(|name| distance(word, name.as_str()) <= 2);
            assert!(meant.is_none(), "{}: is {word} {meant:?}?", file.display());
        }
    }
}

#[test]
fn the_inputs_and_outputs_of_steps_have_no_place_for_a_secret() {
    let is_secret = |text: &str| SECRET_WORDS.iter().any(|word| text.to_lowercase().contains(word));
    for module in [
        "body",
        "claim",
        "content",
        "delivery_event",
        "event",
        "event_metadata",
        "outcome",
        "reason",
        "resume",
        "update_status",
        "workflow",
    ] {
        let text = read(&workspace().join(format!("crates/contract/src/{module}.rs")));
        for line in text.lines().map(str::trim).filter(|line| line.starts_with("pub ")) {
            assert!(!is_secret(line.split(':').next().unwrap()), "{module}: {line}");
        }
    }
}

#[test]
fn a_function_names_an_aws_client_only_in_its_main() {
    for Function { name, .. } in functions() {
        for file in tracked_in(&[&format!("crates/{name}/src")], "rs") {
            // A main file with many settings keeps them in a separate file.
            let excepted = file.ends_with("src/main.rs") || file.ends_with("src/settings.rs");
            let is_test = file.components().any(|part| part.as_os_str() == "tests");
            assert!(excepted || is_test || !read(&file).contains("aws_sdk_"), "{}", file.display());
        }
    }
}

#[test]
fn files_and_mains_keep_to_their_budgets() {
    for file in tracked_in(&["crates"], "rs") {
        let text = read(&file);
        let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
        assert!(lines <= MAX_FILE_LINES, "{} has {lines} lines", file.display());
    }
    for Function { name, .. } in functions() {
        let lines = read(&workspace().join(format!("crates/{name}/src/main.rs"))).lines().count();
        assert!(lines <= MAX_MAIN_LINES, "the main of {name} has {lines} lines");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn the_length_of_a_body_is_the_one_it_has_in_json(bytes in body(), text in any::<String>()) {
        for content in [Content::new(&bytes), Content::Text(text)] {
            let (Content::Text(text) | Content::Base64(text)) = &content;
            prop_assert_eq!(content.serialised_len(), json_len(text) - "\"\"".len());
        }
    }

    #[test]
    fn the_largest_inline_body_leaves_room_in_every_state(pattern in body()) {
        let times = INLINE_BYTES / Content::new(&pattern).serialised_len();
        let content = Content::new(&pattern.repeat(times));
        prop_assert!(content.serialised_len() <= INLINE_BYTES);
        let (event, payload) = (largest_event(), Body::Inline(content.clone()));
        let plan = largest_plan();
        let input = WorkflowInput { event: event.clone(), payload: Source::Inline(content) };
        prop_assert!(json_len(&input) < STATE_DATA_BYTES);
        let resume = json!({"resume": {
            "event": event, "payload": payload, "number": 21, "retry_at": event.created_at,
        }});
        prop_assert!(json_len(&resume) < STATE_DATA_BYTES);
        let queued = json!({"queued": {
            "version": 1, "event": event, "number": 21, "plan": plan, "payload": payload, "outdated": 12,
        }});
        prop_assert!(json_len(&queued) < STATE_DATA_BYTES);
        let input = DeliverInput { event, request: plan.request, payload, number: 21 };
        let input = DeliverCall::Attempt(Box::new(input));
        prop_assert!(json_len(&input) < STATE_DATA_BYTES);
    }
}

/// Arbitrary bytes, texts in all scripts, and ASCII with every character that must be escaped.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let ascii = proptest::collection::vec(0_u8..128, 1..64);
    prop_oneof![proptest::collection::vec(any::<u8>(), 1..64), ".{1,40}".prop_map(String::into_bytes), ascii]
}

/// The length as Step Functions may count it: unlike `serde_json`, it may escape DEL.
fn json_len(value: &impl serde::Serialize) -> usize {
    let json = serde_json::to_string(value).unwrap();
    json.len() + json.matches('\u{7f}').count() * (r"\u007f".len() - 1)
}

fn largest_event() -> EventMetadata {
    let id = "0190a000-0000-7000-8000-00000000000a";
    // A header whose length doubles when escaped.
    let header = "\"".repeat(IDEMPOTENCY_KEY_BYTES);
    let event = json!({
        "event_id": id, "org_id": "a".repeat(32), "config_id": id, "origin": "api", "mode": "async",
        "created_at": "2026-01-02T03:04:05.678Z", "content_type": header, "size": u64::MAX, "correlation_id": header, "traceparent": "0".repeat(55),
        "order_key": "0".repeat(32), "retention_days": 365, "body_retention_hours": 8760, "redacts": true,
    });
    serde_json::from_value(event).unwrap()
}

fn largest_plan() -> Plan {
    Plan {
        has_payload_rules: true,
        unkept: None,
        lane: Some(Lane { group: "x".repeat(75), index: 99, groups: 100, order: Some("x".repeat(32)) }),
        blocks: true,
        queued: true,
        health: Some(HealthLook::NowAndThen),
        status: Status::InProgress,
        reason: None,
        request: RequestPlan {
            url: "\\".repeat(URL_BYTES),
            method: "DELETE".to_owned(),
            headers: BTreeMap::from([("x".to_owned(), "\"".repeat(CONFIG_HEADER_BYTES))]),
            event_headers: (0..MAX_EVENT_HEADERS)
                .map(|n| (format!("{n:x>MAX_EVENT_HEADER_NAME_CHARS$}"), "\"".repeat(MAX_EVENT_HEADER_CHARS)))
                .collect(),
            cloud_events: Some(Box::new(CloudEvents {
                mode: CloudEventsMode::Structured,
                source: Some("x".repeat(MAX_SOURCE_CHARS)),
                event_type: Some("\"".repeat(EVENT_TYPE_CHARS)),
            })),
            extra_signature: Some(Box::new(ExtraSignature {
                kind: SignatureKind::Stripe,
                header: Some("x".repeat(MAX_SIGNATURE_HEADER_CHARS)),
                algorithm: Some(HmacAlgorithm::Sha256),
                encoding: Some(SignatureEncoding::Base64),
                prefix: Some("\\".repeat(MAX_SIGNATURE_PREFIX_CHARS)),
            })),
            timeout_seconds: 840,
            revision: u64::MAX,
        },
        retry: Retry { schedule_seconds: vec![MAX_PAUSE_SECS; MAX_RETRIES] },
        long: true,
    }
}

/// The number of letters to change to turn one word into the other (Levenshtein distance), ignoring case.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut above_left = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let least =
                (above_left + usize::from(!x.eq_ignore_ascii_case(&y))).min(row[j] + 1).min(row[j + 1] + 1);
            above_left = std::mem::replace(&mut row[j + 1], least);
        }
    }
    row[b.len()]
}
