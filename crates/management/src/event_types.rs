//! `/event-types`: the catalogue of the types of events that an org sends (ADR 0061).

pub(crate) mod check;
pub(crate) mod crud;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod listeners;
mod samples;
pub(crate) mod versions;
mod write;

pub use crud::{event_type, list_of};
pub use listeners::listeners;
pub use samples::{sample, sample_for};
