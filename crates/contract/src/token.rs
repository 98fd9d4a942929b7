//! API tokens as stored, without the tokens themselves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::InvalidId;
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
    /// Create, change and delete orgs, and do everything else in each of them. No token of an org has it.
    Platform,
}

/// What stands in the place of an org in the tokens that belong to none. It is no org's id: `#` is not in their alphabet.
const NO_ORG: &str = "#platform";

/// To whom a token belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Owner {
    /// An org: the only one that the token can access.
    Org(OrgId),
    /// The platform on top of Hookstep, which has many orgs.
    Platform,
}

impl FromStr for Owner {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text == NO_ORG { Ok(Self::Platform) } else { text.parse().map(Self::Org) }
    }
}

impl TryFrom<String> for Owner {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.to_string()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org(org_id) => org_id.fmt(f),
            Self::Platform => f.write_str(NO_ORG),
        }
    }
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
    /// To whom the token belongs.
    #[serde(rename = "org_id")]
    pub owner: Owner,
    /// What the token allows.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_platforms_token_can_be_no_org() {
        assert_eq!("acme".parse(), Ok(Owner::Org("acme".parse().unwrap())));
        assert_eq!(NO_ORG.parse(), Ok(Owner::Platform));
        assert!(NO_ORG.parse::<OrgId>().is_err());
        for owner in ["acme", NO_ORG] {
            assert_eq!(String::from(owner.parse::<Owner>().unwrap()), owner);
        }
    }
}
