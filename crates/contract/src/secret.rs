//! A secret in an API request: accepted, never shown.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A secret in an API request. An absent field keeps the stored secret, so that a webhook can be read,
/// changed and written back without its secrets. A secret cannot be serialised.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Secret {
    /// Absent from the request: the stored secret stays.
    #[default]
    Unchanged,
    /// `null`: the stored secret is deleted.
    Cleared,
    /// A new value.
    Given(String),
}

impl Secret {
    /// The new value, if there is one.
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
