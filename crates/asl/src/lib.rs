//! An interpreter for the part of the Amazon States Language that our definitions use.
//!
//! The same definitions run on AWS Step Functions and, through this crate, in
//! one process. [`Machine::load`] rejects unsupported features and names the
//! state and the field, so that no definition silently behaves differently.
//!
//! The main types: a [`Machine`] is a checked definition whose JSONata expressions are all parsed. An
//! [`Execution`] is one run of a machine. A [`Checkpoint`] records where the run stands between two states
//! and is all that a restart needs. The [`Host`] gives the interpreter access to services, the time and
//! random numbers, and keeps the history of [`Event`]s. Waits are returned to the caller as
//! [`Progress::Waiting`], since they may last for days.
//!
//! All data is [`Json`], whose copies share their parts. Simple expressions are evaluated on it directly
//! (`direct.rs`); the others are evaluated by `jsonata-core`. JSONata values are not `Send`. Every evaluation
//! therefore happens inside a synchronous function that takes and returns `Json`; see `scope.rs`.

mod check;
mod definition;
mod direct;
mod error;
mod event;
mod execution;
mod expression;
mod functions;
mod host;
mod json;
mod machine;
mod names;
mod retry;
mod run;
mod scope;
mod setting;
mod step;
mod substitute;
mod task;
mod template;
mod transition;

pub use error::{ExpressionError, LoadError, Refusal, TaskError};
pub use event::{Event, EventKind};
pub use execution::{Checkpoint, Execution, Progress};
pub use host::Host;
pub use json::{DATA_LIMIT_BYTES, Fields, Items, Json, Name, within_data_limit};
pub use machine::Machine;
