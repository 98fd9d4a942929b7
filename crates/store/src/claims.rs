//! The bucket of claim checks: bodies too large for the state, keys `claims/{org_id}/{config_id}/{event_id}`.

use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::ChecksumMode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookstep_contract::limits::{READ_URL_LIFETIME, UPLOAD_URL_LIFETIME};
use hookstep_contract::{Claim, Content, Payload, PinnedObject, Timestamp};
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::StoreError;
use hookstep_ambient::OnDemand;

/// The bucket of claim checks.
#[derive(Clone, Debug)]
pub struct Claims {
    /// Most events have no large body.
    client: OnDemand<Client>,
    bucket: String,
}

/// A presigned upload.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Where to PUT the body.
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why an object cannot be read as it was pinned.
#[derive(Debug, Error)]
pub enum OpenError {
    /// It is not there any more.
    #[error("the object is gone")]
    Gone,
    /// It is another one by now.
    #[error("the object has changed")]
    Changed,
    /// The bucket did not answer.
    #[error("the bucket cannot be read")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Claims {
    /// The bucket of this name; `client` is called for its first request.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, bucket: impl Into<String>) -> Self {
        Self { client: OnDemand::new(client), bucket: bucket.into() }
    }

    /// Keeps a body under `key`, with its SHA-256 so that any change of it shows. An object that is there already stays:
    /// it may be pinned by a delivery that waits.
    ///
    /// # Errors
    /// When the bucket cannot be written.
    pub async fn put(&self, key: &str, body: Bytes, sha256: &[u8]) -> Result<(), StoreError> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .checksum_sha256(STANDARD.encode(sha256))
            .body(ByteStream::from(body))
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(e)) if e.raw().status().as_u16() == 412 => Ok(()),
            Err(e) => Err(StoreError::during("keep a body as a claim check")(e)),
        }
    }

    /// A body as the workflow carries it: inline when it is small enough, else as a claim check with this key.
    ///
    /// # Errors
    /// When the bucket cannot be written.
    pub async fn payload(&self, key: &str, body: Bytes, inline_limit: usize) -> Result<Payload, StoreError> {
        if body.len() <= inline_limit {
            let content = Content::new(&body);
            if content.serialised_len() <= inline_limit {
                return Ok(Payload::Inline(content));
            }
        }
        let sha256 = Sha256::digest(&body);
        self.put(key, body, &sha256).await?;
        Ok(Payload::Claim(Claim { key: key.to_owned(), sha256: Some(hex::encode(sha256)) }))
    }

    /// A URL to which the body of `key` can be PUT.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn presign(&self, key: &str, now: Timestamp) -> Result<Upload, StoreError> {
        let config = PresigningConfig::builder()
            .start_time(now.get().into())
            .expires_in(UPLOAD_URL_LIFETIME)
            .build()
            .map_err(StoreError::during("presign an upload"))?;
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .presigned(config)
            .await
            .map_err(StoreError::during("presign an upload"))?;
        Ok(Upload { url: request.uri().to_owned(), expires_at: now.plus(UPLOAD_URL_LIFETIME) })
    }

    /// A URL at which the object of `key` can be read, as a file that no browser opens by itself.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub async fn presign_read(&self, key: &str, now: Timestamp) -> Result<String, StoreError> {
        let config = PresigningConfig::builder()
            .start_time(now.get().into())
            .expires_in(READ_URL_LIFETIME)
            .build()
            .map_err(StoreError::during("presign a download"))?;
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .response_content_type("application/octet-stream")
            .response_content_disposition("attachment")
            .presigned(config)
            .await
            .map_err(StoreError::during("presign a download"))?;
        Ok(request.uri().to_owned())
    }

    /// Looks at the object of a claim and pins it; `None` when there is none.
    ///
    /// # Errors
    /// When the bucket cannot be read.
    pub async fn pin(&self, claim: &Claim) -> Result<Option<PinnedObject>, StoreError> {
        let head = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(&claim.key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        let head = match head {
            Ok(head) => head,
            // By the status: HEAD has no body to name the error, and stores name it differently.
            Err(SdkError::ServiceError(e)) if e.raw().status().as_u16() == 404 => return Ok(None),
            Err(e) => return Err(StoreError::during("look at a claim check")(e)),
        };
        let stored = head.checksum_sha256().and_then(|text| STANDARD.decode(text).ok()).map(hex::encode);
        Ok(Some(PinnedObject {
            key: claim.key.clone(),
            etag: head.e_tag().unwrap_or_default().to_owned(),
            version_id: head.version_id().map(ToOwned::to_owned),
            size: head.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            sha256: stored,
        }))
    }

    /// Opens a pinned object for reading once.
    ///
    /// # Errors
    /// When it is gone, was changed, or cannot be read.
    pub async fn open(&self, pinned: &PinnedObject) -> Result<ObjectBody, OpenError> {
        let object = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(&pinned.key)
            .if_match(&pinned.etag)
            .set_version_id(pinned.version_id.clone())
            .send()
            .await;
        let object = match object {
            Ok(object) => object,
            Err(e) if e.as_service_error().is_some_and(|e| e.is_no_such_key()) => {
                return Err(OpenError::Gone);
            }
            Err(SdkError::ServiceError(e)) if e.raw().status().as_u16() == 412 => {
                return Err(OpenError::Changed);
            }
            Err(e) => return Err(OpenError::Unavailable(e.into())),
        };
        // A store that does not know If-Match (the embedded one) still says what it gives.
        let size = object.content_length().and_then(|size| u64::try_from(size).ok());
        if object.e_tag() != Some(&pinned.etag) || size != Some(pinned.size) {
            return Err(OpenError::Changed);
        }
        Ok(ObjectBody { inner: object.body.into_inner(), left: pinned.size })
    }

    /// Reads a pinned object as a whole: how large it may be is for the caller to know.
    ///
    /// # Errors
    /// When it is gone, was changed, or cannot be read.
    pub async fn read(&self, pinned: &PinnedObject) -> Result<Bytes, OpenError> {
        let body = ByteStream::new(self.open(pinned).await?.inner);
        let whole = body.collect().await.map_err(|error| OpenError::Unavailable(error.into()))?;
        Ok(whole.into_bytes())
    }
}

/// The bytes of an object as they come from the bucket; its length is known from the start.
#[derive(Debug)]
pub struct ObjectBody {
    inner: SdkBody,
    left: u64,
}

impl Body for ObjectBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let len = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.left = self.left.saturating_sub(len);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
