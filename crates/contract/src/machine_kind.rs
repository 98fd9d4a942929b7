//! The two kinds of state machine, as AWS Step Functions has them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// How the executions of a state machine are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineKind {
    /// In one go: an execution that is interrupted starts over. Several executions may have one name.
    Express,
    /// From checkpoint to checkpoint: an execution that is interrupted goes on where it was. Names are given once.
    Standard,
}

/// A text that is the name of no kind.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be express or standard")]
pub struct InvalidMachineKind;

impl MachineKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Express, Self::Standard];

    /// The standard kind if `standard`, else the express one.
    pub fn standard_if(standard: bool) -> Self {
        if standard { Self::Standard } else { Self::Express }
    }

    /// The name, in small letters.
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
