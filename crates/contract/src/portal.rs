//! The portal: the console for people who come by a link of a platform, limited to what the link says.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ConfigId, Theme};

/// What a portal session allows. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortalRole {
    /// Look at webhooks, events and attempts.
    View,
    /// Send tests, send events again, and cancel those that wait.
    Replay,
    /// Create, change and delete webhooks.
    Manage,
    /// See new signing secrets, and rotate them.
    ManageSecrets,
}

impl PortalRole {
    /// Every role, from the one that may do least.
    pub const ALL: [Self; 4] = [Self::View, Self::Replay, Self::Manage, Self::ManageSecrets];

    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Replay => "replay",
            Self::Manage => "manage",
            Self::ManageSecrets => "manage_secrets",
        }
    }
}

/// The language of the portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

/// What is different about a session in the portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// What it allows.
    pub role: PortalRole,
    /// The only webhooks that it shows; `None` for all of the org.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<BTreeSet<ConfigId>>,
    /// The language of its pages.
    #[serde(default)]
    pub locale: Locale,
    /// How they look. The logo is kept only until the link is opened: the script of the portal has it then.
    #[serde(default)]
    pub theme: Theme,
    /// Where a link leads out of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// How long it lasts once it is opened, in seconds.
    pub lasts_seconds: u32,
    /// Whether the link was used. Until then, the record is that of the link, and opens nothing else.
    pub is_open: bool,
}

impl Portal {
    /// Whether the session may know of this webhook.
    pub fn shows(&self, config_id: ConfigId) -> bool {
        self.webhooks.as_ref().is_none_or(|webhooks| webhooks.contains(&config_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_the_same_name_everywhere() {
        for role in PortalRole::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert!(PortalRole::ALL.is_sorted());
    }
}
