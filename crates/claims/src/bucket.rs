//! The bucket of claim checks: bodies too large for the state, keys `claims/{org_id}/{config_id}/{event_id}`.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookstep_ambient::OnDemand;
use hookstep_contract::limits::{READ_URL_LIFETIME, UPLOAD_URL_LIFETIME};
use hookstep_contract::{Claim, Content, Source, StoreError, Timestamp};
use sha2::{Digest, Sha256};

/// The bucket of claim checks.
#[derive(Clone, Debug)]
pub struct Claims {
    /// Created on demand, since most events have no large body.
    pub(crate) client: OnDemand<Client>,
    pub(crate) bucket: String,
}

/// A presigned upload.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Where to PUT the body.
    pub url: String,
    /// The headers that the URL's signature covers: the PUT must have them.
    pub headers: BTreeMap<String, String>,
    /// When the URL expires.
    pub expires_at: Timestamp,
}

impl Claims {
    /// The bucket with this name; `client` is called on first use.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, bucket: impl Into<String>) -> Self {
        Self { client: OnDemand::new(client), bucket: bucket.into() }
    }

    /// Stores a body under `key` with its SHA-256, so that any change is detected. An existing object is not
    /// replaced, because a pending delivery may have pinned it.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub async fn put(&self, key: &str, body: Bytes, sha256: &[u8]) -> Result<(), StoreError> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .checksum_sha256(STANDARD.encode(sha256))
            .body(ByteStream::from(body));
        // The SDK's future is large, and would be part of that of every delivery.
        let put = Box::pin(put.send()).await;
        match put {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(e)) if e.raw().status().as_u16() == 412 => Ok(()),
            Err(e) => Err(StoreError::during("keep a body as a claim check")(e)),
        }
    }

    /// The body as input of an execution: inline if it is small enough, otherwise stored as a claim check
    /// under this key.
    ///
    /// # Errors
    /// If the bucket cannot be written.
    pub async fn source(&self, key: &str, body: Bytes, inline_limit: usize) -> Result<Source, StoreError> {
        if body.len() <= inline_limit {
            let content = Content::new(&body);
            if content.serialised_len() <= inline_limit {
                return Ok(Source::Inline(content));
            }
        }
        let sha256 = Sha256::digest(&body);
        self.put(key, body, &sha256).await?;
        Ok(Source::Claim(Claim { sha256: Some(hex::encode(sha256)), ..Claim::of(key) }))
    }

    /// A presigned URL for uploading a body of `size` bytes as `key` with PUT, once: what was uploaded is never
    /// replaced, because a delivery may have been started with it.
    ///
    /// # Errors
    /// If the URL cannot be signed.
    pub async fn presign(&self, key: &str, size: u64, now: Timestamp) -> Result<Upload, StoreError> {
        let length = i64::try_from(size).map_err(StoreError::during("presign an upload"))?;
        let config = PresigningConfig::builder()
            .start_time(now.get().into())
            .expires_in(UPLOAD_URL_LIFETIME)
            .build()
            .map_err(StoreError::during("presign an upload"))?;
        let request =
            self.client.put_object().bucket(&self.bucket).key(key).content_length(length).if_none_match("*");
        let request =
            Box::pin(request.presigned(config)).await.map_err(StoreError::during("presign an upload"))?;
        let headers = request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Upload { url: request.uri().to_owned(), headers, expires_at: now.plus(UPLOAD_URL_LIFETIME) })
    }

    /// A presigned URL for reading the object of `key`, as a download that browsers do not display.
    ///
    /// # Errors
    /// If the URL cannot be signed.
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
}
