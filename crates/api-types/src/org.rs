//! Orgs: the tenants of a platform.

use std::collections::BTreeMap;

use hookstep_contract::{OrgId, OrgStatus, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{StatsBucket, schema};

/// An org to be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrg {
    /// Its id; by default one is made.
    #[serde(default)]
    #[schema(value_type = Option<schema::OrgId>)]
    pub org_id: Option<OrgId>,
    /// A human-readable name: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("Acme Ltd."))]
    pub name: String,
    /// What the platform wants to keep with it: up to 50 texts of up to 500 characters, whose names have up to 40 of `a-z`, `A-Z`,
    /// `0-9`, `_`, `-` and `.`.
    #[serde(default)]
    #[schema(examples(json!({"plan": "free"})))]
    pub metadata: BTreeMap<String, String>,
    /// What it may have at most.
    #[serde(default)]
    #[schema(value_type = schema::OrgLimits)]
    pub limits: hookstep_contract::OrgLimits,
    /// How many days its events are kept; by default as long as the deployment keeps them, which is also the longest.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub retention_days: Option<u32>,
    /// How many hours the bodies of its events are kept after these have ended; by default as long as the events.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub body_retention_hours: Option<u32>,
    /// JSONPaths (RFC 9535, without filters and slices) to values in bodies that are replaced by `[redacted]` once an event has
    /// ended, up to 20 of up to 200 characters; by default none. Receivers get the whole body.
    #[serde(default)]
    #[schema(max_items = 20, examples("$..email", "$.customer.iban"))]
    pub redact_paths: Vec<String>,
}

/// The fields of an org to change. Those that are left out stay as they are, and null sets one to its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgPatch {
    /// A human-readable name: 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Entries to set; null removes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples(json!({"plan": "paid"})))]
    pub metadata: Option<BTreeMap<String, Option<String>>>,
    /// What it may have at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::OrgLimits>)]
    pub limits: Option<hookstep_contract::OrgLimits>,
    /// How many days its events are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub retention_days: Option<u32>,
    /// How many hours the bodies of its events are kept after these have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub body_retention_hours: Option<u32>,
    /// JSONPaths to values in bodies that are replaced by `[redacted]` once an event has ended: all of them, those that stay as well.
    /// An event that has ended stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub redact_paths: Option<Vec<String>>,
    /// `suspended`, or `active` again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^(active|suspended)$")]
    pub status: Option<OrgStatus>,
}

/// An org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Org {
    /// Its id.
    #[schema(value_type = schema::OrgId)]
    pub org_id: OrgId,
    /// A human-readable name.
    pub name: String,
    /// What the platform keeps with it.
    pub metadata: BTreeMap<String, String>,
    /// What it may have at most.
    #[schema(value_type = schema::OrgLimits)]
    pub limits: hookstep_contract::OrgLimits,
    /// How many days its events are kept; null for as long as the deployment keeps them.
    pub retention_days: Option<u32>,
    /// How many hours the bodies of its events are kept after these have ended; null for as long as the events.
    #[serde(default)]
    #[schema(required = true)]
    pub body_retention_hours: Option<u32>,
    /// JSONPaths to values in bodies that are replaced by `[redacted]` once an event has ended.
    #[serde(default)]
    #[schema(required = true)]
    pub redact_paths: Vec<String>,
    /// Whether it is in use.
    #[schema(value_type = schema::OrgStatus)]
    pub status: OrgStatus,
    /// When it was created.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = schema::Timestamp)]
    pub updated_at: Timestamp,
    /// How far it is deleted; only of an org that is read while it is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deleting: Option<Deleting>,
    /// The deliveries of its webhooks in the last 24 hours, together; only in lists with `include=stats`, and not of an org with more
    /// webhooks than can be counted at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stats: Option<StatsBucket>,
}

/// How far an org is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deleting {
    /// When it was asked for.
    #[schema(value_type = schema::Timestamp)]
    pub requested_at: Timestamp,
    /// How many webhooks there still are.
    pub webhooks_left: u64,
    /// How many webhooks were deleted, each with its secrets and keys.
    pub webhooks_deleted: u64,
    /// How many tokens and sessions were deleted.
    pub tokens_deleted: u64,
    /// How many events were deleted, each with its attempts and its body.
    pub events_deleted: u64,
    /// How many bodies were deleted that were too large to be kept with their events.
    pub large_bodies_deleted: u64,
}

impl From<hookstep_contract::Org> for Org {
    fn from(org: hookstep_contract::Org) -> Self {
        let hookstep_contract::Org { org_id, created_at, updated_at, fields, .. } = org;
        let hookstep_contract::OrgFields {
            name,
            metadata,
            limits,
            retention_days,
            body_retention_hours,
            redact_paths,
            status,
        } = fields;
        Self {
            org_id,
            name,
            metadata,
            limits,
            retention_days,
            body_retention_hours,
            redact_paths,
            status,
            created_at,
            updated_at,
            deleting: None,
            stats: None,
        }
    }
}

/// A token of the platform to be created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlatformTokenFields {
    /// What it is for: 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, examples("control plane"))]
    pub name: String,
    /// When it expires, to the second; by default never.
    #[serde(default)]
    #[schema(value_type = Option<schema::Timestamp>)]
    pub expires_at: Option<Timestamp>,
}
