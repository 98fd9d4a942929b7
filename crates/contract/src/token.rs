//! API tokens as stored, without the tokens themselves.

use serde::{Deserialize, Serialize};

use crate::{OrgId, Timestamp, TokenId};

/// What a token allows.
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

/// How every token begins, so that secret scanners find it.
pub const TOKEN_START: &str = "hookstep_";

/// A token's record, found by the SHA-256 of the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// SHA-256 of the token, in hex: the key of the table.
    pub token_hash: String,
    /// The token's public id. Tokens from before ids existed have none: they are valid but not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
    /// The only org that the token can access.
    pub org_id: OrgId,
    /// What the token allows in its org.
    pub scopes: Vec<Scope>,
    /// The first characters of the token, by which people recognise it. Tokens of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// When the token was last used, to the hour, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<i64>,
    /// The token's purpose, in its owner's words.
    pub name: String,
    /// When the token was created.
    pub created_at: Timestamp,
    /// When the token expires, in seconds since 1970 (DynamoDB TTL); absent if it is valid until revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl Token {
    /// The part of a token that may be shown: its fixed beginning and 8 of its 64 random digits.
    pub fn prefix_of(token: &str) -> Option<String> {
        let shown = token.strip_prefix(TOKEN_START)?.get(..8)?;
        Some(format!("{TOKEN_START}{shown}"))
    }

    /// When the token was last used, to the hour.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.last_used_at.and_then(Timestamp::from_unix_seconds)
    }

    /// Whether the token has `scope`.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether the token has expired.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now.unix_seconds())
    }
}
