//! The product's state machines, loaded for this host.

use std::collections::BTreeMap;

use hookstep_aws_local::{BUS_NAME, EVENTS};
use hookstep_contract::MachineKind;
use hookstep_engine::{StateMachine, StateMachines};

use crate::OpenError;
use crate::functions::StepFunctions;

/// A definition as deployed to AWS: the file name and the text.
type Definition = (&'static str, &'static str);

const DELIVERY_DEFINITION: Definition =
    ("statemachine.asl.json", include_str!("../../../statemachine.asl.json"));
const REPLAY_DEFINITION: Definition = ("replay.asl.json", include_str!("../../../replay.asl.json"));
const TEST_AUTH_DEFINITION: Definition = ("test-auth.asl.json", include_str!("../../../test-auth.asl.json"));

/// The machine for sync events, and for the first attempt of async ones.
pub(crate) const EXPRESS: &str = "express";
/// The machine for deliveries that may take long.
pub(crate) const STANDARD: &str = "standard";
/// The machine for bulk replays.
pub(crate) const REPLAY: &str = "replay";
/// The machine that tests credentials.
pub(crate) const TEST_AUTH: &str = "test-auth";

/// The group of the schedules of attempts.
pub(crate) const RETRY_SCHEDULES: &str = "hookstep-retries";
/// The queue of events that could not be recorded. Queues have no URL here, only a name.
pub(crate) const LOST_QUEUE: &str = "hookstep-lost";
/// The queue of lanes.
pub(crate) const LANE_QUEUE: &str = "hookstep-lanes.fifo";
/// The queue of attempts for slow receivers, which no plan of this host uses.
const DELIVERY_QUEUE: &str = "hookstep-deliveries";
/// The role that schedules name. This host has no roles.
const SCHEDULER_ROLE: &str = "arn:aws:iam::000000000000:role/hookstep-scheduler";

/// Loads every definition.
pub(crate) fn load() -> Result<StateMachines, OpenError> {
    let machine = |name: &str, kind, (file, text): Definition| {
        StateMachine::load(name, kind, text, &substitutions(name))
            .map_err(|source| OpenError::Definition { file, source })
    };
    Ok(StateMachines::new([
        machine(EXPRESS, MachineKind::Express, DELIVERY_DEFINITION)?,
        machine(STANDARD, MachineKind::Standard, DELIVERY_DEFINITION)?,
        machine(REPLAY, MachineKind::Standard, REPLAY_DEFINITION)?,
        machine(TEST_AUTH, MachineKind::Express, TEST_AUTH_DEFINITION)?,
    ]))
}

fn substitutions(workflow: &str) -> BTreeMap<String, String> {
    let mut substitutions: BTreeMap<String, String> = StepFunctions::placeholders().collect();
    substitutions.extend([
        ("Workflow".to_owned(), workflow.to_owned()),
        ("EventsTable".to_owned(), EVENTS.to_owned()),
        ("EventBus".to_owned(), BUS_NAME.to_owned()),
        ("StandardStateMachineArn".to_owned(), StateMachine::arn_of(STANDARD)),
        ("ExpressStateMachineArn".to_owned(), StateMachine::arn_of(EXPRESS)),
        ("RetryScheduleGroup".to_owned(), RETRY_SCHEDULES.to_owned()),
        ("SchedulerRoleArn".to_owned(), SCHEDULER_ROLE.to_owned()),
        ("LaneQueueUrl".to_owned(), LANE_QUEUE.to_owned()),
        ("DeliveryQueueUrl".to_owned(), DELIVERY_QUEUE.to_owned()),
        ("LostQueueUrl".to_owned(), LOST_QUEUE.to_owned()),
        ("LostQueueArn".to_owned(), format!("arn:aws:sqs:local:000000000000:{LOST_QUEUE}")),
    ]);
    substitutions
}
