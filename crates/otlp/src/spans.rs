//! What takes spans.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SpanData, SpanEvents, SpanLinks};
use tokio::sync::mpsc;

use crate::Trace;

/// Takes spans, and waits for nobody: a span for which there is no room is dropped. Clones send to the same collector.
#[derive(Clone, Debug)]
pub struct Spans(pub(crate) mpsc::Sender<SpanData>);

/// What a span describes, once it has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The name of the span: of few values, without ids.
    pub name: Cow<'static, str>,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// Names and values.
    pub attributes: Vec<(&'static str, String)>,
    /// Why it failed, as a code, if it did.
    pub failure: Option<String>,
}

impl Spans {
    /// The span of a trigger request: a child of the producer's span, and the parent of the event's other spans.
    pub fn trigger(&self, trace: &Trace, finished: Finished) {
        let producer = trace.producer();
        self.send(trace, span(trace.of_trigger(), producer, SpanKind::Server, finished));
    }

    /// The span of a step of an event that came by the trigger.
    pub fn step(&self, trace: &Trace, finished: Finished) {
        let context = trace.context(RandomIdGenerator::default().new_span_id());
        self.send(trace, span(context, trace.of_trigger().span_id(), SpanKind::Internal, finished));
    }

    /// The span of a step of an event that came in another way: a child of the producer's span, if there is one.
    pub fn step_without_trigger(&self, trace: &Trace, finished: Finished) {
        let context = trace.context(RandomIdGenerator::default().new_span_id());
        self.send(trace, span(context, trace.producer(), SpanKind::Internal, finished));
    }

    fn send(&self, trace: &Trace, span: SpanData) {
        if trace.is_sampled() && self.0.try_send(span).is_err() {
            tracing::debug!("a span was dropped: the collector does not keep up");
        }
    }
}

fn span(
    span_context: opentelemetry::trace::SpanContext,
    parent_span_id: SpanId,
    span_kind: SpanKind,
    finished: Finished,
) -> SpanData {
    SpanData {
        span_context,
        parent_span_id,
        parent_span_is_remote: true,
        span_kind,
        name: finished.name,
        start_time: finished.start,
        end_time: finished.end,
        attributes: finished.attributes.into_iter().map(|(name, value)| KeyValue::new(name, value)).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: finished.failure.map_or(Status::Unset, Status::error),
        instrumentation_scope: InstrumentationScope::builder("hookstep")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}
