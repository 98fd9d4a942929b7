//! The ids of an event's spans.

use std::collections::HashMap;

use hookstep_contract::EventId;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

/// The trace of an event: the producer's or, without one, a trace whose id is the event's id.
///
/// The span of the trigger has an id that follows from the event's as well, so that every later span of the event finds its
/// parent, in whatever process and however much later it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    event_id: EventId,
    /// The producer's span, unless it sent none.
    producer: SpanContext,
}

impl Trace {
    /// The trace of the event with this id and this `traceparent` (W3C Trace Context) of its producer. An invalid one is
    /// ignored.
    pub(crate) fn of(event_id: EventId, traceparent: Option<&str>) -> Self {
        let headers: HashMap<String, String> =
            traceparent.map(|value| ("traceparent".to_owned(), value.to_owned())).into_iter().collect();
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
        Self { event_id, producer: context.span().span_context().clone() }
    }

    /// Whether the producer wants the trace to be recorded; without a producer's trace, it is.
    pub(crate) fn is_sampled(&self) -> bool {
        !self.producer.is_valid() || self.producer.is_sampled()
    }

    /// The context of the trigger's span.
    pub(crate) fn of_trigger(&self) -> SpanContext {
        let bytes = self.event_id.0.into_bytes();
        // The random part of the id. The bits of its variant keep it from being zero, which is no id.
        let [.., a, b, c, d, e, f, g, h] = bytes;
        self.context(SpanId::from_bytes([a, b, c, d, e, f, g, h]))
    }

    /// The context of another span.
    pub(crate) fn another(&self) -> SpanContext {
        self.context(RandomIdGenerator::default().new_span_id())
    }

    fn context(&self, span_id: SpanId) -> SpanContext {
        let trace_id = if self.producer.is_valid() {
            self.producer.trace_id()
        } else {
            TraceId::from_bytes(self.event_id.0.into_bytes())
        };
        SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, false, self.producer.trace_state().clone())
    }

    /// The producer's span; it has no valid id if there is none.
    pub(crate) fn producer(&self) -> SpanId {
        self.producer.span_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "0190a000-0000-7000-8000-00000000000a";

    #[test]
    fn a_trace_is_the_producers_or_has_the_id_of_the_event() {
        let event_id: EventId = EVENT.parse().unwrap();
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for (traceparent, expected, producer, is_sampled) in [
            (Some(format!("00-{trace}-{parent}-01")), trace, parent, true),
            (Some(format!("00-{trace}-{parent}-00")), trace, parent, false),
            (Some("nonsense".to_owned()), "0190a0000000700080000000 0000000a", "0000000000000000", true),
            (None, "0190a0000000700080000000 0000000a", "0000000000000000", true),
        ] {
            let found = Trace::of(event_id, traceparent.as_deref());
            let context = found.of_trigger();
            assert_eq!(context.trace_id().to_string(), expected.replace(' ', ""), "{traceparent:?}");
            assert_eq!(context.span_id().to_string(), "800000000000000a");
            assert_eq!((found.producer().to_string(), found.is_sampled()), (producer.to_owned(), is_sampled));
        }
    }
}
