//! Webhooks themselves.

use std::fmt;

use hookstep_contract::{ConfigId, OrgId};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::events::with_query;
use crate::{Client, Error, Page};

/// A webhook.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// The webhook.
    pub config_id: ConfigId,
    /// Its name, for people.
    pub name: String,
    /// The receiver.
    pub url: String,
    /// Whether events are sent; otherwise they are recorded as skipped.
    pub enabled: bool,
    /// What its receiver checks `v1` signatures with; only in the answer that created it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<String>,
    /// All its other fields, as the API has them.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("config_id", &self.config_id)
            .field("name", &self.name)
            .field("url", &self.url)
            .field("enabled", &self.enabled)
            .field("more", &self.more)
            .finish_non_exhaustive()
    }
}

/// What `v1a` signatures of an org are checked with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgPublicKey {
    /// The org.
    pub org_id: OrgId,
    /// The key as Standard Webhooks writes it: `whpk_…`.
    pub public_key: String,
    /// The same as PEM.
    pub pem: String,
}

impl Client {
    /// A page of the webhooks of the token's org.
    ///
    /// # Errors
    /// As for every call.
    pub async fn webhooks(&self, cursor: Option<&str>) -> Result<Page<Webhook>, Error> {
        let cursor: Vec<_> = cursor.map(|cursor| ("cursor", cursor.to_owned())).into_iter().collect();
        self.get(&with_query("/webhook", &cursor)).await
    }

    /// A webhook.
    ///
    /// # Errors
    /// As for every call.
    pub async fn webhook(&self, config_id: ConfigId) -> Result<Webhook, Error> {
        self.get(&format!("/webhook/{config_id}")).await
    }

    /// Creates a webhook of the fields that the API has (`name`, `url`, …). Keep the `signing_secret` of the answer: it is not
    /// shown again.
    ///
    /// # Errors
    /// As for every call; 400 names the field that is wrong.
    pub async fn create_webhook(&self, fields: &impl Serialize) -> Result<Webhook, Error> {
        self.send(Method::POST, "/webhook", fields).await
    }

    /// Puts these fields in place of all that the webhook had; credentials that are left out stay.
    ///
    /// # Errors
    /// As for every call; 400 names the field that is wrong, 409 says that somebody else is changing it.
    pub async fn replace_webhook(&self, id: ConfigId, fields: &impl Serialize) -> Result<Webhook, Error> {
        self.send(Method::PUT, &format!("/webhook/{id}"), fields).await
    }

    /// Changes some fields: a JSON Merge Patch (RFC 7396).
    ///
    /// # Errors
    /// As for [`Client::replace_webhook`].
    pub async fn update_webhook(&self, id: ConfigId, changes: &impl Serialize) -> Result<Webhook, Error> {
        self.send(Method::PATCH, &format!("/webhook/{id}"), changes).await
    }

    /// The public key of an org, for everybody to read.
    ///
    /// # Errors
    /// As for every call; 404 while the org has no webhook.
    pub async fn public_key(&self, org_id: &OrgId) -> Result<OrgPublicKey, Error> {
        let query = [("org_id", org_id.to_string())];
        self.get(&with_query("/.well-known/webhook-public-key", &query)).await
    }
}
