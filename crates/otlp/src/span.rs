//! What a span says.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

/// What a span describes, once it has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The name of the span: of few values, without ids.
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: SpanKind,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    pub(crate) attributes: Vec<KeyValue>,
    /// Why it failed, as a code, if it did.
    pub(crate) failure: Option<String>,
}

impl Finished {
    pub(crate) fn span(self, span_context: SpanContext, parent_span_id: SpanId) -> SpanData {
        SpanData {
            span_context,
            parent_span_id,
            parent_span_is_remote: true,
            span_kind: self.kind,
            name: self.name,
            start_time: self.start,
            // The clock may have been set back meanwhile.
            end_time: self.end.max(self.start),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: self.failure.map_or(Status::Unset, Status::error),
            instrumentation_scope: scope(),
        }
    }
}

/// Who measured.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("hookstep").with_version(env!("CARGO_PKG_VERSION")).build()
}
