//! Sends the traces of Hookstep to an OpenTelemetry collector, by OTLP over HTTP.
//!
//! Spans are made when what they describe has ended, from the event's own data, so that nothing has to be carried along: the
//! id of an event and its producer's `traceparent` travel with the event in any case. [`Trace`] says how the ids of spans
//! follow from them. [`Spans`] takes the spans, and [`Exporting`] sends them.
//!
//! A span has ids, names, numbers and codes, and never a body, a header's value or a URL.

mod exporting;
mod spans;
mod trace;

pub use exporting::{Exporting, OtlpError};
pub use spans::{Finished, Spans};
pub use trace::Trace;
