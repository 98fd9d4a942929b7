//! What an attempt says about how much its receiver takes (ADR 0052).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::MAX_LANE_PAUSE;
use crate::{Attempt, Outcome, Timestamp};

/// What an attempt says about the load on its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// How the receiver took it.
    pub sign: LoadSign,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// For how many seconds the receiver wants nothing, if it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_seconds: Option<u64>,
}

/// How a receiver took an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadSign {
    /// It answered, and the answer has nothing to do with load.
    Answered,
    /// It answered, and said that it takes nothing more for now.
    Exhausted,
    /// It refused the attempt because it has too many: 429, 503, or a failure with `Retry-After`.
    Refused,
    /// It gave no answer in time, or something in front of it could not reach it.
    Silent,
    /// It failed, which may have to do with load or not.
    Failed,
}

impl Load {
    /// What `attempt` says; `None` if it says nothing about the receiver.
    pub fn of(attempt: &Attempt) -> Option<Self> {
        let sign = match (attempt.outcome, attempt.status_code) {
            (Outcome::FailedHttp, Some(429 | 503)) => LoadSign::Refused,
            (Outcome::FailedHttp, _) if attempt.retry_after_seconds.is_some() => LoadSign::Refused,
            (Outcome::FailedHttp, Some(408 | 502 | 504)) => LoadSign::Silent,
            (Outcome::FailedHttp, Some(500..=599)) => LoadSign::Failed,
            (Outcome::FailedTimeout | Outcome::FailedUnreachable, _) => LoadSign::Silent,
            (Outcome::Succeeded | Outcome::FailedHttp, _) => LoadSign::Answered,
            // We did not call it, or do not know what it answered.
            (_, _) => return None,
        };
        let longest = MAX_LANE_PAUSE.as_secs();
        let ended_at = attempt.started_at.plus(Duration::from_millis(attempt.duration_ms));
        let reset = exhausted_for(&attempt.response_headers, ended_at);
        let sign = if sign == LoadSign::Answered && reset.is_some() { LoadSign::Exhausted } else { sign };
        let pause = attempt.retry_after_seconds.filter(|_| sign == LoadSign::Refused).or(reset);
        let pause_seconds = pause.map(|seconds| seconds.min(longest)).filter(|seconds| *seconds > 0);
        Some(Self { sign, duration_ms: attempt.duration_ms, pause_seconds })
    }

    /// How long the receiver wants nothing.
    pub fn pause(&self) -> Option<Duration> {
        self.pause_seconds.map(Duration::from_secs)
    }
}

/// For how many seconds a receiver takes nothing more, if its headers say that nothing remains of what it takes: `RateLimit` (IETF
/// draft-ietf-httpapi-ratelimit-headers-10), the fields of the earlier drafts, and those that have been in use for longer, whose
/// reset is a number of seconds or a time. A quota of which something remains slows nothing down.
fn exhausted_for(headers: &BTreeMap<String, String>, now: Timestamp) -> Option<u64> {
    let field = |name: &str| {
        let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    if let Some(items) = field("ratelimit").filter(|items| items.contains(';')) {
        // Each item is a policy: `"default";r=0;t=30`.
        let exhausted = items.split(',').filter(|item| parameter(item, "r") == Some(0));
        return exhausted.map(|item| parameter(item, "t").unwrap_or(0)).max();
    }
    ["ratelimit", "x-ratelimit", "x-rate-limit"].into_iter().find_map(|prefix| {
        let number = |name: &str| field(&format!("{prefix}-{name}"))?.trim().parse::<u64>().ok();
        let reset = (number("remaining")? == 0).then(|| number("reset").unwrap_or(0))?;
        Some(if reset < EARLIEST { reset } else { seconds_until(reset, now) })
    })
}

/// A reset from here on is a time in seconds since 1970, not a number of seconds.
const EARLIEST: u64 = 1_000_000_000;

fn seconds_until(reset: u64, now: Timestamp) -> u64 {
    let now = u64::try_from(now.unix_seconds()).unwrap_or(0);
    reset.saturating_sub(now)
}

fn parameter(item: &str, name: &str) -> Option<u64> {
    let mut values = item.split(';').skip(1).filter_map(|part| part.trim().split_once('='));
    let (_, value) = values.find(|(key, _)| *key == name)?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn load(fields: Value) -> Option<Load> {
        let mut attempt = json!({"number": 1, "started_at": "2026-01-02T03:04:05Z", "duration_ms": 70, "outcome": "failed_http"});
        attempt.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        Load::of(&serde_json::from_value(attempt).unwrap())
    }

    #[test]
    fn an_attempt_says_how_the_receiver_took_it() {
        let ok = json!({"outcome": "succeeded", "status_code": 200});
        assert_eq!(load(ok), Some(Load { sign: LoadSign::Answered, duration_ms: 70, pause_seconds: None }));
        for (fields, sign) in [
            (json!({"status_code": 404}), Some(LoadSign::Answered)),
            (json!({"status_code": 301}), Some(LoadSign::Answered)),
            (json!({"status_code": 429}), Some(LoadSign::Refused)),
            (json!({"status_code": 503}), Some(LoadSign::Refused)),
            (json!({"status_code": 500, "retry_after_seconds": 0}), Some(LoadSign::Refused)),
            (json!({"status_code": 500}), Some(LoadSign::Failed)),
            (json!({"status_code": 408}), Some(LoadSign::Silent)),
            (json!({"status_code": 502}), Some(LoadSign::Silent)),
            (json!({"status_code": 504}), Some(LoadSign::Silent)),
            (json!({"outcome": "failed_timeout"}), Some(LoadSign::Silent)),
            (json!({"outcome": "failed_unreachable"}), Some(LoadSign::Silent)),
            (json!({"outcome": "refused"}), None),
            (json!({"outcome": "failed_auth"}), None),
            (json!({"outcome": "failed_payload"}), None),
            (json!({"outcome": "failed_platform"}), None),
        ] {
            assert_eq!(load(fields.clone()).map(|load| load.sign), sign, "{fields}");
        }
    }

    #[test]
    fn a_receiver_says_for_how_long_it_wants_nothing() {
        let refused = |seconds: u64| json!({"status_code": 429, "retry_after_seconds": seconds});
        for (fields, pause) in [(refused(0), None), (refused(7), Some(7)), (refused(86_400), Some(3600))] {
            assert_eq!(load(fields.clone()).unwrap().pause_seconds, pause, "{fields}");
        }
        // 03:04:05.070 is 1767323045.
        for (headers, exhausted) in [
            (json!({"ratelimit": "\"a\";r=0;t=30"}), Some(Some(30))),
            (json!({"RateLimit": "\"a\";r=5;t=3, \"b\";r=0;t=9"}), Some(Some(9))),
            (json!({"RateLimit": "\"a\";t=30;r=0"}), Some(Some(30))),
            (json!({"RateLimit": "\"a\";r=0"}), Some(None)),
            (json!({"RateLimit": "\"a\";r=1;t=30"}), None),
            (json!({"RateLimit-Remaining": "0", "RateLimit-Reset": "12"}), Some(Some(12))),
            (json!({"RateLimit-Remaining": "3", "RateLimit-Reset": "12"}), None),
            (json!({"X-RateLimit-Remaining": " 0", "X-RateLimit-Reset": "1767323050"}), Some(Some(5))),
            (json!({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767323040"}), Some(None)),
            (json!({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "4000"}), Some(Some(3600))),
            (json!({"X-RateLimit-Remaining": "none", "X-RateLimit-Reset": "5"}), None),
            (json!({"X-RateLimit-Reset": "5"}), None),
            (json!({"RateLimit": "limit=100, remaining=0, reset=5"}), None),
        ] {
            let found =
                load(json!({"outcome": "succeeded", "status_code": 200, "response_headers": headers}));
            let found = found.unwrap();
            let pause = (found.sign == LoadSign::Exhausted).then_some(found.pause_seconds);
            assert_eq!(pause, exhausted, "{headers}");
        }
    }
}
