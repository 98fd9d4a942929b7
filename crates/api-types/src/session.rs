//! Sessions of the console.

use hookstep_contract::{PortalRole, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// A person's session in the console or in the portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its id, by which it can be ended.
    #[schema(value_type = schema::SessionId)]
    pub session_id: SessionId,
    /// The name of the token with which it was opened. It may do what the token may, unless it has a role, and ends with the token.
    pub token_name: String,
    /// What it allows, if it is a session in the portal or the link to one; null for one that somebody opened by signing in.
    #[serde(default)]
    #[schema(value_type = Option<schema::PortalRole>, required = true)]
    pub portal_role: Option<PortalRole>,
    /// When it was opened.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// When it was last used, to a few minutes.
    #[schema(value_type = schema::Timestamp)]
    pub used_at: Timestamp,
    /// When it ends unless it is used again.
    #[schema(value_type = schema::Timestamp)]
    pub ends_at: Timestamp,
}
