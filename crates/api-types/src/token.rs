//! API tokens.

use std::collections::BTreeSet;

use hookstep_contract::{Scope, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Sensitive, schema};

/// A token that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenFields {
    /// What it is for: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("orders service"))]
    pub name: String,
    /// What it may do; at least one.
    #[schema(value_type = Vec<schema::Scope>, min_items = 1)]
    pub scopes: BTreeSet<Scope>,
    /// When it ends, to the second; without it, when it is revoked.
    #[serde(default)]
    #[schema(value_type = Option<schema::Timestamp>)]
    pub expires_at: Option<Timestamp>,
}

/// A token; never the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// What it is called; null for one that was made before tokens had a name to revoke them by.
    #[schema(value_type = Option<schema::TokenId>)]
    pub token_id: Option<TokenId>,
    /// What it is for.
    pub name: String,
    /// What it may do.
    #[schema(value_type = Vec<schema::Scope>)]
    pub scopes: Vec<Scope>,
    /// When it was made.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// When it ends; null when it is only revoked.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub expires_at: Option<Timestamp>,
    /// Whether it is the one that this request was sent with.
    pub current: bool,
}

/// A token that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// The token itself: shown this once.
    #[schema(value_type = String)]
    pub token: Sensitive,
    /// What it may do.
    #[serde(flatten)]
    pub details: Token,
}
