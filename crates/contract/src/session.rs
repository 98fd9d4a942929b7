//! Sessions of the console as stored, without what opens them.

use serde::{Deserialize, Serialize};

use crate::{OrgId, Portal, SessionId, Timestamp};

/// A session, found by the SHA-256 of its value.
///
/// The value is in the visitor's cookie or, in the portal, in the script's memory. The session may do what the API token with which it
/// was opened may do at the time of each request or, in the portal, what its role says; and it ends with the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The SHA-256 of the value, in hex.
    pub session_hash: String,
    /// The session's public id.
    pub session_id: SessionId,
    /// The org of the token.
    pub org_id: OrgId,
    /// The SHA-256 of the token with which the session was opened.
    pub opened_with: String,
    /// The name of that token.
    pub token_name: String,
    /// When the session was opened.
    pub created_at: Timestamp,
    /// When the session was last used, to a few minutes.
    pub used_at: Timestamp,
    /// When the session ends unless it is used again.
    pub ends_at: Timestamp,
    /// What is different about a session in the portal; `None` for one that somebody opened by signing in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<Portal>,
}
