//! The two types of state machine in AWS Step Functions.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// How the executions of a state machine run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineKind {
    /// Without checkpoints: an interrupted execution starts over. Several executions may have the same name.
    Express,
    /// With checkpoints: an interrupted execution continues where it was. Names are unique.
    Standard,
}

/// The text is not the name of a kind.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be express or standard")]
pub struct InvalidMachineKind;

impl MachineKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Express, Self::Standard];

    /// The standard kind if `standard`, otherwise the express kind.
    pub fn standard_if(standard: bool) -> Self {
        if standard { Self::Standard } else { Self::Express }
    }

    /// The name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Express => "express",
            Self::Standard => "standard",
        }
    }
}

impl fmt::Display for MachineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MachineKind {
    type Err = InvalidMachineKind;

    fn from_str(text: &str) -> Result<Self, InvalidMachineKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(InvalidMachineKind)
    }
}
