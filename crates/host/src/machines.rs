//! The state machines of the product, loaded for this host.

use std::collections::BTreeMap;

use hookstep_aws_local::{BUS_NAME, EVENTS};
use hookstep_engine::{MachineKind, StateMachine, StateMachines};

use crate::OpenError;
use crate::functions::StepFunctions;

/// The file of the workflow, and its text as it is deployed to AWS.
const DELIVERY_FILE: &str = "statemachine.asl.json";
const DELIVERY: &str = include_str!("../../../statemachine.asl.json");

/// The machine of every sync event, and of the first attempt of async ones.
pub(crate) const EXPRESS: &str = "express";
/// The machine of what may take long.
pub(crate) const STANDARD: &str = "standard";

/// Loads every definition.
pub(crate) fn load() -> Result<StateMachines, OpenError> {
    let delivery = |name: &str, kind| {
        StateMachine::load(name, kind, DELIVERY, &substitutions(name))
            .map_err(|source| OpenError::Definition { file: DELIVERY_FILE, source })
    };
    Ok(StateMachines::new([
        delivery(EXPRESS, MachineKind::Express)?,
        delivery(STANDARD, MachineKind::Standard)?,
    ]))
}

fn substitutions(workflow: &str) -> BTreeMap<String, String> {
    let mut substitutions: BTreeMap<String, String> = StepFunctions::placeholders().collect();
    substitutions.extend([
        ("Workflow".to_owned(), workflow.to_owned()),
        ("EventsTable".to_owned(), EVENTS.to_owned()),
        ("EventBus".to_owned(), BUS_NAME.to_owned()),
        ("StandardStateMachineArn".to_owned(), StateMachine::arn_of(STANDARD)),
    ]);
    substitutions
}
