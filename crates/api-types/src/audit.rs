//! The audit log.

use hookstep_contract::{
    Actor, AuditAction, AuditChange, AuditEntry as Stored, AuditId, AuditOutcome, AuditTarget, PortalRole,
    SessionId, Timestamp, TokenId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::schema;

/// An entry of the audit log: who did what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its id. Sorting by it sorts by time.
    #[schema(value_type = schema::AuditId)]
    pub audit_id: AuditId,
    /// When it was done.
    #[schema(value_type = schema::Timestamp)]
    pub at: Timestamp,
    /// What was done.
    #[schema(value_type = schema::AuditAction)]
    pub action: AuditAction,
    /// How far it came.
    #[schema(value_type = schema::AuditOutcome)]
    pub outcome: AuditOutcome,
    /// Who did it, and from where.
    pub actor: AuditActor,
    /// The id of what it was about: a webhook, an event, a token, a session or an org.
    pub target_id: String,
    /// The name that it had then; null if it has none.
    #[serde(default)]
    #[schema(required = true)]
    pub target_name: Option<String>,
    /// The webhook that it belongs to, if it is an event or a bulk replay; else null.
    #[serde(default)]
    #[schema(required = true)]
    pub config_id: Option<String>,
    /// What was changed.
    #[serde(default)]
    pub changes: Vec<AuditedChange>,
}

/// Who did something, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditActor {
    /// The token; null for one that has no id.
    #[schema(value_type = Option<schema::TokenId>)]
    pub token_id: Option<TokenId>,
    /// The name that the token had then.
    pub token_name: String,
    /// Whether the token is one of the platform.
    pub is_platform: bool,
    /// The session, if it was done in the console; else null.
    #[serde(default)]
    #[schema(value_type = Option<schema::SessionId>, required = true)]
    pub session_id: Option<SessionId>,
    /// The role of the session, if it is one in the portal; else null.
    #[serde(default)]
    #[schema(value_type = Option<schema::PortalRole>, required = true)]
    pub portal_role: Option<PortalRole>,
    /// The IP address of the client; null if it is not known.
    #[serde(default)]
    #[schema(required = true, examples("203.0.113.7"))]
    pub address: Option<String>,
    /// The program of the client, as it calls itself; null if it does not.
    #[serde(default)]
    #[schema(required = true, examples("curl/8.5.0"))]
    pub user_agent: Option<String>,
}

/// A field that was changed. Values that may be secret are left out, and long ones are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditedChange {
    /// Its path.
    #[schema(examples("timeout_seconds"))]
    pub field: String,
    /// What it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl From<Stored> for AuditEntry {
    fn from(stored: Stored) -> Self {
        let Stored { audit_id, owner: _, at, actor, action, outcome, target, changes } = stored;
        let AuditTarget { id, name, config_id } = target;
        Self {
            audit_id,
            at,
            action,
            outcome,
            actor: actor.into(),
            target_id: id,
            target_name: name,
            config_id,
            changes: changes.into_iter().map(AuditedChange::from).collect(),
        }
    }
}

impl From<Actor> for AuditActor {
    fn from(actor: Actor) -> Self {
        let Actor { token_id, token_name, session_id, portal_role, is_platform, address, user_agent } = actor;
        let address = address.map(|address| address.to_string());
        Self { token_id, token_name, is_platform, session_id, portal_role, address, user_agent }
    }
}

impl From<AuditChange> for AuditedChange {
    fn from(AuditChange { field, before, after }: AuditChange) -> Self {
        Self { field, before, after }
    }
}
