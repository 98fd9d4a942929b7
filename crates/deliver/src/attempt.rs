//! One attempt, from its start to its record.

use std::collections::BTreeMap;
use std::time::Duration;

use contract::limits::{MAX_TIMEOUT_SECS, RESPONSE_BODY_BYTES, RESPONSE_HEADER_BYTES};
use contract::{
    Attempt, Content, ErrorName, EventHead, Outcome, RequestPlan, Sources, StepError, Timestamp, Timings,
};
use egress::{Body, Client, Keep, Request, Response, SendError, SendFailure};
use http::Method;
use tokio::time::Instant;

use crate::payload::Altered;
use crate::retry_after;

const USER_AGENT: &str = concat!("Hookstep/", env!("CARGO_PKG_VERSION"));

/// An attempt that has begun.
pub(crate) struct Draft {
    number: u32,
    started_at: Timestamp,
    start: Instant,
    sources: Sources,
}

impl Draft {
    pub(crate) fn start(number: u32, sources: Sources) -> Self {
        Self { number, started_at: sources.now(), start: Instant::now(), sources }
    }

    /// The attempt without a body to send.
    pub(crate) fn unusable(&self, reason: String) -> Attempt {
        Attempt { error: Some(reason), ..self.finish(Outcome::FailedPayload) }
    }

    /// Sends, and records what became of it.
    pub(crate) async fn send(
        &self,
        event: &EventHead,
        plan: RequestPlan,
        body: Body,
        client: &Client,
    ) -> Result<Attempt, StepError> {
        let method = Method::from_bytes(plan.method.as_bytes()).map_err(|source| {
            StepError::because(ErrorName::InvalidInput, "the method is not an HTTP method", source)
        })?;
        if let Err(refusal) = client.policy().check_headers(&plan.headers) {
            return Ok(Attempt { error: Some(refusal.to_string()), ..self.finish(Outcome::Refused) });
        }
        let headers = self.headers(event, &plan.headers, &body);
        let request = Request {
            method,
            url: plan.url,
            headers: headers.clone(),
            body,
            deadline: Duration::from_secs(plan.timeout_seconds.min(MAX_TIMEOUT_SECS).into()),
            keep: Keep { header_bytes: RESPONSE_HEADER_BYTES, body_bytes: RESPONSE_BODY_BYTES },
        };
        let attempt = match client.send(request).await {
            Ok(response) => self.answered(response),
            Err(failure) => self.unanswered(failure)?,
        };
        // What was refused was not sent.
        let request_headers = if attempt.outcome == Outcome::Refused { BTreeMap::new() } else { headers };
        Ok(Attempt { request_headers, ..attempt })
    }

    /// All headers of the request but `Host`, as they go out.
    fn headers(
        &self,
        event: &EventHead,
        own: &BTreeMap<String, String>,
        body: &Body,
    ) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::from([("accept".to_owned(), "*/*".to_owned())]);
        headers.extend(own.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())));
        let mut set = |name: &str, value: String| headers.insert(name.to_owned(), value);
        if let Some(content_type) = &event.content_type {
            set("content-type", content_type.clone());
        }
        set("content-length", body.length().to_string());
        set("user-agent", USER_AGENT.to_owned());
        set("webhook-id", event.event_id.to_string());
        set("webhook-timestamp", self.started_at.unix_seconds().to_string());
        headers
    }

    fn answered(&self, response: Response) -> Attempt {
        let status = response.status;
        let (outcome, error) = if status.is_success() {
            (Outcome::Succeeded, None)
        } else {
            (Outcome::FailedHttp, Some(format!("the receiver answered {}", status.as_u16())))
        };
        let now = self.sources.now();
        Attempt {
            status_code: Some(status.as_u16()),
            response_headers: response.headers,
            response_body: Some(Content::new(&response.body)),
            response_truncated: response.truncated,
            remote_ip: response.remote_addr.map(|address| address.ip().to_string()),
            timings: in_milliseconds(response.timings),
            error,
            retry_after_seconds: response.retry_after.and_then(|header| retry_after::seconds(&header, now)),
            ..self.finish(outcome)
        }
    }

    fn unanswered(&self, failure: SendFailure) -> Result<Attempt, StepError> {
        let SendFailure { error, timings } = failure;
        let (outcome, reason) = match error {
            SendError::Refused(_) => (Outcome::Refused, error.to_string()),
            SendError::Timeout { .. } => (Outcome::FailedTimeout, error.to_string()),
            SendError::Unreachable { .. } => (Outcome::FailedUnreachable, error.to_string()),
            SendError::Body(source) if source.is::<Altered>() => (Outcome::FailedPayload, source.to_string()),
            SendError::Body(source) => {
                let message = "the claim check could not be read to its end";
                return Err(StepError::because(ErrorName::StorageUnavailable, message, source));
            }
        };
        Ok(Attempt { error: Some(reason), timings: in_milliseconds(timings), ..self.finish(outcome) })
    }

    /// The record as far as every attempt has it.
    fn finish(&self, outcome: Outcome) -> Attempt {
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
            retry_after_seconds: None,
        }
    }
}

fn in_milliseconds(timings: egress::Timings) -> Timings {
    // To the microsecond: the digits below are noise, and every one of them is stored.
    let milliseconds = |part: Duration| part.as_micros() as f64 / 1000.0;
    Timings {
        dns: timings.dns.map(milliseconds),
        connect: timings.connect.map(milliseconds),
        tls: timings.tls.map(milliseconds),
        first_byte: timings.first_byte.map(milliseconds),
    }
}
