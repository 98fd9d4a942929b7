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

    /// The claim check with this key, as a producer writes it: its ids may be in upper case.
    pub fn named(key: String) -> Self {
        Self::of(canonical(&key).unwrap_or(key))
    }

    /// The object key for the body of an event or upload.
    pub fn key_for(org_id: &OrgId, config_id: ConfigId, id: EventId) -> String {
        format!("{}{id}", Self::prefix(org_id, config_id))
    }

    /// The prefix of the keys of this config's claim checks.
    pub fn prefix(org_id: &OrgId, config_id: ConfigId) -> String {
        format!("claims/{org_id}/{config_id}/")
    }

    /// The object key for the body of a publication, which all its deliveries share.
    pub fn key_of_publication(org_id: &OrgId, publication_id: EventId) -> String {
        format!("claims/{org_id}/publications/{publication_id}")
    }

    /// Whether a delivery to this config may read the object: it is one of the config's own, or that of a publication of its
    /// org.
    pub fn is_readable_by(&self, org_id: &OrgId, config_id: ConfigId) -> bool {
        let of_publication = self.key.strip_prefix(&format!("claims/{org_id}/publications/"));
        of_publication.is_some_and(|id| id.parse::<EventId>().is_ok()) || self.belongs_to(org_id, config_id)
    }

    /// Whether the key is exactly the key of one of this config's claim checks.
    pub fn belongs_to(&self, org_id: &OrgId, config_id: ConfigId) -> bool {
        self.key
            .strip_prefix(&Self::prefix(org_id, config_id))
            .is_some_and(|id| id.parse::<EventId>().is_ok())
    }
}

/// The key under which the object is stored, if this is the key of a claim check.
fn canonical(key: &str) -> Option<String> {
    let mut parts = key.strip_prefix("claims/")?.split('/');
    let (org_id, config_id, id) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none();
    is_whole.then_some(Claim::key_for(&org_id.parse().ok()?, config_id.parse().ok()?, id.parse().ok()?))
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
    fn a_claim_has_one_key_however_its_ids_are_written() {
        let key = "claims/acme/0190a000-0000-7000-8000-00000000000a/0190a000-0000-7000-8000-00000000000b";
        let upper = key.replace('a', "A").replace("clAims/Acme", "claims/acme").replace('b', "B");
        for written in [key, &upper] {
            assert_eq!(Claim::named(written.to_owned()).key, key);
        }
        for other in ["claims/acme", "x/acme/b/c", "claims/ACME/0190a000-0000-7000-8000-00000000000a/x", ""] {
            assert_eq!(Claim::named(other.to_owned()).key, other);
        }
    }

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
            format!("claims/other/publications/{id}"),
            format!("claims/acme/publications/{id}/x"),
        ] {
            assert!(!Claim::of(&*key).is_readable_by(&org, config), "{key}");
        }
        // A producer cannot name it as an upload.
        let published = Claim::of(Claim::key_of_publication(&org, id));
        assert!(published.is_readable_by(&org, config) && !published.belongs_to(&org, config));
    }
}
