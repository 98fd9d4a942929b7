//! API tokens.

use std::collections::BTreeSet;

use hookstep_contract::{Scope, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Sensitive, schema};

/// A token to be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenFields {
    /// What it is for: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("orders service"))]
    pub name: String,
    /// What it may do; at least one.
    #[schema(value_type = Vec<schema::Scope>, min_items = 1)]
    pub scopes: BTreeSet<Scope>,
    /// When it expires, to the second; by default never.
    #[serde(default)]
    #[schema(value_type = Option<schema::Timestamp>)]
    pub expires_at: Option<Timestamp>,
}

/// What is known about a token, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id, by which it can be revoked; null for a token from before tokens had ids.
    #[schema(value_type = Option<schema::TokenId>)]
    pub token_id: Option<TokenId>,
    /// What it is for.
    pub name: String,
    /// What it may do.
    #[schema(value_type = Vec<schema::Scope>)]
    pub scopes: Vec<Scope>,
    /// When it was created.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// Its first characters, by which people recognise it; null for a token from before they were kept.
    #[serde(default)]
    #[schema(required = true, examples("hookstep_3f9c1b7e"))]
    pub prefix: Option<String>,
    /// When it was last used, to the hour; null if never.
    #[serde(default)]
    #[schema(value_type = Option<schema::Timestamp>, required = true)]
    pub last_used_at: Option<Timestamp>,
    /// When it expires; null if never.
    #[schema(value_type = Option<schema::Timestamp>)]
    pub expires_at: Option<Timestamp>,
    /// Whether this request was sent with it.
    pub current: bool,
}

/// A token that was just created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewToken {
    /// The token itself. It is shown only this once.
    #[schema(value_type = String)]
    pub token: Sensitive,
    /// What it may do.
    #[serde(flatten)]
    pub details: Token,
}
