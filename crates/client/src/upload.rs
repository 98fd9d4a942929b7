//! Bodies that are too large for a trigger.

use hookstep_api_types::Upload;
use hookstep_contract::ConfigId;
use reqwest::Method;

use crate::body::Source;
use crate::retry::Repeatable;
use crate::send::HOOKSTEP;
use crate::{Body, Client, Error};

impl Client {
    /// Uploads a body of up to 5 GB, and returns what refers to it in a trigger.
    ///
    /// [`Client::trigger`] uploads by itself when it has to. Upload by hand to trigger the same upload again under the same
    /// idempotency key: for Hookstep, another upload is another body, even if its bytes are the same.
    ///
    /// An upload has no timeout.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn upload(&self, config_id: ConfigId, body: impl Into<Body>) -> Result<Body, Error> {
        self.upload_source(config_id, &body.into().0).await
    }

    pub(crate) async fn upload_source(&self, config_id: ConfigId, source: &Source) -> Result<Body, Error> {
        if let Source::Claim(_) = source {
            return Ok(Body(source.clone()));
        }
        let path = format!("/webhook/{config_id}/uploads");
        // Repeated, it leaves a URL behind that nobody uses.
        let create = || self.request(Method::POST, &path);
        let response = self.exchange(HOOKSTEP, Repeatable::Always, create, &Source::empty()).await?;
        let upload: Upload = response.json()?;
        // The URL is all the authority that the storage needs: it does not get the token.
        let put = || self.http.put(&*upload.upload_url);
        self.exchange("the upload storage", Repeatable::Always, put, source).await?;
        Ok(Body::claim_check(upload.claim_check))
    }
}
