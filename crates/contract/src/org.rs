//! An org as a platform keeps it: its settings, and whether it is in use.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{days, hours};
use crate::{FieldError, OrgId, Redactor, StoreError, Timestamp, check_name};

/// How many entries the metadata of an org have at most.
const MAX_METADATA: usize = 50;

/// The longest name of an entry, in characters.
const MAX_KEY_CHARS: usize = 40;

/// The longest value of an entry, in characters. With the most entries, an org is about 30 KB.
const MAX_VALUE_CHARS: usize = 500;

/// The highest limit of webhooks: more than an org can ever list.
const MAX_WEBHOOKS: u32 = 1_000_000;

/// Whether an org is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgStatus {
    /// It is.
    #[default]
    Active,
    /// Nothing is taken from it or sent for it. Its own tokens may only read.
    Suspended,
    /// It is being deleted with everything that it has.
    Deleting,
}

impl OrgStatus {
    /// The name used in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleting => "deleting",
        }
    }
}

/// What an org may have at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrgLimits {
    /// How many webhooks; null for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_webhooks: Option<u32>,
}

/// What a platform sets about an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrgFields {
    /// A human-readable name.
    pub name: String,
    /// What the platform keeps with the org.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// What it may have at most.
    #[serde(default)]
    pub limits: OrgLimits,
    /// How many days its events are kept; null for as long as the deployment keeps them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// How many hours the bodies of its events are kept after these have ended; null for as long as the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_retention_hours: Option<u32>,
    /// Paths to the values in bodies that are not kept once an event has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact_paths: Vec<String>,
    /// Whether it is in use.
    #[serde(default)]
    pub status: OrgStatus,
}

/// For how long something of an org is kept that the deployment keeps for `retention`: less, if the org says so.
pub(crate) fn kept_for(retention_days: Option<u32>, retention: Duration) -> Duration {
    retention_days.map_or(retention, |number| days(number as usize).min(retention))
}

/// How long it may take until every process knows that an org has begun to keep bodies for hours: orgs are cached for ten seconds.
const KNOWN_AFTER: Duration = Duration::from_secs(60);

/// Names that the partitions of the events table begin with in which the items of all orgs are.
const RESERVED: [&str; 2] = ["lane", "watch"];

/// Checks that an org can be made with this id.
///
/// # Errors
/// The field `org_id`.
pub fn check_new_org_id(org_id: &OrgId) -> Result<(), FieldError> {
    if RESERVED.contains(&org_id.to_string().as_str()) {
        return Err(FieldError::new("org_id", "is reserved"));
    }
    Ok(())
}

impl OrgFields {
    /// Checks everything; `longest` is how long the deployment keeps events.
    ///
    /// # Errors
    /// The first field that is invalid.
    pub fn check(&self, longest: Duration) -> Result<(), FieldError> {
        check_name(&self.name)?;
        self.check_metadata()?;
        if self.limits.max_webhooks.is_some_and(|count| count > MAX_WEBHOOKS) {
            return Err(FieldError::new("limits.max_webhooks", format!("must be 0 to {MAX_WEBHOOKS}")));
        }
        let longest_days = u32::try_from(longest.as_secs() / days(1).as_secs()).unwrap_or(u32::MAX);
        if self.retention_days.is_some_and(|days| !(1..=longest_days).contains(&days)) {
            let reason = format!(
                "must be 1 to {longest_days}, the number of days for which this deployment keeps events"
            );
            return Err(FieldError::new("retention_days", reason));
        }
        let longest_hours =
            u32::try_from(kept_for(self.retention_days, longest).as_secs() / hours(1).as_secs());
        let longest_hours = longest_hours.unwrap_or(u32::MAX);
        if self.body_retention_hours.is_some_and(|hours| !(1..=longest_hours).contains(&hours)) {
            let reason =
                format!("must be 1 to {longest_hours}, the number of hours for which events are kept");
            return Err(FieldError::new("body_retention_hours", reason));
        }
        Redactor::new(&self.redact_paths)?;
        if self.status == OrgStatus::Deleting {
            return Err(FieldError::new("status", "must be active or suspended; DELETE deletes an org"));
        }
        Ok(())
    }

    /// What replaces the values in bodies that are not kept; `None` if all are.
    ///
    /// # Errors
    /// If a stored path cannot be read, although it was checked when it was set: then it is not known what may be shown or kept.
    pub fn redactor(&self) -> Result<Option<Redactor>, StoreError> {
        Redactor::new(&self.redact_paths).map_err(StoreError::during("read an org's redact_paths"))
    }

    /// Whether bodies of its events go before these, or are redacted: then each event is on a list.
    fn lists_events(&self) -> bool {
        self.body_retention_hours.is_some() || !self.redact_paths.is_empty()
    }

    fn check_metadata(&self) -> Result<(), FieldError> {
        if self.metadata.len() > MAX_METADATA {
            return Err(FieldError::new("metadata", format!("must have at most {MAX_METADATA} entries")));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        for (key, value) in &self.metadata {
            if !(1..=MAX_KEY_CHARS).contains(&key.len()) || !key.chars().all(allowed) {
                let reason =
                    format!("must have names of 1 to {MAX_KEY_CHARS} of a-z, A-Z, 0-9, '_', '-' and '.'");
                return Err(FieldError::new("metadata", reason));
            }
            if value.chars().count() > MAX_VALUE_CHARS {
                let reason = format!("must be at most {MAX_VALUE_CHARS} characters");
                return Err(FieldError::new(format!("metadata.{key}"), reason));
            }
        }
        Ok(())
    }
}

/// An org as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Org {
    /// The org.
    pub org_id: OrgId,
    /// When it was created, or began to be known by more than its tokens.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Incremented with each change.
    pub revision: u64,
    /// When its events began to be listed because their bodies are kept for hours or redacted, if they are: bodies from before may be
    /// in use by events that are not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_retention_since: Option<Timestamp>,
    /// What the platform has set.
    #[serde(flatten)]
    pub fields: OrgFields,
}

impl Org {
    /// When events began to be listed because of `fields`, which are set at `now` for an org that was `before`.
    pub fn listed_since(before: Option<&Self>, fields: &OrgFields, now: Timestamp) -> Option<Timestamp> {
        match before.filter(|org| org.fields.lists_events()) {
            Some(org) => org.body_retention_since.filter(|_| fields.lists_events()),
            None => fields.lists_events().then_some(now),
        }
    }

    /// Whether every event that may have a body that was made at this time is listed, so that the body goes with the last one of
    /// those that are.
    pub fn lists_all_users_of(&self, made_at: Timestamp) -> bool {
        let known_at = self.body_retention_since.map(|since| since.plus(KNOWN_AFTER));
        self.fields.lists_events() && known_at.is_some_and(|known_at| made_at >= known_at)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_wrong_field_is_named() {
        let many: BTreeMap<_, _> = (0..51).map(|number| (number.to_string(), "x")).collect();
        for (fields, wrong) in [
            (json!({}), None),
            (json!({"metadata": {"plan.tier-1_x": "x".repeat(500)}, "retention_days": 30}), None),
            (json!({"limits": {"max_webhooks": 0}, "status": "suspended"}), None),
            (json!({"name": " "}), Some("name")),
            (json!({"metadata": many}), Some("metadata")),
            (json!({"metadata": {"a b": "x"}}), Some("metadata")),
            (json!({"metadata": {"": "x"}}), Some("metadata")),
            (json!({"metadata": {"a": "x".repeat(501)}}), Some("metadata.a")),
            (json!({"limits": {"max_webhooks": 1_000_001}}), Some("limits.max_webhooks")),
            (json!({"retention_days": 0}), Some("retention_days")),
            (json!({"retention_days": 31}), Some("retention_days")),
            (json!({"body_retention_hours": 720}), None),
            (json!({"body_retention_hours": 0}), Some("body_retention_hours")),
            (json!({"body_retention_hours": 721}), Some("body_retention_hours")),
            (json!({"retention_days": 2, "body_retention_hours": 49}), Some("body_retention_hours")),
            (json!({"redact_paths": ["$..email", "$['iban']"]}), None),
            (json!({"redact_paths": ["$..email", "iban"]}), Some("redact_paths[1]")),
            (json!({"redact_paths": vec!["$.a"; 21]}), Some("redact_paths")),
            (json!({"status": "deleting"}), Some("status")),
        ] {
            let mut all = json!({"name": "Acme"});
            all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            let checked = serde_json::from_value::<OrgFields>(all).unwrap().check(days(30));
            assert_eq!(checked.err().map(|error| error.field).as_deref(), wrong, "{fields}");
        }
    }

    #[test]
    fn a_body_from_before_the_hours_may_have_users_that_are_not_listed() {
        let [first, later]: [Timestamp; 2] =
            ["2026-01-02T03:04:05Z", "2026-01-02T03:06:05Z"].map(|text| text.parse().unwrap());
        let org = |hours: Option<u32>, since: Option<Timestamp>| -> Org {
            let mut stored = json!({
                "org_id": "acme", "created_at": first, "updated_at": first, "revision": 1, "name": "Acme",
                "body_retention_hours": hours,
            });
            if let Some(since) = since {
                stored["body_retention_since"] = json!(since);
            }
            serde_json::from_value(stored).unwrap()
        };
        let with = org(Some(2), Some(first));
        assert_eq!(Org::listed_since(None, &with.fields, later), Some(later));
        assert_eq!(Org::listed_since(Some(&org(None, None)), &with.fields, later), Some(later));
        assert_eq!(Org::listed_since(Some(&with), &org(Some(3), None).fields, later), Some(first));
        assert_eq!(Org::listed_since(Some(&org(Some(2), None)), &with.fields, later), None);
        assert_eq!(Org::listed_since(Some(&with), &org(None, None).fields, later), None);
        assert!(with.lists_all_users_of(later) && !with.lists_all_users_of(first));
        assert!(!org(Some(2), None).lists_all_users_of(later));
        let paths = Org {
            fields: OrgFields { redact_paths: vec!["$.a".to_owned()], ..org(None, None).fields },
            ..org(None, Some(first))
        };
        assert!(paths.lists_all_users_of(later));
        assert_eq!(Org::listed_since(Some(&paths), &with.fields, later), Some(first));
        assert_eq!(Org::listed_since(None, &paths.fields, later), Some(later));
        assert_eq!(serde_json::from_value::<Org>(serde_json::to_value(&with).unwrap()).unwrap(), with);
    }
}
