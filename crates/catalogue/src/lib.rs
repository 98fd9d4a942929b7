//! Whether payloads satisfy the schemas of their event types (ADR 0061).
//!
//! Schemas are written by strangers, so [`Schema`] takes nothing that cannot be checked in bounded time and memory: it refers to
//! nothing outside itself, its patterns match in linear time, and a check that takes too many steps is given up.

mod checks;
mod flatten;
mod graph;
mod mismatch;
mod schema;
mod work;

pub use checks::{Catalogue, Payload, Verdict};
pub use schema::{MAX_CHECKED_BYTES, Schema, SchemaFault, Unsatisfied, schema_hash};
