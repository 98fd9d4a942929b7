//! A definition that is ready to run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::check;
use crate::definition::{self, Definition, State};
use crate::error::LoadError;
use crate::execution::{Checkpoint, Execution, Progress};
use crate::host::Host;
use crate::json::Json;
use crate::run;
use crate::substitute::substitute;

/// A checked definition.
#[derive(Debug)]
pub struct Machine {
    start_at: String,
    states: BTreeMap<Arc<str>, State>,
}

impl Machine {
    /// Loads a definition. `substitutions` are the values of its `${Name}`
    /// placeholders; `resources` are the task integrations that the host supports.
    pub fn load(
        text: &str,
        substitutions: &BTreeMap<String, String>,
        resources: &[&str],
    ) -> Result<Machine, LoadError> {
        let text = substitute(text, substitutions)?;
        let json: Value = serde_json::from_str(&text).map_err(LoadError::Json)?;
        let Definition { start_at, states, .. } =
            definition::fields(json).map_err(|(field, source)| LoadError::Definition { field, source })?;
        let mut read = BTreeMap::new();
        for (name, state) in states {
            let state = State::read(&name, state)?;
            read.insert(Arc::from(name), state);
        }
        check::check(&start_at, &read, resources)?;
        Ok(Machine { start_at, states: read })
    }

    /// Whether the definition has a state with this name.
    pub fn has_state(&self, name: &str) -> bool {
        self.states.contains_key(name)
    }

    /// The initial checkpoint of an execution with this input.
    pub fn start(&self, input: impl Into<Json>) -> Checkpoint {
        Checkpoint { state: self.start_at.clone(), input: input.into(), variables: BTreeMap::new() }
    }

    /// Runs an execution from a checkpoint until it ends or reaches a wait.
    pub async fn run(&self, execution: &Execution, from: Checkpoint, host: &impl Host) -> Progress {
        run::run(&self.states, execution, from, host).await
    }
}
