//! Bodies that are too large for a trigger.

use hookstep_contract::ConfigId;
use reqwest::Method;
use serde::Deserialize;

use crate::body::Source;
use crate::retry::Twice;
use crate::send::HOOKSTEP;
use crate::{Body, Client, Error};

/// Where to PUT a body. Not shown by a `Debug`: who has the URL can write there.
#[derive(Deserialize)]
struct Upload {
    upload_url: String,
    claim_check: String,
}

impl Client {
    /// Uploads a body, to 5 GB, and answers what stands for it in a trigger.
    ///
    /// [`Client::trigger`] does this by itself where it must. By hand, the same upload can be triggered again under the same
    /// idempotency key: another upload is another body to Hookstep, even of the same bytes.
    ///
    /// An upload may take as long as it takes.
    ///
    /// # Errors
    /// As for every call.
    pub async fn upload(&self, config_id: ConfigId, body: impl Into<Body>) -> Result<Body, Error> {
        self.upload_source(config_id, &body.into().0).await
    }

    pub(crate) async fn upload_source(&self, config_id: ConfigId, source: &Source) -> Result<Body, Error> {
        if let Source::Claim(_) = source {
            return Ok(Body(source.clone()));
        }
        let path = format!("/webhook/{config_id}/uploads");
        // One more of these is a URL that nobody uses.
        let ask = || self.request(Method::POST, &path);
        let answer = self.exchange(HOOKSTEP, Twice::Harmless, ask, &Source::empty()).await?;
        let upload: Upload = answer.json()?;
        // The URL has all the authority that is needed; the token stays here.
        let put = || self.http.put(&upload.upload_url);
        self.exchange("the place of the upload", Twice::Harmless, put, source).await?;
        Ok(Body::claim_check(upload.claim_check))
    }
}
