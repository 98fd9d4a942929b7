//! API tokens, as stored: never the token itself.

use serde::{Deserialize, Serialize};

use crate::{OrgId, Timestamp, TokenId};

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// What it is called by. Without one, it was made before tokens had ids: it is good, but in no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
    /// The only org this token can reach.
    pub org_id: OrgId,
    /// What it may do there.
    pub scopes: Vec<Scope>,
    /// What it is for, in its owner's words.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, in seconds since 1970 (DynamoDB TTL); without it, when it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl Token {
    /// Whether the token may do `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether its time is over.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now.unix_seconds())
    }
}
