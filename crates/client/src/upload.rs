//! Bodies that are too large for a trigger.

use hookstep_api_types::{Upload, UploadFields};
use hookstep_contract::ConfigId;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::body::Source;
use crate::retry::Repeatable;
use crate::send::HOOKSTEP;
use crate::{Body, Client, Error};

/// The status for an upload of what has been uploaded already.
const PRECONDITION_FAILED: u16 = 412;

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
        let size = source.size().await?;
        let fields = UploadFields { size };
        let fields = serde_json::to_vec(&fields).map_err(|error| Error::Build(error.into()))?;
        // Repeated, it leaves a URL behind that nobody uses.
        let create = || self.request(Method::POST, &path).header(CONTENT_TYPE, "application/json");
        let asked = Source::Bytes(fields.into());
        let response = self.exchange(HOOKSTEP, Repeatable::Always, create, &asked).await?;
        let upload: Upload = response.json()?;
        // The URL is all the authority that the storage needs: it does not get the token. The length is set with
        // the body, unless there is none.
        let has_length = size > 0 || matches!(source, Source::File(_));
        let is_set_here = |name: &str| !(has_length && name.eq_ignore_ascii_case("content-length"));
        let headers = || upload.headers.iter().filter(|(name, _)| is_set_here(name));
        let put = || {
            let request = self.http.put(&*upload.upload_url);
            headers().fold(request, |request, (name, value)| request.header(name, value))
        };
        match self.exchange("the upload storage", Repeatable::Always, put, source).await {
            // Written once: it was this upload whose answer was lost, since nobody else has its URL.
            Err(Error::Refused(problem)) if problem.status == PRECONDITION_FAILED => {}
            result => drop(result?),
        }
        Ok(Body::claim_check(upload.claim_check))
    }
}
