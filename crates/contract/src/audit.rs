//! The audit log: who changed what, when and from where, without secrets.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::limits::days;
use crate::{AuditId, Owner, PortalRole, SessionId, Timestamp, TokenId};

/// How long an entry is kept: a year, and a month to look at it after that.
pub const AUDIT_LIFETIME: Duration = days(396);

/// The longest value of a change, in characters of its JSON. A longer one is cut.
const MAX_VALUE_CHARS: usize = 500;

/// Who asked for a change, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The token; tokens that early versions made have no id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<TokenId>,
    /// The name that the token had then.
    pub token_name: String,
    /// The session in the console, for what was done there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The role of the session, if it is one in the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_role: Option<PortalRole>,
    /// Whether the token is one of the platform.
    #[serde(default)]
    pub is_platform: bool,
    /// The address of the client, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The program of the client, by its own account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditAction {
    /// Made a webhook.
    #[serde(rename = "webhook.create")]
    WebhookCreate,
    /// Changed the settings of a webhook.
    #[serde(rename = "webhook.update")]
    WebhookUpdate,
    /// Deleted a webhook.
    #[serde(rename = "webhook.delete")]
    WebhookDelete,
    /// Gave a webhook another signing secret.
    #[serde(rename = "webhook.rotate_secret")]
    WebhookRotateSecret,
    /// Cancelled an event.
    #[serde(rename = "event.cancel")]
    EventCancel,
    /// Had events erased, with everything that is kept of them.
    #[serde(rename = "event.erase")]
    EventErase,
    /// Sent an event again.
    #[serde(rename = "event.replay")]
    EventReplay,
    /// Sent many events of a webhook again.
    #[serde(rename = "replay.create")]
    ReplayCreate,
    /// Made a token.
    #[serde(rename = "token.create")]
    TokenCreate,
    /// Revoked a token.
    #[serde(rename = "token.revoke")]
    TokenRevoke,
    /// Signed in to the console.
    #[serde(rename = "session.open")]
    SessionOpen,
    /// Ended somebody's session in the console.
    #[serde(rename = "session.end")]
    SessionEnd,
    /// Made a link into the portal.
    #[serde(rename = "portal_session.create")]
    PortalSessionCreate,
    /// Set who is told about changes of webhooks.
    #[serde(rename = "notifications.update")]
    NotificationsUpdate,
    /// Made an event type.
    #[serde(rename = "event_type.create")]
    EventTypeCreate,
    /// Changed an event type.
    #[serde(rename = "event_type.update")]
    EventTypeUpdate,
    /// Added a version to an event type.
    #[serde(rename = "event_type.add_version")]
    EventTypeAddVersion,
    /// Deleted a version of an event type.
    #[serde(rename = "event_type.delete_version")]
    EventTypeDeleteVersion,
    /// Deleted an event type.
    #[serde(rename = "event_type.delete")]
    EventTypeDelete,
    /// Replaced the key pair with which an org signs.
    #[serde(rename = "signing_key.rotate")]
    SigningKeyRotate,
    /// Made an org.
    #[serde(rename = "org.create")]
    OrgCreate,
    /// Changed an org.
    #[serde(rename = "org.update")]
    OrgUpdate,
    /// Had an org deleted, with everything that it has.
    #[serde(rename = "org.delete")]
    OrgDelete,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 23] = [
        Self::WebhookCreate,
        Self::WebhookUpdate,
        Self::WebhookDelete,
        Self::WebhookRotateSecret,
        Self::EventCancel,
        Self::EventErase,
        Self::EventReplay,
        Self::ReplayCreate,
        Self::TokenCreate,
        Self::TokenRevoke,
        Self::SessionOpen,
        Self::SessionEnd,
        Self::PortalSessionCreate,
        Self::NotificationsUpdate,
        Self::EventTypeCreate,
        Self::EventTypeUpdate,
        Self::EventTypeAddVersion,
        Self::EventTypeDeleteVersion,
        Self::EventTypeDelete,
        Self::SigningKeyRotate,
        Self::OrgCreate,
        Self::OrgUpdate,
        Self::OrgDelete,
    ];
}

/// How far an action came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It is under way or, if that lasts, its process has ended: nobody knows whether it was carried out.
    Started,
    /// It was carried out.
    Done,
    /// It was not: something else was changed meanwhile, or there is nothing to act on.
    Refused,
    /// A fault of ours ended it; a part of it may have been carried out.
    Failed,
}

/// What an action was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditTarget {
    /// Its id; the whole org has its own.
    pub id: String,
    /// The name that it had then, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The webhook that it belongs to, if it is not the webhook itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_id: Option<String>,
}

impl AuditTarget {
    /// What has this id.
    pub fn new(id: impl ToString) -> Self {
        Self { id: id.to_string(), name: None, config_id: None }
    }

    /// What has this id and this name.
    pub fn named(id: impl ToString, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::new(id) }
    }

    /// What has this id and belongs to this webhook.
    pub fn of_webhook(id: impl ToString, config_id: impl ToString) -> Self {
        Self { config_id: Some(config_id.to_string()), ..Self::new(id) }
    }
}

/// A field that an action changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditChange {
    /// Its path in the JSON of the target.
    pub field: String,
    /// Its value before, if it had one that may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Its value afterwards, if it has one that may be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl AuditChange {
    /// A field whose values are secret.
    pub fn secret(field: impl Into<String>) -> Self {
        Self { field: field.into(), before: None, after: None }
    }

    /// The fields of two JSON objects that differ, in the order of their names. A long value is cut.
    pub fn between(before: &Value, after: &Value) -> Vec<Self> {
        let empty = serde_json::Map::new();
        let [before, after] = [before, after].map(|value| value.as_object().unwrap_or(&empty));
        let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let differ = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
        let value = |fields: &serde_json::Map<_, _>, name: &String| fields.get(name).cloned().map(cut);
        differ
            .map(|name| Self { field: name.clone(), before: value(before, name), after: value(after, name) })
            .collect()
    }
}

/// A value as far as it is kept.
fn cut(value: Value) -> Value {
    let text = value.to_string();
    if text.chars().count() <= MAX_VALUE_CHARS {
        return value;
    }
    Value::String(text.chars().take(MAX_VALUE_CHARS).chain("…".chars()).collect())
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id: sorting by id sorts by time.
    pub audit_id: AuditId,
    /// The org in whose log it is, or the platform.
    pub owner: Owner,
    /// When it began.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// How far it came.
    pub outcome: AuditOutcome,
    /// What it was about.
    pub target: AuditTarget,
    /// What it changed, without secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AuditChange>,
}

impl AuditEntry {
    /// When it may be deleted, as a Unix time in seconds.
    pub fn expires_at(&self) -> i64 {
        self.at.plus(AUDIT_LIFETIME).unix_seconds()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_the_fields_that_differ() {
        let before = json!({"name": "a", "url": "u", "gone": 1, "long": ""});
        let after = json!({"name": "b", "url": "u", "new": {"x": [1]}, "long": "é".repeat(600)});
        let changes = AuditChange::between(&before, &after);
        let shown: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(shown, ["gone", "long", "name", "new"]);
        assert_eq!((&changes[0].before, &changes[0].after), (&Some(json!(1)), &None));
        assert_eq!((&changes[2].before, &changes[2].after), (&Some(json!("a")), &Some(json!("b"))));
        assert_eq!((&changes[3].before, &changes[3].after), (&None, &Some(json!({"x": [1]}))));
        let long = changes[1].after.as_ref().and_then(Value::as_str).unwrap();
        assert_eq!(long.chars().count(), MAX_VALUE_CHARS + 1);
        assert_eq!(AuditChange::between(&before, &before), []);
    }

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let names: Vec<_> =
            AuditAction::ALL.iter().map(|action| serde_json::to_string(action).unwrap()).collect();
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!((unique.len(), names.len()), (AuditAction::ALL.len(), 23));
        assert!(names.iter().all(|name| name.contains('.')), "{names:?}");
    }
}
