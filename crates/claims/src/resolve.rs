//! From a claim check to its body: the claim check is resolved once to a pinned object, and only that object
//! is read.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookstep_contract::{BodyLoss, Claim, ConfigId, OrgId, PinnedObject, StoreError};
use thiserror::Error;

use crate::{Claims, ObjectBody};

/// Why a pinned object cannot be read.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The object is not the one that was pinned.
    #[error(transparent)]
    Lost(#[from] BodyLoss),
    /// The bucket could not be read.
    #[error("the bucket cannot be read")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Claims {
    /// Pins the object of a claim check that belongs to this webhook; the inner `Err` says why there is no
    /// such object.
    ///
    /// # Errors
    /// If the bucket cannot be read.
    pub async fn resolve(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        claim: &Claim,
    ) -> Result<Result<PinnedObject, BodyLoss>, StoreError> {
        if !claim.is_readable_by(org_id, config_id) {
            return Ok(Err(BodyLoss::NotOwner));
        }
        Ok(matching(claim, self.find(claim).await?))
    }

    /// The current object of a claim check; `None` if it does not exist.
    async fn find(&self, claim: &Claim) -> Result<Option<PinnedObject>, StoreError> {
        let head = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(&claim.key)
            .checksum_mode(ChecksumMode::Enabled);
        // The SDK's future is large, and would be part of that of every delivery.
        let head = Box::pin(head.send()).await;
        let head = match head {
            Ok(head) => head,
            // Checked by status: a response to HEAD has no body that names the error, and stores name it
            // differently.
            Err(SdkError::ServiceError(e)) if e.raw().status().as_u16() == 404 => return Ok(None),
            Err(e) => return Err(StoreError::during("look at a claim check")(e)),
        };
        let sha256 = head.checksum_sha256().and_then(|text| STANDARD.decode(text).ok()).map(hex::encode);
        Ok(Some(PinnedObject {
            key: claim.key.clone(),
            etag: head.e_tag().unwrap_or_default().to_owned(),
            version_id: head.version_id().map(ToOwned::to_owned),
            size: head.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            sha256,
        }))
    }

    /// Opens a pinned object for reading once.
    ///
    /// # Errors
    /// If the object is gone, was changed, or cannot be read.
    pub async fn open(&self, pinned: &PinnedObject) -> Result<ObjectBody, OpenError> {
        let object = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(&pinned.key)
            .if_match(&pinned.etag)
            .set_version_id(pinned.version_id.clone());
        // The SDK's future is large, and would be part of that of every delivery.
        let object = Box::pin(object.send()).await;
        let object = match object {
            Ok(object) => object,
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_key()) => {
                return Err(BodyLoss::Missing.into());
            }
            Err(SdkError::ServiceError(e)) if e.raw().status().as_u16() == 412 => {
                return Err(BodyLoss::Changed.into());
            }
            Err(e) => return Err(OpenError::Unavailable(e.into())),
        };
        // A store that does not support If-Match (the embedded one) still returns the ETag and size.
        let size = object.content_length().and_then(|size| u64::try_from(size).ok());
        if object.e_tag() != Some(&pinned.etag) || size != Some(pinned.size) {
            return Err(BodyLoss::Changed.into());
        }
        Ok(ObjectBody::new(object.body.into_inner(), pinned.size))
    }

    /// Reads a pinned object completely. The caller must ensure that it is small enough for memory.
    ///
    /// # Errors
    /// If the object is gone, was changed, or cannot be read.
    pub async fn read(&self, pinned: &PinnedObject) -> Result<Bytes, OpenError> {
        let body = ByteStream::new(self.open(pinned).await?.into_inner());
        let whole = body.collect().await.map_err(|error| OpenError::Unavailable(error.into()))?;
        Ok(whole.into_bytes())
    }
}

/// The found object, if it is the one that the claim check refers to.
fn matching(claim: &Claim, found: Option<PinnedObject>) -> Result<PinnedObject, BodyLoss> {
    if let (Some(found), Some(pinned)) = (&found, &claim.pinned)
        && !is_same(found, pinned)
    {
        return Err(BodyLoss::Changed);
    }
    match (found, &claim.sha256) {
        (None, _) if claim.pinned.is_some() => Err(BodyLoss::Missing),
        // Only objects that Hookstep stored itself have a known hash.
        (None, Some(_)) => Err(BodyLoss::Missing),
        (None, None) => Err(BodyLoss::NotUploaded),
        (Some(found), Some(wanted)) if found.sha256.as_ref().is_some_and(|sha256| sha256 != wanted) => {
            Err(BodyLoss::Changed)
        }
        (Some(found), wanted) => {
            let known = wanted.clone().or_else(|| claim.pinned.as_ref()?.sha256.clone());
            Ok(PinnedObject { sha256: found.sha256.or(known), ..found })
        }
    }
}

/// Whether the object is still the one that an earlier event delivered.
fn is_same(found: &PinnedObject, pinned: &PinnedObject) -> bool {
    let same_hash = match (&found.sha256, &pinned.sha256) {
        (Some(found), Some(pinned)) => found == pinned,
        // A bucket may not return the hash; it is then checked while the body is read.
        _ => true,
    };
    found.etag == pinned.etag && found.size == pinned.size && same_hash
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "claims/acme/0190a000-0000-7000-8000-00000000000a/0190a000-0000-7000-8000-00000000000b";

    fn claims() -> Claims {
        Claims::new(|| unreachable!("the bucket is not asked"), "claims")
    }

    fn claim(sha256: Option<&str>) -> Claim {
        Claim { sha256: sha256.map(ToOwned::to_owned), ..Claim::of(KEY) }
    }

    fn object(sha256: Option<&str>) -> PinnedObject {
        PinnedObject {
            key: KEY.to_owned(),
            etag: "e".to_owned(),
            version_id: None,
            size: 3,
            sha256: sha256.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn a_claim_check_is_the_object_that_was_accepted_or_none() {
        for (claimed, found, expected) in [
            (None, None, Err(BodyLoss::NotUploaded)),
            (Some("aa"), None, Err(BodyLoss::Missing)),
            (Some("aa"), Some(object(Some("bb"))), Err(BodyLoss::Changed)),
            (Some("aa"), Some(object(Some("aa"))), Ok(object(Some("aa")))),
            // A bucket may not return the hash; it is then checked while the body is read.
            (Some("aa"), Some(object(None)), Ok(object(Some("aa")))),
            (None, Some(object(Some("bb"))), Ok(object(Some("bb")))),
            (None, Some(object(None)), Ok(object(None))),
        ] {
            assert_eq!(matching(&claim(claimed), found.clone()), expected, "{claimed:?} {found:?}");
        }
    }

    #[test]
    fn a_replay_takes_the_object_that_was_sent_or_none() {
        let sent = object(None);
        let other = PinnedObject { etag: "f".to_owned(), ..object(None) };
        let longer = PinnedObject { size: 4, ..object(None) };
        for (found, expected) in [
            (None, Err(BodyLoss::Missing)),
            (Some(sent.clone()), Ok(sent.clone())),
            (Some(other), Err(BodyLoss::Changed)),
            (Some(longer), Err(BodyLoss::Changed)),
        ] {
            let claim = Claim { pinned: Some(sent.clone()), ..claim(None) };
            assert_eq!(matching(&claim, found.clone()), expected, "{found:?}");
        }
    }

    #[tokio::test]
    async fn the_bucket_is_not_asked_for_a_claim_check_of_somebody_else() {
        let (acme, config): (OrgId, ConfigId) =
            ("acme".parse().unwrap(), "0190a000-0000-7000-8000-00000000000a".parse().unwrap());
        let other: ConfigId = "0190a000-0000-7000-8000-00000000000c".parse().unwrap();
        for (org_id, config_id) in [(&"other".parse().unwrap(), config), (&acme, other)] {
            let resolved = claims().resolve(org_id, config_id, &claim(None)).await.unwrap();
            assert_eq!(resolved, Err(BodyLoss::NotOwner));
        }
    }
}
