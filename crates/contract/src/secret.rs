//! A secret in a request to the API: taken, never shown.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A secret that a request may give. Fields that are left out keep what is stored, so a webhook can be read, changed and
/// written back without its secrets. There is no way to serialise one.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Secret {
    /// Not in the request: what is stored stays.
    #[default]
    Unchanged,
    /// `null`: what is stored goes.
    Cleared,
    /// A new value.
    Given(String),
}

impl Secret {
    /// The new value, when there is one.
    pub fn given(&self) -> Option<&str> {
        match self {
            Self::Given(value) => Some(value),
            Self::Unchanged | Self::Cleared => None,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "Unchanged",
            Self::Cleared => "Cleared",
            Self::Given(_) => "Given(***)",
        })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Cleared, Self::Given))
    }
}
