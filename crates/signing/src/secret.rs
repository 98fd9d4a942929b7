//! The secret that a webhook and its receiver share.

use std::fmt;
use std::str::FromStr;

use hmac::digest::Key;
use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::KeyError;
use crate::encoding::{decode, encode};

const PREFIX: &str = "whsec_";

/// The longest secret that Standard Webhooks allows, in bytes. It is also the block size of SHA-1 and SHA-256, and SHA-512 has a
/// larger one.
const MAX_BYTES: usize = 64;

/// The shortest secret that Standard Webhooks allows, in bytes.
const MIN_BYTES: usize = 24;

/// A key for `v1` signatures: 24 to 64 bytes, written as `whsec_` and their base64.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A new secret from `bytes`, which must be unpredictable.
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// A secret that somebody else has made, from its bytes.
    ///
    /// # Errors
    /// If it is shorter or longer than Standard Webhooks allows.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Result<Self, KeyError> {
        if (MIN_BYTES..=MAX_BYTES).contains(&bytes.len()) {
            return Ok(Self(bytes));
        }
        Err(KeyError::Length { prefix: PREFIX, expected: "24 to 64", actual: bytes.len() })
    }

    /// The secret as text, to be shown to its owner once.
    pub fn reveal(&self) -> Zeroizing<String> {
        encode(PREFIX, &self.0)
    }

    pub(crate) fn hmac(&self) -> Hmac<Sha256> {
        self.keyed()
    }

    /// An HMAC with this key, whatever its hash.
    pub(crate) fn keyed<M: KeyInit>(&self) -> M {
        // HMAC pads a key with zeros to the block size (RFC 2104). No secret is longer than the shortest block.
        let mut block = Key::<M>::default();
        block.as_mut_slice()[..self.0.len()].copy_from_slice(&self.0);
        let hmac = M::new(&block);
        block.as_mut_slice().zeroize();
        hmac
    }
}

impl FromStr for Secret {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(decode(PREFIX, text)?)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
