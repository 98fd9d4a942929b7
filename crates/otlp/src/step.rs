//! The spans of steps: the invocations of the functions of the state machines.

use std::time::SystemTime;

use hookstep_contract::{EventId, Origin, Outcome, ReasonCode};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use serde::{Deserialize, Deserializer};

use crate::Spans;
use crate::span::Finished;
use crate::trace::Trace;

/// A step of an event that is under way.
#[derive(Debug)]
pub struct Step {
    trace: Trace,
    is_triggered: bool,
    attributes: Vec<KeyValue>,
    start: SystemTime,
}

/// The input of a function, as far as its span tells of it.
#[derive(Deserialize)]
struct Input {
    event: Event,
    #[serde(default)]
    number: Option<i64>,
    #[serde(default)]
    attempt: Option<Attempt>,
}

#[derive(Deserialize)]
struct Event {
    event_id: EventId,
    org_id: String,
    config_id: String,
    origin: Origin,
    #[serde(default)]
    traceparent: Option<String>,
}

/// The output of a function, as far as its span tells of it.
#[derive(Default, Deserialize)]
struct Output {
    #[serde(default)]
    attempt: Option<Attempt>,
}

/// An attempt, in the output of `deliver` and in the input of `update-status`.
#[derive(Deserialize)]
struct Attempt {
    #[serde(default)]
    number: Option<i64>,
    #[serde(default)]
    outcome: Option<Outcome>,
    #[serde(default)]
    status_code: Option<i64>,
    #[serde(default)]
    reason: Option<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    code: ReasonCode,
}

impl Step {
    /// The step that a function with this input begins at this time; `None` if it is not about an event.
    pub fn begin<'de>(input: impl Deserializer<'de>, start: SystemTime) -> Option<Self> {
        let Input { event, number, attempt } = Input::deserialize(input).ok()?;
        let mut attributes = vec![
            KeyValue::new("hookstep.event_id", event.event_id.to_string()),
            KeyValue::new("hookstep.config_id", event.config_id),
            KeyValue::new("hookstep.org_id", event.org_id),
        ];
        let number = number.or_else(|| attempt?.number);
        attributes.extend(number.map(|number| KeyValue::new("hookstep.attempt", number)));
        let trace = Trace::of(event.event_id, event.traceparent.as_deref());
        Some(Self { trace, is_triggered: event.origin == Origin::Api, attributes, start })
    }
}

impl Spans {
    /// The step of this function has ended at this time with this output, or with an error of this name.
    ///
    /// Its span is a child of the trigger's. An event that came in another way has no span of a trigger: then it is a child of
    /// the producer's span, if there is one.
    pub fn ended<'de>(
        &self,
        step: Step,
        function: &str,
        result: Result<impl Deserializer<'de>, &str>,
        end: SystemTime,
    ) {
        let Step { trace, is_triggered, mut attributes, start } = step;
        let failure = match result {
            Err(error) => Some(error.to_owned()),
            Ok(output) => Output::deserialize(output).unwrap_or_default().attempt.and_then(|attempt| {
                let outcome = attempt.outcome.map(Outcome::as_str);
                attributes.extend(outcome.map(|outcome| KeyValue::new("hookstep.outcome", outcome)));
                let status = attempt.status_code;
                attributes.extend(status.map(|status| KeyValue::new("http.response.status_code", status)));
                attempt.reason.map(|reason| reason.code.as_str().to_owned())
            }),
        };
        let (name, kind) = (function.to_owned().into(), SpanKind::Internal);
        let parent = if is_triggered { trace.of_trigger().span_id() } else { trace.producer() };
        let span = Finished { name, kind, start, end, attributes, failure }.span(trace.another(), parent);
        self.send(&trace, span);
    }
}
