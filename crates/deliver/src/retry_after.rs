//! The receiver's `Retry-After` header.

use hookstep_contract::Timestamp;
use hookstep_contract::limits::MAX_PAUSE_SECS;

/// The number of seconds from `now`, for either form of the header; capped. Any other value is ignored.
pub(crate) fn seconds(header: &str, now: Timestamp) -> Option<u64> {
    let header = header.trim();
    let seconds = if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large to parse exceeds the cap anyway.
        header.parse().unwrap_or(u64::MAX)
    } else {
        let at = Timestamp::new(httpdate::parse_http_date(header).ok()?.into());
        at.since(now).as_millis().div_ceil(1000) as u64
    };
    Some(seconds.min(u64::from(MAX_PAUSE_SECS)))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn both_forms_are_read_and_capped() {
        let now = Timestamp::new(datetime!(2026-01-02 03:04:05.5 UTC));
        let cases = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("86401", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Fri, 02 Jan 2026 03:05:05 GMT", Some(60)),
            ("Fri, 02 Jan 2026 03:04:00 GMT", Some(0)),
            ("Fri, 02 Jan 2099 03:04:00 GMT", Some(86_400)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ];
        for (header, expected) in cases {
            assert_eq!(seconds(header, now), expected, "{header:?}");
        }
    }
}
