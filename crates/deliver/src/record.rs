//! What is recorded of an attempt.

use std::collections::BTreeMap;
use std::time::Duration;

use hookstep_contract::{Attempt, Content, Outcome, Timings};
use hookstep_egress::{Phase, Response, SendError, SendFailure};

use crate::attempt::{Draft, Unsent};
use crate::mask::Mask;
use crate::payload;
use crate::retry_after;

impl Draft {
    /// The attempt whose receiver answered. A receiver may repeat our credentials: they are masked.
    pub(crate) fn answered(&self, response: Response, mask: Option<&Mask>) -> Attempt {
        let status = response.status;
        let (outcome, error) = if status.is_success() {
            (Outcome::Succeeded, None)
        } else {
            (Outcome::FailedHttp, Some(format!("the receiver answered {}", status.as_u16())))
        };
        let (headers, body) = match mask {
            Some(mask) => (mask.values(response.headers), mask.bytes(response.body)),
            None => (response.headers, response.body),
        };
        let now = self.sources.now();
        Attempt {
            status_code: Some(status.as_u16()),
            response_headers: headers,
            response_body: Some(Content::new(&body)),
            response_truncated: response.truncated,
            remote_ip: response.remote_addr.map(|address| address.ip().to_string()),
            timings: in_milliseconds(response.timings),
            error,
            retry_after_seconds: response.retry_after.and_then(|header| retry_after::seconds(&header, now)),
            ..self.record(outcome)
        }
    }

    /// The attempt whose receiver gave no answer.
    pub(crate) fn unanswered(&self, failure: SendFailure) -> Result<Attempt, Unsent> {
        let SendFailure { error, timings } = failure;
        let (outcome, reason) = match error {
            SendError::Refused(_) => (Outcome::Refused, error.to_string()),
            // Told by the time of the whole attempt: signing may have used up some of it.
            SendError::Timeout { phase: phase @ Phase::Answer, .. } => {
                (Outcome::FailedTimeout, SendError::Timeout { phase, after: self.timeout }.to_string())
            }
            SendError::Timeout { .. } => (Outcome::FailedTimeout, error.to_string()),
            SendError::Unreachable { .. } => (Outcome::FailedUnreachable, error.to_string()),
            SendError::Body(source) => return Err(payload::broken(source)),
        };
        Ok(Attempt { error: Some(reason), timings: in_milliseconds(timings), ..self.record(outcome) })
    }

    /// The record as far as every attempt has it.
    pub(crate) fn record(&self, outcome: Outcome) -> Attempt {
        Attempt {
            number: self.number,
            started_at: self.started_at,
            duration_ms: self.start.elapsed().as_millis() as u64,
            outcome,
            status_code: None,
            request_headers: BTreeMap::new(),
            response_headers: BTreeMap::new(),
            response_body: None,
            response_truncated: false,
            remote_ip: None,
            timings: Timings::default(),
            error: None,
            transient: false,
            retry_after_seconds: None,
        }
    }
}

fn in_milliseconds(timings: hookstep_egress::Timings) -> Timings {
    // To the microsecond: the digits below are noise, and every one of them is stored.
    let milliseconds = |part: Duration| part.as_micros() as f64 / 1000.0;
    Timings {
        dns: timings.dns.map(milliseconds),
        connect: timings.connect.map(milliseconds),
        tls: timings.tls.map(milliseconds),
        first_byte: timings.first_byte.map(milliseconds),
    }
}
