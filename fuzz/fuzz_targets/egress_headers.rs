//! Lines of `name: value`: nothing panics, and every header that a webhook may set can be sent.

#![no_main]

use std::collections::BTreeMap;

use hookstep_egress::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // Lines of text, not of HTTP: a value may contain HTTP line terminators.
    let lines = text.split('\u{1}').filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let policy = Policy::default();
    if policy.check_headers(&headers).is_ok() {
        assert_eq!(policy.check_own_headers(&headers), Ok(()));
    }
    if policy.check_own_headers(&headers).is_ok() {
        for (name, value) in &headers {
            assert!(!value.contains(['\r', '\n', '\0']) && !name.contains(['\r', '\n', ' ', ':']));
            assert!(!name.eq_ignore_ascii_case("host") && !name.eq_ignore_ascii_case("transfer-encoding"));
        }
    }
});
