//! What Hookstep on one machine counts and measures.
//!
//! [`Metrics`] has every meter. It is made once and handed to those who have something to count; there is no global state.
//! [`Metrics::text`] writes all meters in the text format of Prometheus, together with a [`Sample`] of what is only looked
//! at when somebody asks: executions, files, the process.
//!
//! No label names a tenant, unless the operator asks for it with [`By`].

mod bounded;
mod meters;
mod process;
mod sample;
mod tenant;

pub use meters::{CONTENT_TYPE, Metrics};
pub use process::Process;
pub use sample::Sample;
pub use tenant::{By, Tenant};
