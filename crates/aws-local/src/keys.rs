//! The local KMS: one key, in a file in the data directory.
//!
//! Encrypted data is only as safe as that file. The key keeps secrets out of the tables and their backups.
//! Unlike KMS, it does not protect against someone who has the whole directory.

mod check;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Deserialize;
use serde_json::json;

use crate::transport::JsonService;
use crate::wire::{Answer, Reply, ServiceError, read};
use crate::{StandInError, private, trace};

/// The id of this host's KMS key.
pub const KEY_ID: &str = "alias/hookstep";

const KEY_ARN: &str = "arn:aws:kms:local:000000000000:key/hookstep";

/// The key's file in the data directory: 256 bits in hex.
pub const KEY_FILE: &str = "local-key";

/// The first byte of every ciphertext: the format version.
const VERSION: u8 = 1;

/// "Encrypts plaintext of up to 4,096 bytes using a KMS key" (KMS API reference, Encrypt).
const PLAINTEXT_BYTES: std::ops::RangeInclusive<usize> = 1..=4096;

/// The context that a ciphertext is bound to: decryption requires the same
/// context. The map is sorted because the context is compared as bytes.
pub(crate) type EncryptionContext = BTreeMap<String, String>;

/// The KMS API, as far as the product uses it.
#[derive(Clone, Debug)]
pub struct LocalKey(LessSafeKey);

/// What was found in the place of the key.
#[derive(Clone, Debug)]
pub enum FoundKey {
    /// No file.
    Missing,
    /// A file without content.
    Empty,
    /// A file that contains no key.
    Damaged,
    /// The key.
    Key(Box<LocalKey>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptRequest {
    key_id: String,
    plaintext: String,
    #[serde(default)]
    encryption_context: EncryptionContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DecryptRequest {
    key_id: Option<String>,
    ciphertext_blob: String,
    #[serde(default)]
    encryption_context: EncryptionContext,
}

impl LocalKey {
    /// Reads the key, creating it if necessary.
    ///
    /// # Errors
    /// If the key's file cannot be read or created, or does not contain a key.
    pub fn open(dir: &Path) -> Result<Self, StandInError> {
        let text = private::read_or_make(&dir.join(KEY_FILE), || hex::encode(rand::random::<[u8; 32]>()))
            .map_err(StandInError::during("read or write the local key"))?;
        Self::parse(&text)
            .ok_or_else(|| StandInError::during("use the local key")("it is not 256 bits in hex"))
    }

    /// Looks for the key without creating it.
    ///
    /// # Errors
    /// If the key's file cannot be read.
    pub fn find(dir: &Path) -> Result<FoundKey, StandInError> {
        match std::fs::read(dir.join(KEY_FILE)) {
            Ok(bytes) if bytes.is_empty() => Ok(FoundKey::Empty),
            Ok(bytes) => {
                let key = std::str::from_utf8(&bytes).ok().and_then(Self::parse);
                Ok(key.map_or(FoundKey::Damaged, |key| FoundKey::Key(Box::new(key))))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(FoundKey::Missing),
            Err(error) => Err(StandInError::during("read the local key")(error)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, &hex::decode(text.trim()).ok()?).ok()?;
        Some(Self(LessSafeKey::new(key)))
    }

    /// Encrypts data of any length.
    pub(crate) fn seal(&self, context: &EncryptionContext, plaintext: &[u8]) -> Option<Vec<u8>> {
        // Random nonces are safe for 2^32 ciphertexts under one key (NIST SP 800-38D, 8.3).
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut text = plaintext.to_vec();
        let bound = Aad::from(bytes_of(context)?);
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut text).ok()?;
        Some([&[VERSION], nonce.as_slice(), &text].concat())
    }

    /// Decrypts a ciphertext of `seal`, given the same context.
    pub(crate) fn unseal(&self, context: &EncryptionContext, blob: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = blob.strip_prefix(&[VERSION])?.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let bound = Aad::from(bytes_of(context)?);
        let plaintext =
            self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), bound, &mut text).ok()?.len();
        text.truncate(plaintext);
        Some(text)
    }

    fn encrypt(&self, request: &[u8]) -> Answer {
        let EncryptRequest { key_id, plaintext, encryption_context } = read(request)?;
        check(&key_id)?;
        let plaintext = decoded(&plaintext)?;
        if !PLAINTEXT_BYTES.contains(&plaintext.len()) {
            return Err(ServiceError::new(
                "ValidationException",
                "a plaintext has 1 to 4,096 bytes".to_owned(),
            ));
        }
        let blob = self.seal(&encryption_context, &plaintext).ok_or_else(|| {
            ServiceError::new("KMSInternalException", "the plaintext could not be encrypted".to_owned())
        })?;
        Ok(
            json!({"KeyId": KEY_ARN, "CiphertextBlob": STANDARD.encode(blob), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        )
    }

    fn decrypt(&self, request: &[u8]) -> Answer {
        let DecryptRequest { key_id, ciphertext_blob, encryption_context } = read(request)?;
        key_id.as_deref().map_or(Ok(()), check)?;
        // As on AWS, the error does not reveal what is wrong.
        let plaintext = self
            .unseal(&encryption_context, &decoded(&ciphertext_blob)?)
            .ok_or_else(|| ServiceError::new("InvalidCiphertextException", String::new()))?;
        Ok(
            json!({"KeyId": KEY_ARN, "Plaintext": STANDARD.encode(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
        )
    }
}

impl JsonService for LocalKey {
    async fn call(&self, operation: &str, request: Bytes) -> Reply {
        let answer = match operation {
            "Encrypt" => self.encrypt(&request),
            "Decrypt" => self.decrypt(&request),
            _ => Err(ServiceError::unsupported("UnsupportedOperationException", operation)),
        };
        trace::service("kms", operation, answer.into())
    }
}

fn check(key_id: &str) -> Result<(), ServiceError> {
    if [KEY_ID, KEY_ARN].contains(&key_id) {
        return Ok(());
    }
    Err(ServiceError::new("NotFoundException", format!("there is no key {key_id} here, only {KEY_ID}")))
}

fn decoded(blob: &str) -> Result<Vec<u8>, ServiceError> {
    STANDARD
        .decode(blob)
        .map_err(|_| ServiceError::new("ValidationException", "a blob is not base64".to_owned()))
}

/// The context as JSON. Different contexts give different bytes.
fn bytes_of(context: &EncryptionContext) -> Option<Vec<u8>> {
    serde_json::to_vec(context).ok()
}
