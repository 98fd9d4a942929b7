//! The record of an attempt.

use std::collections::BTreeMap;
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::limits::MAX_TIMEOUT_SECS;
use hookstep_contract::{
    Attempt, Content, Outcome, Reason, ReasonCode, RequestPlan, StepError, Timestamp, Timings,
};
use hookstep_egress::{Response, SendError, SendFailure};
use tokio::time::Instant;

use crate::mask::{Extent, Mask};
use crate::readable::ReadableBody;
use crate::unsent::Unsent;
use crate::{outgoing, reason, retry_after};

/// Measures the time of a running attempt and creates its record.
pub(crate) struct Recorder {
    number: u32,
    pub(crate) started_at: Timestamp,
    start: Instant,
    /// The attempt's total timeout.
    pub(crate) timeout: Duration,
    sources: Sources,
}

impl Recorder {
    pub(crate) fn start(number: u32, plan: &RequestPlan, sources: Sources) -> Self {
        let timeout = Duration::from_secs(plan.timeout_seconds.min(MAX_TIMEOUT_SECS).into());
        Self { number, started_at: sources.now(), start: Instant::now(), timeout, sources }
    }

    /// The attempt's deadline.
    pub(crate) fn deadline(&self) -> Instant {
        self.start + self.timeout
    }

    /// The time since the attempt began, in milliseconds.
    pub(crate) fn elapsed(&self) -> f64 {
        milliseconds(self.start.elapsed())
    }

    /// The record of an attempt, whether or not anything was sent.
    pub(crate) fn end(&self, result: Result<Attempt, Unsent>) -> Result<Attempt, StepError> {
        result.or_else(|unsent| match unsent {
            Unsent::Failed { outcome, reason, transient } => {
                Ok(Attempt { reason: Some(reason), transient, ..self.record(outcome) })
            }
            Unsent::OurFault(error) => Err(error),
        })
    }

    /// The record of an attempt that got a response. A receiver may repeat our credentials, so they are
    /// masked.
    pub(crate) fn answered(&self, response: Response, mask: Option<&Mask>) -> Attempt {
        let status = response.status;
        let (outcome, reason) = if status.is_success() {
            (Outcome::Succeeded, None)
        } else {
            let detail = format!("the receiver answered {}", status.as_u16());
            (Outcome::FailedHttp, Some(Reason::new(ReasonCode::HttpStatus, detail)))
        };
        let ReadableBody { bytes, decoded, truncated } =
            ReadableBody::of(&response.headers, response.body, response.truncated);
        let (headers, body) = match mask {
            Some(mask) => {
                let extent = if truncated { Extent::Cut } else { Extent::Whole };
                (mask.values(response.headers), mask.bytes(bytes, extent))
            }
            None => (response.headers, bytes),
        };
        let now = self.sources.now();
        Attempt {
            status_code: Some(status.as_u16()),
            response_headers: headers,
            response_body: Some(Content::new(&body)),
            response_decoded: decoded,
            response_truncated: truncated,
            remote_ip: response.remote_addr.map(|address| address.ip().to_string()),
            timings: self.timings(response.timings),
            reason,
            retry_after_seconds: response.retry_after.and_then(|header| retry_after::seconds(&header, now)),
            ..self.record(outcome)
        }
    }

    /// The record of an attempt that got no response.
    pub(crate) fn unanswered(&self, failure: SendFailure) -> Result<Attempt, Unsent> {
        let SendFailure { error, timings, .. } = failure;
        let (outcome, reason) = match error {
            SendError::Refused(refusal) => (Outcome::Refused, reason::refused(&refusal)),
            SendError::Timeout { phase, after } => {
                // Signing may have used some of the attempt's time: what counts is the total.
                let after = if self.start.elapsed() < self.timeout { after } else { self.timeout };
                let detail = SendError::Timeout { phase, after }.to_string();
                (Outcome::FailedTimeout, Reason::new(reason::timed_out(phase), detail))
            }
            SendError::Unreachable { kind, .. } => (Outcome::FailedUnreachable, reason::unreachable(&kind)),
            SendError::Body(source) => return Err(outgoing::broken_off(source)),
        };
        Ok(Attempt { reason: Some(reason), timings: self.timings(timings), ..self.record(outcome) })
    }

    fn timings(&self, timings: hookstep_egress::Timings) -> Timings {
        Timings {
            prepare: None,
            dns: timings.dns.map(milliseconds),
            connect: timings.connect.map(milliseconds),
            tls: timings.tls.map(milliseconds),
            first_byte: timings.first_byte.map(milliseconds),
            total: Some(self.elapsed()),
        }
    }

    /// The part of the record that all attempts share.
    fn record(&self, outcome: Outcome) -> Attempt {
        Attempt {
            number: self.number,
            started_at: self.started_at,
            duration_ms: self.elapsed().round() as u64,
            outcome,
            status_code: None,
            method: None,
            url: None,
            request_headers: BTreeMap::new(),
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
}

/// With microsecond precision: further digits are noise, and each would be stored.
fn milliseconds(part: Duration) -> f64 {
    part.as_micros() as f64 / 1000.0
}
