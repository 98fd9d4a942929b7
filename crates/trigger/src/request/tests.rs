use axum::extract::Query;
use axum::http::{HeaderName, HeaderValue};
use hookstep_contract::{EventId, Origin};
use serde_json::json;

use super::*;

const CONFIG: &str = "0190a000-0000-7000-8000-00000000000a";
const EVENT: &str = "0190a000-0000-7000-8000-00000000000b";
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A query, headers and a body, and the field for which they are rejected.
type Case<'a> = (&'a str, &'a [(&'a str, &'a [u8])], &'static [u8], Option<&'a str>);

fn read(query: &str, headers: &[(&str, &[u8])], body: &'static [u8]) -> Result<TriggerRequest, FieldError> {
    let Query(query) = Query::try_from_uri(&format!("/trigger{query}").parse().unwrap()).unwrap();
    let header = |&(name, value): &(&str, &[u8])| {
        (HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value).unwrap())
    };
    TriggerRequest::read(query, &headers.iter().map(header).collect(), Bytes::from_static(body))
}

fn new_event() -> EventMetadata {
    let created_at = serde_json::from_value(json!("2026-01-02T03:04:05.678Z")).unwrap();
    let (org_id, config_id, event_id) =
        ("acme".parse().unwrap(), CONFIG.parse().unwrap(), EVENT.parse::<EventId>().unwrap());
    EventMetadata::new(org_id, config_id, event_id, Origin::Api, Mode::Async, created_at)
}

#[test]
fn an_event_has_what_its_request_says_of_it() {
    let headers: [(&str, &[u8]); 7] = [
        ("content-type", b"text/csv"),
        ("content-encoding", b"deflate"),
        ("content-encoding", b"gzip"),
        ("x-correlation-id", b"order 7"),
        ("traceparent", TRACE.as_bytes()),
        ("idempotency-key", b"k"),
        ("content-length", b"3"),
    ];
    let request = read("?sync=true", &headers, b"a,b").unwrap();
    assert_eq!((request.mode, request.idempotency_key.as_deref()), (Mode::Sync, Some("k")));
    let expected = EventMetadata {
        content_type: Some("text/csv".to_owned()),
        content_encoding: Some("deflate, gzip".to_owned()),
        size: Some(3),
        correlation_id: Some("order 7".to_owned()),
        traceparent: Some(TRACE.to_owned()),
        ..new_event()
    };
    assert_eq!(request.event(new_event()), Ok(expected));

    let least = read("", &[], b"").unwrap();
    assert_eq!((least.mode, &least.claim, &least.idempotency_key), (Mode::Async, &None, &None));
    assert_eq!(least.event(new_event()), Ok(EventMetadata { size: Some(0), ..new_event() }));
}

#[test]
fn an_upload_has_no_size_until_somebody_looks_at_it() {
    let request = read("?claim_check=claims%2Fa", &[], b"").unwrap();
    assert_eq!(request.claim, Some(Claim::of("claims/a")));
    assert_eq!(request.event(new_event()).unwrap().size, None);
}

#[test]
fn who_waits_says_so_in_one_of_two_words() {
    for (query, mode) in [("", Mode::Async), ("?sync=false", Mode::Async), ("?sync=true", Mode::Sync)] {
        assert_eq!(read(query, &[], b"{}").unwrap().mode, mode, "{query}");
    }
}

#[test]
fn an_event_is_sent_later_if_its_request_says_so() {
    for (query, expected) in [
        ("?deliver_at=2026-01-03T00:00:00Z", Ok(Some("2026-01-03T00:00:00.000Z"))),
        ("?deliver_at=2026-01-03T00:00:00%2B01:00", Ok(Some("2026-01-02T23:00:00.000Z"))),
        ("?deliver_at=2026-01-01T00:00:00Z&sync=false", Ok(None)),
        ("?delay_seconds=2", Ok(Some("2026-01-02T03:04:07.678Z"))),
        ("?delay_seconds=0", Ok(None)),
        ("?deliver_at=2026-01-03T00:00:00+01:00", Err("deliver_at")),
        ("?deliver_at=2026-02-02T00:00:00Z", Err("deliver_at")),
        ("?deliver_at=tomorrow", Err("deliver_at")),
        ("?deliver_at=2026-01-03T00:00:00Z&delay_seconds=2", Err("deliver_at")),
        ("?delay_seconds=-1", Err("delay_seconds")),
        ("?delay_seconds=2592001", Err("delay_seconds")),
        ("?delay_seconds=soon", Err("delay_seconds")),
        ("?delay_seconds=2&sync=true", Err("sync")),
        ("?deliver_at=2026-01-01T00:00:00Z&sync=true", Err("sync")),
    ] {
        let event = read(query, &[], b"{}").and_then(|request| request.event(new_event()));
        let due = event.map(|event| event.deliver_at.map(|at| at.to_string())).map_err(|error| error.field);
        let expected = expected.map(|at: Option<&str>| at.map(str::to_owned)).map_err(str::to_owned);
        assert_eq!(due, expected, "{query}");
    }
}

#[test]
fn what_cannot_be_taken_is_named() {
    let long = [b'k'; IDEMPOTENCY_KEY_BYTES + 1];
    let longest = &long[1..];
    let long_type = [b't'; EVENT_CONTENT_TYPE_BYTES + 1];
    let cases: [Case<'_>; 21] = [
        ("?sync=", &[], b"{}", Some("sync")),
        ("?sync=yes", &[], b"{}", Some("sync")),
        ("?sync=TRUE", &[], b"{}", Some("sync")),
        ("?sync=1", &[], b"{}", Some("sync")),
        ("?claim_check=a", &[], b" ", Some("claim_check")),
        ("", &[("idempotency-key", b"")], b"{}", Some("idempotency-key")),
        ("", &[("idempotency-key", &long)], b"{}", Some("idempotency-key")),
        ("", &[("idempotency-key", longest)], b"{}", None),
        ("", &[("x-correlation-id", b"\xc3\xa4")], b"{}", Some("x-correlation-id")),
        ("", &[("x-correlation-id", b"a b")], b"{}", None),
        ("", &[("content-type", &long_type)], b"{}", Some("content-type")),
        ("", &[("content-type", &long_type[1..])], b"{}", None),
        ("", &[("content-type", &long)], b"{}", None),
        ("", &[("content-type", b"")], b"{}", None),
        ("", &[("content-type", b"text/plain; name=\xfc")], b"{}", Some("content-type")),
        ("", &[("content-type", b"no type at all")], b"{}", None),
        ("", &[("content-length", b"2")], b"{}", None),
        // API Gateway replaced one byte that is not UTF-8 with U+FFFD, which has three bytes.
        ("", &[("content-length", b"4")], "caf\u{fffd}".as_bytes(), Some("body")),
        ("", &[("content-length", b"4")], b"caf\xe9", None),
        // Without a `Content-Length`, there is nothing to compare.
        ("", &[], "caf\u{fffd}".as_bytes(), None),
        ("", &[("content-length", b"many")], b"{}", None),
    ];
    for (query, headers, body, field) in cases {
        let named = read(query, headers, body).err().map(|error| error.field);
        assert_eq!(named.as_deref(), field, "{query} {headers:?} {body:?}");
    }
}

#[test]
fn only_a_valid_trace_is_passed_on() {
    let passed_on = |trace: &str| read("", &[("traceparent", trace.as_bytes())], b"").unwrap().traceparent;
    assert_eq!(passed_on(TRACE).as_deref(), Some(TRACE));
    for wrong in [
        "",
        "00",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ] {
        assert_eq!(passed_on(wrong), None, "{wrong}");
    }
}

#[test]
fn a_claim_check_is_of_one_upload_to_one_webhook() {
    let (org_id, config_id) = ("acme".parse().unwrap(), CONFIG.parse().unwrap());
    assert!(read("", &[], b"").unwrap().is_of(&org_id, config_id), "there is none");
    for (key, is_own) in [
        (format!("claims/acme/{CONFIG}/{EVENT}"), true),
        (format!("claims/other/{CONFIG}/{EVENT}"), false),
        (format!("claims/acme/{EVENT}/{EVENT}"), false),
        (format!("claims/acme/{CONFIG}/{EVENT}/more"), false),
        (format!("claims/acme/{CONFIG}/../../other/{CONFIG}/{EVENT}"), false),
        (format!("claims/acme/{CONFIG}/"), false),
        (format!("claims/acme/{CONFIG}/nonsense"), false),
        (format!("/claims/acme/{CONFIG}/{EVENT}"), false),
        (String::new(), false),
    ] {
        let request = read(&format!("?claim_check={key}"), &[], b"").unwrap();
        assert_eq!(request.is_of(&org_id, config_id), is_own, "{key}");
    }
}

#[test]
fn requests_are_the_same_by_what_the_receiver_would_get() {
    let hash = |query: &str, headers: &[(&str, &[u8])], body| read(query, headers, body).unwrap().hash();
    let json: (&str, &[u8]) = ("content-type", b"application/json");
    let first = hash("", &[json], b"{}");
    let same = [
        hash("", &[json], b"{}"),
        hash("?sync=true", &[json], b"{}"),
        hash("?delay_seconds=2", &[json], b"{}"),
        hash("", &[json, ("x-correlation-id", b"7"), ("traceparent", TRACE.as_bytes())], b"{}"),
    ];
    assert!(same.iter().all(|hash| *hash == first));

    let mut different = vec![
        first,
        hash("", &[json], b"{ }"),
        hash("", &[], b"{}"),
        hash("", &[("content-type", b"text/plain")], b"{}"),
        hash("?claim_check=a", &[], b""),
        hash("?claim_check=b", &[], b""),
        // The boundary between two fields matters.
        hash("", &[("content-type", b"a")], b""),
        hash("", &[], b"a"),
        hash("", &[], b"\0a"),
    ];
    let count = different.len();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), count);
}

#[test]
fn a_coding_is_a_list_of_tokens_and_part_of_what_a_key_is_for() {
    let with = |value: &[u8]| read("", &[("content-encoding", value)], b"a");
    for value in [&b"gzip;q=1"[..], b"a b", b"a,,b", b"\xff", &[b'a'; 256]] {
        assert_eq!(with(value).unwrap_err().field, "content-encoding", "{}", String::from_utf8_lossy(value));
    }
    let none = read("", &[], b"a").unwrap();
    assert_eq!(with(b"").unwrap().hash(), none.hash());
    assert_ne!(with(b"gzip").unwrap().hash(), none.hash());
}
