//! Managing webhooks.

use std::fmt;

use hookstep_api_types::{Jwks, OrgPublicKey, Page, Sensitive};
use hookstep_contract::{ConfigId, OrgId};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::Source;
use crate::events::with_query;
use crate::retry::Repeatable;
use crate::send::HOOKSTEP;
use crate::{Client, Error, SyncAnswer};

/// A webhook: the fields that every caller needs, and all others as JSON. A newer Hookstep may add kinds of authentication or
/// filters that this client does not know, and its webhooks can still be read.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// The id of the webhook.
    pub config_id: ConfigId,
    /// Its name, for people.
    pub name: String,
    /// The URL of the receiver.
    pub url: String,
    /// Whether events are sent; otherwise they are recorded as skipped.
    pub enabled: bool,
    /// The key with which the receiver checks `v1` signatures. Only the answer that created the webhook has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<Sensitive>,
    /// All other fields, as the API has them.
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

/// A test for the receiver of a webhook. Without a body, it is a sample: that of the event type, or one of Hookstep's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestEvent {
    /// The body, up to 64 KB; empty for a sample.
    pub body: Vec<u8>,
    /// The `Content-Type` of the body; by default `application/json`.
    pub content_type: Option<String>,
    /// The type of the event.
    pub event_type: Option<String>,
}

impl Client {
    /// Lists the webhooks of the token's org, one page at a time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn webhooks(&self, cursor: Option<&str>) -> Result<Page<Webhook>, Error> {
        let cursor: Vec<_> = cursor.map(|cursor| ("cursor", cursor.to_owned())).into_iter().collect();
        self.get(&with_query("/webhook", &cursor)).await
    }

    /// Reads a webhook.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn webhook(&self, config_id: ConfigId) -> Result<Webhook, Error> {
        self.get(&format!("/webhook/{config_id}")).await
    }

    /// Creates a webhook from the fields of the API (`name`, `url`, …). Keep the `signing_secret` of the result: it is not shown
    /// again.
    ///
    /// # Errors
    /// See [`Error`]; a 400 names the field that is wrong.
    pub async fn create_webhook(&self, fields: &impl Serialize) -> Result<Webhook, Error> {
        self.send(Method::POST, "/webhook", fields).await
    }

    /// Replaces all fields of a webhook. Credentials that are left out stay as they are.
    ///
    /// # Errors
    /// See [`Error`]; a 400 names the field that is wrong, a 409 means that somebody else changes the webhook at the same time.
    pub async fn replace_webhook(&self, id: ConfigId, fields: &impl Serialize) -> Result<Webhook, Error> {
        self.send(Method::PUT, &format!("/webhook/{id}"), fields).await
    }

    /// Changes some fields of a webhook, by a JSON Merge Patch (RFC 7396).
    ///
    /// # Errors
    /// As for [`Client::replace_webhook`].
    pub async fn update_webhook(&self, id: ConfigId, changes: &impl Serialize) -> Result<Webhook, Error> {
        self.send(Method::PATCH, &format!("/webhook/{id}"), changes).await
    }

    /// Deletes a webhook. Its pending retries are not made; its events stay readable until their retention ends.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete_webhook(&self, id: ConfigId) -> Result<(), Error> {
        let path = format!("/webhook/{id}");
        let build = || self.request(Method::DELETE, &path);
        self.exchange(HOOKSTEP, Repeatable::Always, build, &Source::empty()).await.map(drop)
    }

    /// Sends a test to the receiver of a webhook, and waits for its answer, at most 27 s.
    ///
    /// # Errors
    /// See [`Error`]; a 400 names the field that is wrong, such as an `event_type` without a sample.
    pub async fn test_webhook(&self, id: ConfigId, test: &TestEvent) -> Result<SyncAnswer, Error> {
        let event_type = test.event_type.clone().map(|name| ("event_type", name));
        let path = with_query(&format!("/webhook/{id}/test"), &event_type.into_iter().collect::<Vec<_>>());
        let content_type = test.content_type.as_deref().unwrap_or("application/json");
        let content_type = HeaderValue::try_from(content_type).map_err(|_| Error::Header("content-type"))?;
        let build = || self.request(Method::POST, &path).header(CONTENT_TYPE, content_type.clone());
        let body = Source::Bytes(test.body.clone().into());
        SyncAnswer::read(&self.exchange(HOOKSTEP, Repeatable::UnlessProcessed, build, &body).await?)
    }

    /// Reads the public key of an org. It needs no token.
    ///
    /// # Errors
    /// See [`Error`]; the status is 404 while the org has no webhook.
    pub async fn public_key(&self, org_id: &OrgId) -> Result<OrgPublicKey, Error> {
        let query = [("org_id", org_id.to_string())];
        self.get(&with_query("/.well-known/webhook-public-key", &query)).await
    }

    /// Reads all public keys of an org, newest first: while a key is being replaced, the previous one signs as well. It needs no
    /// token.
    ///
    /// # Errors
    /// See [`Error`]; the status is 404 while the org has no webhook.
    pub async fn jwks(&self, org_id: &OrgId) -> Result<Jwks, Error> {
        let query = [("org_id", org_id.to_string())];
        self.get(&with_query("/.well-known/jwks.json", &query)).await
    }
}
