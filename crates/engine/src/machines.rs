//! The state machines that the engine runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use hookstep_asl::{LoadError, Machine};
use hookstep_contract::MachineKind;

use crate::task_host::RESOURCES;

/// A named state machine definition.
#[derive(Debug)]
pub struct StateMachine {
    name: String,
    kind: MachineKind,
    definition: Machine,
    arn: String,
    /// The beginning of the ARNs of its executions.
    execution_prefix: String,
}

impl StateMachine {
    /// Loads a definition; `substitutions` must contain a value for each of its placeholders.
    ///
    /// # Errors
    /// If the definition is invalid or uses unsupported features.
    pub fn load(
        name: &str,
        kind: MachineKind,
        definition: &str,
        substitutions: &BTreeMap<String, String>,
    ) -> Result<Self, LoadError> {
        let definition = Machine::load(definition, substitutions, &RESOURCES)?;
        let resource = match kind {
            MachineKind::Express => "express",
            MachineKind::Standard => "execution",
        };
        let execution_prefix = format!("arn:aws:states:local:000000000000:{resource}:hookstep-{name}");
        Ok(Self { name: name.to_owned(), kind, definition, arn: Self::arn_of(name), execution_prefix })
    }

    /// The ARN of the machine with this name.
    pub fn arn_of(name: &str) -> String {
        format!("arn:aws:states:local:000000000000:stateMachine:hookstep-{name}")
    }

    /// The machine's ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> MachineKind {
        self.kind
    }

    pub(crate) fn definition(&self) -> &Machine {
        &self.definition
    }

    /// The prefix of the ARNs of this machine's executions.
    pub(crate) fn execution_prefix(&self) -> &str {
        &self.execution_prefix
    }
}

/// The kind of the machine of an execution with this ARN.
pub(crate) fn kind_of_execution(arn: &str) -> MachineKind {
    // arn:aws:states:region:account:express:…
    match arn.split(':').nth(5) {
        Some("express") => MachineKind::Express,
        _ => MachineKind::Standard,
    }
}

/// The state machines by name.
#[derive(Clone, Debug)]
pub struct StateMachines(Arc<[Arc<StateMachine>]>);

impl StateMachines {
    /// Creates the collection; names must be unique.
    pub fn new(machines: impl IntoIterator<Item = StateMachine>) -> Self {
        Self(machines.into_iter().map(Arc::new).collect())
    }

    /// All machines.
    pub fn iter(&self) -> impl Iterator<Item = &StateMachine> {
        self.0.iter().map(Arc::as_ref)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<StateMachine>> {
        self.0.iter().find(|machine| machine.name == name)
    }

    pub(crate) fn by_arn(&self, arn: &str) -> Option<&Arc<StateMachine>> {
        self.0.iter().find(|machine| machine.arn() == arn)
    }
}
