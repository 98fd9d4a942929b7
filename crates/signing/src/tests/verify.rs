use std::time::Duration;

use super::{private_key, secret};
use crate::{DEFAULT_TOLERANCE, InvalidId, Key, Metadata, Received, Signer, VerifyError, verify};

const ID: &str = "msg_1";
const SENT: i64 = 1_700_000_000;
const BODY: &[u8] = b"{\"a\": 1.0}";

fn header() -> String {
    let signer = Signer::new(secret(1), vec![secret(2)], vec![private_key(3)]);
    signer.sign(&Metadata::new(ID, SENT).unwrap(), BODY)
}

fn good_keys() -> Vec<Key> {
    vec![Key::Secret(secret(1)), Key::Public(private_key(3).public_key())]
}

fn check(received: Received<'_>, body: &[u8], keys: &[Key], now: i64) -> Result<(), VerifyError> {
    verify(received, body, keys, DEFAULT_TOLERANCE, now)
}

#[test]
fn one_signature_by_one_key_is_enough() {
    let header = header();
    let received = Received { id: ID, timestamp: "1700000000", signature: &header };
    let each = [secret(1), secret(2)].map(Key::Secret).into_iter();
    for key in each.chain([Key::Public(private_key(3).public_key())]) {
        assert_eq!(check(received, BODY, std::slice::from_ref(&key), SENT), Ok(()), "{key:?}");
        let among_strangers = [Key::Secret(secret(8)), Key::Public(private_key(8).public_key()), key];
        assert_eq!(check(received, BODY, &among_strangers, SENT), Ok(()));
    }
}

#[test]
fn signatures_that_are_not_understood_are_passed_over() {
    let entries = format!("v2,AAAA v1,!!! v1,AAAA v1a,AAAA garbage ,  v1 {}", header());
    let received = Received { id: ID, timestamp: "1700000000", signature: &entries };
    for key in good_keys() {
        assert_eq!(check(received, BODY, &[key], SENT), Ok(()));
    }
}

#[test]
fn a_header_cannot_make_us_try_forever() {
    let entries = format!("{}{}", "v1a,AAAA ".repeat(16), header());
    let received = Received { id: ID, timestamp: "1700000000", signature: &entries };
    assert_eq!(check(received, BODY, &good_keys(), SENT), Err(VerifyError::NoMatch));
}

#[test]
fn whatever_is_changed_is_noticed() {
    let header = header();
    let shorter = header.replace('=', "");
    let swapped = header.replace("v1a,", "v1,").replacen("v1,", "v1a,", 1);
    let no_match = Err(VerifyError::NoMatch);
    let nothing = Err(VerifyError::NothingToCheck);
    let id = Err(VerifyError::Id(InvalidId));
    let timestamp = Err(VerifyError::Timestamp);
    let table = [
        ((ID, "1700000000", header.as_str(), BODY), Ok(())),
        (("msg_2", "1700000000", &header, BODY), no_match),
        (("", "1700000000", &header, BODY), id),
        (("msg_1.1700000000", "1700000000", &header, BODY), id),
        ((ID, "1700000001", &header, BODY), no_match),
        ((ID, "", &header, BODY), timestamp),
        ((ID, "+1700000000", &header, BODY), timestamp),
        ((ID, "01700000000", &header, BODY), timestamp),
        ((ID, "1700000000.0", &header, BODY), timestamp),
        ((ID, "99999999999999999999", &header, BODY), timestamp),
        ((ID, "1700000000", &header, b"{\"a\":1.0}"), no_match),
        ((ID, "1700000000", &header, b""), no_match),
        ((ID, "1700000000", &shorter, BODY), no_match),
        ((ID, "1700000000", &swapped, BODY), no_match),
        ((ID, "1700000000", &header[..20], BODY), no_match),
        ((ID, "1700000000", "v1,", BODY), no_match),
        ((ID, "1700000000", "", BODY), nothing),
        ((ID, "1700000000", "v2,AAAA", BODY), nothing),
        ((ID, "1700000000", "V1,AAAA", BODY), nothing),
    ];
    for ((id, timestamp, signature, body), expected) in table {
        let received = Received { id, timestamp, signature };
        assert_eq!(check(received, body, &good_keys(), SENT), expected, "{received:?}");
    }
}

#[test]
fn the_keys_of_others_do_not_do() {
    let header = header();
    let received = Received { id: ID, timestamp: "1700000000", signature: &header };
    let strangers = [Key::Secret(secret(8)), Key::Public(private_key(8).public_key())];
    assert_eq!(check(received, BODY, &strangers, SENT), Err(VerifyError::NoMatch));
    assert_eq!(check(received, BODY, &[], SENT), Err(VerifyError::NothingToCheck));
    let (v1, _) = header.split_once(' ').unwrap();
    let only_v1 = Received { signature: v1, ..received };
    let only_v1a = [Key::Public(private_key(3).public_key())];
    assert_eq!(check(only_v1, BODY, &only_v1a, SENT), Err(VerifyError::NothingToCheck));
}

#[test]
fn a_request_is_good_for_a_while_before_and_after_it_was_sent() {
    let header = header();
    let received = Received { id: ID, timestamp: "1700000000", signature: &header };
    let at = |now| check(received, BODY, &good_keys(), now);
    for now in [SENT - 300, SENT, SENT + 300] {
        assert_eq!(at(now), Ok(()));
    }
    assert_eq!(at(SENT + 301), Err(VerifyError::TooOld { seconds: 301 }));
    assert_eq!(at(SENT - 301), Err(VerifyError::TooNew { seconds: 301 }));
    let strict = verify(received, BODY, &good_keys(), Duration::ZERO, SENT + 1);
    assert_eq!(strict, Err(VerifyError::TooOld { seconds: 1 }));
    let absurd = Received { timestamp: "-9223372036854775808", ..received };
    assert!(matches!(check(absurd, BODY, &good_keys(), i64::MAX), Err(VerifyError::TooOld { .. })));
}
