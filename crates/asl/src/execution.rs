//! An execution and its progress.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::TaskError;
use crate::json::Json;

/// One run of a machine: the data behind `$states.context`.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The execution's ARN.
    pub id: String,
    /// The execution's name, the last part of the ARN.
    pub name: String,
    /// The execution's input. The caller ensures that it is [`crate::within_data_limit`].
    pub input: Json,
    /// When the execution was started.
    pub start_time: OffsetDateTime,
    /// The machine's ARN.
    pub machine_id: String,
    /// The machine's name.
    pub machine_name: String,
}

/// Where an execution stands between two states: everything needed to continue after a restart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The state to enter.
    pub state: String,
    /// The state's input.
    pub input: Json,
    /// The variables assigned so far.
    pub variables: BTreeMap<String, Json>,
}

/// The result of [`crate::Machine::run`].
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The execution succeeded with this output.
    Succeeded(Json),
    /// The execution failed with this error.
    Failed(TaskError),
    /// The execution reached a Wait state: run it again from `resume` at `until`.
    Waiting {
        /// When to continue.
        until: OffsetDateTime,
        /// The checkpoint after the Wait state.
        resume: Checkpoint,
    },
}
