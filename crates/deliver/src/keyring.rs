//! What an attempt needs beyond its plan: the webhook's keys and credentials. They are read once and cached
//! for a while; a later revision of the webhook replaces them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookstep_ambient::OnDemand;
use hookstep_contract::{
    Ciphertext, ConfigId, Credentials as Stored, ErrorName, ExtraSignature, Lifetime, OrgId, OrgKey, Reason,
    StepError, Timestamp, TlsKeys,
};
use hookstep_egress::{ClientTls, TlsParts};
use hookstep_secrets::{Keys, ReadError, Values, Vault};
use hookstep_signing::{ExtraSigner, PrivateKey, Secret, Signer};
use hookstep_store::Configs;
use tokio::time::Instant;

use crate::authentication::Credentials;
use crate::extra_signature;
use crate::key_client;
use crate::oauth::Tokens;
use crate::signature::Signers;

/// The cache TTL of a webhook's keys. A change of the webhook takes effect immediately through its revision,
/// unless the event was planned before the change. A change of an attached connection, of which Hookstep is
/// not notified, takes effect after this time.
const CACHE_TTL: Duration = Duration::from_secs(60);

/// How many webhooks' keys are cached at once. Each webhook may have its own HTTP client.
const MAX_CACHED: usize = 500;

/// The keys of webhooks, read when first needed.
#[derive(Clone)]
pub struct Keyring {
    configs: OnDemand<Configs>,
    keys: Keys,
    vault: Vault,
    client: hookstep_egress::Client,
    pub(crate) tokens: Tokens,
    cache: Arc<Mutex<KeyCache>>,
}

#[derive(Default)]
struct KeyCache {
    webhooks: HashMap<(OrgId, ConfigId), (Instant, Arc<WebhookKeys>)>,
    org_keys: HashMap<OrgId, Arc<OrgKeys>>,
}

/// The keys of an org, decrypted.
struct OrgKeys {
    stored: OrgKey,
    newest: PrivateKey,
    previous: Vec<(PrivateKey, Lifetime)>,
}

impl OrgKeys {
    /// The keys that sign at `now`, newest first.
    fn valid(&self, now: Timestamp) -> Vec<PrivateKey> {
        let previous = self.previous.iter().filter(|(_, lifetime)| lifetime.holds(now)).map(|(key, _)| key);
        std::iter::once(&self.newest).chain(previous).cloned().collect()
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(***)")
    }
}

/// What was found for a webhook.
pub(crate) enum Found {
    /// Its keys, at the requested revision or a later one.
    Keys(Arc<WebhookKeys>),
    /// The webhook was deleted.
    Deleted,
    /// The webhook is being changed, so that its connection may already belong to the next revision.
    Changing,
}

/// The keys of one webhook.
pub(crate) struct WebhookKeys {
    pub(crate) revision: u64,
    pub(crate) secrets: Vec<(Secret, Lifetime)>,
    org_keys: Option<Arc<OrgKeys>>,
    /// The credentials, or why they cannot be read.
    pub(crate) credentials: Result<Option<Credentials>, Reason>,
    /// The HTTP client, with the webhook's own TLS settings if it has any.
    pub(crate) client: hookstep_egress::Client,
}

impl WebhookKeys {
    /// Signs with all secrets that are valid at `now`; `None` for a webhook without keys.
    pub(crate) fn signers(&self, now: Timestamp, extra: Option<&ExtraSignature>) -> Option<Signers> {
        let mut valid =
            self.secrets.iter().filter(|(_, lifetime)| lifetime.holds(now)).map(|(secret, _)| secret.clone());
        let newest = valid.next()?;
        let older: Vec<_> = valid.collect();
        let format = extra.and_then(extra_signature::format);
        let extra = format.map(|format| ExtraSigner::new(format, newest.clone(), older.clone()));
        let org_keys = self.org_keys.as_ref().map_or_else(Vec::new, |keys| keys.valid(now));
        Some(Signers { standard: Signer::new(newest, older, org_keys), extra })
    }

    /// Whether other credentials may be available when a receiver rejects these.
    pub(crate) fn is_renewable(&self) -> bool {
        self.credentials.as_ref().is_ok_and(|found| found.as_ref().is_some_and(Credentials::is_renewable))
    }
}

impl Keyring {
    /// Reads keys with these clients; `client` also serves webhooks without their own TLS settings.
    pub fn new(
        configs: impl FnOnce() -> Configs + Send + 'static,
        keys: Keys,
        vault: Vault,
        client: hookstep_egress::Client,
    ) -> Self {
        let configs = OnDemand::new(configs);
        Self { configs, keys, vault, client, tokens: Tokens::default(), cache: Arc::default() }
    }

    /// The HTTP client for all requests except for those to receivers.
    pub(crate) fn client(&self) -> &hookstep_egress::Client {
        &self.client
    }

    /// A webhook's keys, at `revision` or later, and read from the table again if `fresh`.
    pub(crate) async fn keys(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        revision: u64,
        fresh: bool,
        now: Timestamp,
    ) -> Result<Found, StepError> {
        if revision == 0 {
            return Ok(Found::Keys(Arc::new(self.bare())));
        }
        let webhook = (org_id.clone(), config_id);
        let known = self.lock().webhooks.get(&webhook).cloned();
        if let Some((read, keys)) = &known
            && !fresh
            && keys.revision >= revision
            && read.elapsed() < CACHE_TTL
            // Unreadable credentials may have been repaired since.
            && keys.credentials.is_ok()
        {
            return Ok(Found::Keys(Arc::clone(keys)));
        }
        let Some(stored) = self.configs.credentials(org_id, config_id).await? else {
            self.lock().webhooks.remove(&webhook);
            return Ok(Found::Deleted);
        };
        let (revision, has_connection) = (stored.revision, stored.connection.is_some());
        let keys = match known {
            Some((_, known)) if known.revision == stored.revision => self.renew(&known, &stored).await?,
            _ => self.unlock(stored).await?,
        };
        // A connection and the webhook's items cannot be changed at once: the secret may be that of the next revision.
        if has_connection && !self.configs.is_settled(org_id, config_id, revision, now).await? {
            return Ok(Found::Changing);
        }
        let keys = Arc::new(keys);
        let mut cache = self.lock();
        if cache.webhooks.len() >= MAX_CACHED {
            cache.webhooks.clear();
        }
        cache.webhooks.insert(webhook, (Instant::now(), Arc::clone(&keys)));
        Ok(Found::Keys(keys))
    }

    /// Renews the keys of an unchanged webhook: its secrets stay the same and the client keeps its connections.
    /// Only an attached connection and the keys of the org may have changed.
    async fn renew(&self, known: &WebhookKeys, stored: &Stored) -> Result<WebhookKeys, StepError> {
        let (org_keys, credentials) =
            tokio::try_join!(self.org_keys(&stored.org_id), self.credentials(stored))?;
        let (secrets, client) = (known.secrets.clone(), known.client.clone());
        Ok(WebhookKeys { revision: known.revision, secrets, org_keys, credentials, client })
    }

    /// The keys of a webhook from before revisions: it has none.
    fn bare(&self) -> WebhookKeys {
        let client = self.client.clone();
        WebhookKeys { revision: 0, secrets: Vec::new(), org_keys: None, credentials: Ok(None), client }
    }

    async fn unlock(&self, stored: Stored) -> Result<WebhookKeys, StepError> {
        let org_id = &stored.org_id;
        let (secrets, org_keys, credentials, client) = tokio::try_join!(
            self.secrets(&stored),
            self.org_keys(org_id),
            self.credentials(&stored),
            self.tls(org_id, stored.tls.as_ref()),
        )?;
        Ok(WebhookKeys { revision: stored.revision, secrets, org_keys, credentials, client })
    }

    async fn secrets(&self, stored: &Stored) -> Result<Vec<(Secret, Lifetime)>, StepError> {
        let mut secrets = Vec::with_capacity(stored.signing_keys.len());
        for key in &stored.signing_keys {
            let text = self.decrypt(&stored.org_id, &key.key).await?;
            let secret = text.parse().map_err(|error| unreadable("a signing secret", error))?;
            secrets.push((secret, key.lifetime));
        }
        Ok(secrets)
    }

    /// The keys of an org, which are decrypted again only if they have changed.
    async fn org_keys(&self, org_id: &OrgId) -> Result<Option<Arc<OrgKeys>>, StepError> {
        let Some(stored) = self.configs.org_key(org_id).await? else { return Ok(None) };
        if let Some(known) = self.lock().org_keys.get(org_id).filter(|known| known.stored == stored) {
            return Ok(Some(Arc::clone(known)));
        }
        let newest = self.org_key(org_id, &stored.key).await?;
        let mut previous = Vec::with_capacity(stored.previous.len());
        for key in &stored.previous {
            previous.push((self.org_key(org_id, &key.key).await?, key.lifetime));
        }
        let keys = Arc::new(OrgKeys { stored, newest, previous });
        let mut cache = self.lock();
        if cache.org_keys.len() >= MAX_CACHED {
            cache.org_keys.clear();
        }
        cache.org_keys.insert(org_id.clone(), Arc::clone(&keys));
        Ok(Some(keys))
    }

    async fn org_key(&self, org_id: &OrgId, key: &Ciphertext) -> Result<PrivateKey, StepError> {
        let text = self.decrypt(org_id, key).await?;
        text.parse().map_err(|error| unreadable("an org's key", error))
    }

    async fn credentials(&self, stored: &Stored) -> Result<Result<Option<Credentials>, Reason>, StepError> {
        if let Some(client) = &stored.key_client {
            let client = key_client::unlock(&self.keys, &stored.org_id, client).await?;
            let token_slot = format!("{}/{}", stored.org_id, stored.config_id);
            return Ok(Ok(Some(Credentials::new(token_slot, Values::Oauth(client)))));
        }
        let Some(connection) = &stored.connection else { return Ok(Ok(None)) };
        match self.vault.read(connection, stored.client_authentication).await {
            Ok(values) => Ok(Ok(Some(Credentials::new(connection.arn.clone(), values)))),
            Err(ReadError::Unreadable(reason)) => Ok(Err(reason)),
            Err(ReadError::Unavailable(error)) => Err(error.into()),
        }
    }

    /// An HTTP client with the webhook's own TLS settings.
    async fn tls(&self, org_id: &OrgId, tls: Option<&TlsKeys>) -> Result<hookstep_egress::Client, StepError> {
        let Some(tls) = tls else { return Ok(self.client.clone()) };
        let private_key = match &tls.private_key {
            Some(key) => Some(self.decrypt(org_id, key).await?),
            None => None,
        };
        let parts = TlsParts {
            certificate: tls.certificate.as_deref(),
            private_key: private_key.as_deref().map(str::as_bytes),
            ca: tls.ca.as_deref(),
        };
        let tls = ClientTls::parse(parts).map_err(|error| unreadable("a webhook's TLS", error))?;
        self.client.with_tls(&tls).map_err(|error| unreadable("a webhook's TLS", error))
    }

    async fn decrypt(&self, org_id: &OrgId, key: &Ciphertext) -> Result<String, StepError> {
        Ok(self.keys.decrypt(org_id, key).await?.0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, KeyCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error for data that was checked when it was saved but cannot be read now.
fn unreadable(what: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StepError {
    StepError::because(ErrorName::InvalidInput, format!("{what} cannot be read"), error)
}
