//! Our own keys, encrypted by KMS.

use std::fmt;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_ambient::OnDemand;
use hookstep_contract::{Ciphertext, OrgId, encryption_context};

use crate::SecretsError;

/// The KMS key that encrypts the keys of orgs.
#[derive(Clone, Debug)]
pub struct Keys {
    client: OnDemand<Client>,
    key_id: String,
}

/// A decrypted key.
#[derive(Clone, PartialEq, Eq)]
pub struct Plaintext(pub String);

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(***)")
    }
}

impl Keys {
    /// The maximum number of bytes per encryption: KMS's limit.
    pub const MAX_BYTES: usize = 4096;

    /// The KMS key with this id, ARN or alias; `client` is called on first use.
    pub fn new(client: impl FnOnce() -> Client + Send + 'static, key_id: impl Into<String>) -> Self {
        Self { client: OnDemand::new(client), key_id: key_id.into() }
    }

    /// Encrypts a key of `org_id`, of at most [`Keys::MAX_BYTES`].
    ///
    /// # Errors
    /// If KMS does not encrypt it.
    pub async fn encrypt(&self, org_id: &OrgId, key: &str) -> Result<Ciphertext, SecretsError> {
        const OPERATION: &str = "encrypt a key";
        let mut request = self.client.encrypt().key_id(&self.key_id).plaintext(Blob::new(key));
        for (name, value) in encryption_context(org_id) {
            request = request.encryption_context(name, value);
        }
        let answer = Box::pin(request.send()).await.map_err(SecretsError::during(OPERATION))?;
        let blob = answer.ciphertext_blob().ok_or_else(|| SecretsError::new(OPERATION, "no ciphertext"))?;
        Ok(Ciphertext(STANDARD.encode(blob)))
    }

    /// Decrypts a key of `org_id`.
    ///
    /// # Errors
    /// If KMS does not decrypt it, for example because it is the key of another org.
    pub async fn decrypt(&self, org_id: &OrgId, key: &Ciphertext) -> Result<Plaintext, SecretsError> {
        const OPERATION: &str = "decrypt a key";
        let blob = STANDARD.decode(&key.0).map_err(|_| SecretsError::new(OPERATION, "not base64"))?;
        // The KMS key is named explicitly, so that no ciphertext can choose another one.
        let mut request = self.client.decrypt().key_id(&self.key_id).ciphertext_blob(Blob::new(blob));
        for (name, value) in encryption_context(org_id) {
            request = request.encryption_context(name, value);
        }
        let answer = Box::pin(request.send()).await.map_err(SecretsError::during(OPERATION))?;
        let blob = answer.plaintext.ok_or_else(|| SecretsError::new(OPERATION, "no plaintext"))?;
        let text = String::from_utf8(blob.into_inner());
        text.map(Plaintext).map_err(|_| SecretsError::new(OPERATION, "not a text"))
    }
}
