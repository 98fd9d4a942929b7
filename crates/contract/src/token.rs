//! API tokens, as stored: never the token itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{OrgId, Timestamp};

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Trigger webhooks and upload bodies for them.
    Trigger,
    /// Read webhooks, events and attempts.
    Read,
    /// Create, change and delete webhooks.
    Manage,
}

/// A token's record, found by the SHA-256 of the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// SHA-256 of the token, in hex: the key of the table.
    pub token_hash: String,
    /// The only org this token can reach.
    pub org_id: OrgId,
    /// What it may do there.
    pub scopes: Vec<Scope>,
    /// What it is for, in its owner's words.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Token {
    /// Whether the token may do `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}
