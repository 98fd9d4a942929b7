//! Sessions of the console.

use hookstep_contract::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// A person's session in the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Its id, by which it can be ended.
    #[schema(value_type = schema::SessionId)]
    pub session_id: SessionId,
    /// The name of the token with which it was opened. It may do what the token may, and ends with it.
    pub token_name: String,
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
