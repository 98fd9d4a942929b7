//! The two machines made from the one definition.

use std::collections::BTreeMap;

use hookstep_asl::Machine;

use crate::OpenError;
use crate::bus;
use crate::functions::Functions;
use crate::tables::EVENTS;
use crate::tasks::RESOURCES;

/// The workflow, as it is deployed to AWS.
const DEFINITION: &str = include_str!("../../../statemachine.asl.json");

/// Which of the two machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Every sync event, and the first attempt of async ones.
    Express,
    /// What may take long.
    Standard,
}

impl Kind {
    /// The value of the placeholder `${Workflow}`, and the machine's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Express => "express",
            Self::Standard => "standard",
        }
    }

    /// The machine's ARN.
    pub(crate) fn arn(self) -> String {
        format!("arn:aws:states:local:000000000000:stateMachine:hookstep-{}", self.name())
    }

    /// What the ARNs of the machine's executions start with.
    pub(crate) fn execution_prefix(self) -> String {
        let resource = match self {
            Self::Express => "express",
            Self::Standard => "execution",
        };
        format!("arn:aws:states:local:000000000000:{resource}:hookstep-{}", self.name())
    }

    /// The machine of this name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        [Self::Express, Self::Standard].into_iter().find(|kind| kind.name() == name)
    }

    /// The machine of this ARN.
    pub(crate) fn by_arn(arn: &str) -> Option<Self> {
        [Self::Express, Self::Standard].into_iter().find(|kind| kind.arn() == arn)
    }
}

/// Both machines, loaded.
#[derive(Debug)]
pub(crate) struct Machines {
    express: Machine,
    standard: Machine,
}

impl Machines {
    /// Loads the definition twice.
    pub(crate) fn load() -> Result<Self, OpenError> {
        Ok(Self { express: load(Kind::Express)?, standard: load(Kind::Standard)? })
    }

    /// The machine of this kind.
    pub(crate) fn get(&self, kind: Kind) -> &Machine {
        match kind {
            Kind::Express => &self.express,
            Kind::Standard => &self.standard,
        }
    }
}

fn load(kind: Kind) -> Result<Machine, OpenError> {
    let mut substitutions: BTreeMap<String, String> = Functions::placeholders().collect();
    substitutions.extend([
        ("Workflow".to_owned(), kind.name().to_owned()),
        ("EventsTable".to_owned(), EVENTS.to_owned()),
        ("EventBus".to_owned(), bus::NAME.to_owned()),
        ("StandardStateMachineArn".to_owned(), Kind::Standard.arn()),
    ]);
    Machine::load(DEFINITION, &substitutions, &RESOURCES)
        .map_err(OpenError::during("load statemachine.asl.json"))
}
