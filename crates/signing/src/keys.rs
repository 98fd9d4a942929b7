//! An Ed25519 key pair.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::encoding::{decode, encode};
use crate::{KeyError, pem};

const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// A key for `v1a` signatures, written as `whsk_` and the base64 of 64 bytes: the seed and the public key.
///
/// Standard Webhooks does not define these bytes; this is the form that Svix writes and libsodium stores.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// The key for a seed of 32 bytes, which must be unpredictable.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The key with which receivers verify signatures.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The key as text, to be encrypted and stored.
    pub fn reveal(&self) -> Zeroizing<String> {
        encode(PRIVATE, &*Zeroizing::new(self.0.to_keypair_bytes()))
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.0
    }
}

impl FromStr for PrivateKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = decode(PRIVATE, text)?;
        let pair = bytes.as_slice().try_into().map_err(|_| KeyError::Length {
            prefix: PRIVATE,
            expected: "64",
            actual: bytes.len(),
        })?;
        SigningKey::from_keypair_bytes(pair).map(Self).map_err(|_| KeyError::Halves)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// A key to verify `v1a` signatures. Its text form is `whpk_` and the base64 of its 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key as PEM (RFC 7468) of a `SubjectPublicKeyInfo` (RFC 8410), which every cryptographic library
    /// reads.
    pub fn to_pem(&self) -> String {
        pem::encode(self.0.as_bytes())
    }

    /// # Errors
    /// If the text is not such a PEM, or the key in it is not usable.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&pem::decode(text)?)
    }

    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        // Under a key of small order, one signature is valid for almost every message.
        let key = VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak());
        key.map(Self).ok_or(KeyError::Point)
    }

    pub(crate) fn verifying_key(&self) -> &VerifyingKey {
        &self.0
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = decode(PUBLIC, text)?;
        let key = bytes.as_slice().try_into().map_err(|_| KeyError::Length {
            prefix: PUBLIC,
            expected: "32",
            actual: bytes.len(),
        })?;
        Self::from_bytes(key)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(PUBLIC, self.0.as_bytes()))
    }
}
