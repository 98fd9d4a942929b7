//! An interpreter for the part of the Amazon States Language that our definitions use.
//!
//! The same definitions run on AWS Step Functions and, through this crate, in one process. [`Machine::load`] refuses what
//! is not supported and names the state and the field, so that a definition never runs differently without notice.
//!
//! The cast: a [`Machine`] is a definition, checked and with every JSONata expression parsed. An [`Execution`] is
//! one run of it. A [`Checkpoint`] says where that run stands between two states; it is all that a restart needs.
//! The [`Host`] does what the states ask for: it calls services, tells the time, rolls the dice and keeps the
//! history of [`Event`]s. Waits are handed back to the caller as [`Progress::Waiting`], since they may last for
//! days.
//!
//! JSONata values are not `Send`. Every evaluation therefore happens inside a synchronous function, from and to
//! [`serde_json::Value`]; see `scope.rs`.

mod check;
mod definition;
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
pub use json::{DATA_LIMIT_BYTES, Json, within_data_limit};
pub use machine::Machine;
