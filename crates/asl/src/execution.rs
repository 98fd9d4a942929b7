//! What an execution is, and where it stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::error::TaskError;

/// One run of a machine; what `$states.context` tells of it.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Its ARN.
    pub id: String,
    /// Its name, the last part of the ARN.
    pub name: String,
    /// What it was started with. The caller keeps it [`crate::within_data_limit`].
    pub input: Arc<Value>,
    /// When it was started.
    pub start_time: OffsetDateTime,
    /// The machine's ARN.
    pub machine_id: String,
    /// The machine's name.
    pub machine_name: String,
}

/// Where an execution stands between two states; all that is needed to go on after a restart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The state to enter.
    pub state: String,
    /// What it gets.
    pub input: Value,
    /// The variables assigned so far.
    pub variables: BTreeMap<String, Value>,
}

/// How far [`crate::Machine::run`] came.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The execution is over; its output.
    Succeeded(Value),
    /// The execution is over; its error.
    Failed(TaskError),
    /// A Wait state: run again, from `resume`, once `until` has come.
    Waiting {
        /// When to go on.
        until: OffsetDateTime,
        /// The checkpoint behind the Wait state.
        resume: Checkpoint,
    },
}
