//! Claim checks: bodies in S3 that are too large for the state.

use serde::{Deserialize, Serialize};

use crate::{ConfigId, EventId, OrgId};

/// A claim check: a body in S3 that is not resolved yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The object's key, `claims/{org_id}/{config_id}/{event_id}`.
    pub key: String,
    /// The SHA-256 in hex; known if Hookstep itself stored the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The object that an earlier event delivered, which no other may replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<PinnedObject>,
}

impl Claim {
    /// The claim check of an object of which nothing but the key is known.
    pub fn of(key: impl Into<String>) -> Self {
        Self { key: key.into(), sha256: None, pinned: None }
    }

    /// The object key for the body of an event or upload.
    pub fn key_for(org_id: &OrgId, config_id: ConfigId, id: EventId) -> String {
        format!("{}{id}", Self::prefix(org_id, config_id))
    }

    /// The prefix of the keys of this config's claim checks.
    pub fn prefix(org_id: &OrgId, config_id: ConfigId) -> String {
        format!("claims/{org_id}/{config_id}/")
    }

    /// Whether the key is exactly the key of one of this config's claim checks.
    pub fn belongs_to(&self, org_id: &OrgId, config_id: ConfigId) -> bool {
        self.key
            .strip_prefix(&Self::prefix(org_id, config_id))
            .is_some_and(|id| id.parse::<EventId>().is_ok())
    }
}

/// A resolved claim check: an object in S3, pinned so that any change is detected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedObject {
    /// The object's key in the claim-check bucket.
    pub key: String,
    /// The object's entity tag at the time of resolution.
    pub etag: String,
    /// The object's version, if the bucket is versioned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The object's size in bytes.
    pub size: u64,
    /// The SHA-256 in hex, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_of_another_org_does_not_belong() {
        let org: OrgId = "acme".parse().unwrap();
        let config: ConfigId = "0190a000-0000-7000-8000-00000000000a".parse().unwrap();
        let id: EventId = "0190a000-0000-7000-8000-00000000000b".parse().unwrap();
        assert!(Claim::of(Claim::key_for(&org, config, id)).belongs_to(&org, config));
        for key in [
            format!("claims/other/{config}/{id}"),
            format!("claims/acme/{config}/../../other/{config}/{id}"),
            format!("claims/acme/{config}/"),
            format!("claims/acme/{config}/{id}/x"),
        ] {
            assert!(!Claim::of(&*key).belongs_to(&org, config), "{key}");
        }
    }
}
