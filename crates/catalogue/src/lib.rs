//! Whether payloads satisfy the schemas of their event types (ADR 0061).
//!
//! Schemas are written by strangers, so [`Schema`] takes nothing that cannot be checked in bounded time and memory: it refers to
//! nothing outside itself, its patterns match in linear time, and a check that takes too many steps is given up.
//!
//! A [`Document`] is one of others that describes event types, and an [`Export`] is one of ours.

mod checks;
mod documents;
mod flatten;
mod graph;
mod mismatch;
mod schema;
mod work;

pub use checks::{Catalogue, Payload, Verdict};
pub use documents::{
    DescribedType, Description, Document, DocumentFormat, Export, MAX_DOCUMENT_BYTES, Unusable,
};
pub use schema::{MAX_CHECKED_BYTES, Schema, SchemaFault, Unsatisfied, schema_hash};
