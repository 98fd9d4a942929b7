//! Sends the traces and the metrics of Hookstep to an OpenTelemetry collector, by OTLP over HTTP, if the standard variables
//! name one (docs/adr/0044).
//!
//! Spans are made when what they describe has ended, from the event's own data, so that nothing has to be carried along: the
//! id of an event and its producer's `traceparent` travel with the event in any case, and the ids of spans follow from
//! them. [`spans()`] returns what takes spans and what sends them; [`triggers`] and [`Step`] make them. [`metrics()`]
//! sends what Prometheus would read.
//!
//! A span has ids, names, numbers and codes, and never a body, a header's value or a URL.

mod collector;
mod exporting;
mod metrics;
mod points;
mod span;
mod spans;
mod step;
mod trace;
mod trigger;

pub use collector::OtlpError;
pub use exporting::Exporting;
pub use metrics::{Read, metrics};
pub use spans::{Spans, Waiting, spans};
pub use step::Step;
pub use trigger::triggers;
