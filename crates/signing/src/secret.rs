//! The secret that a webhook and its receiver share.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::KeyError;
use crate::encoding::{decode, encode};

const PREFIX: &str = "whsec_";

/// The block size of SHA-256 in bytes, which is also the longest secret that Standard Webhooks allows.
const BLOCK_BYTES: usize = 64;

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
        if (MIN_BYTES..=BLOCK_BYTES).contains(&bytes.len()) {
            return Ok(Self(bytes));
        }
        Err(KeyError::Length { prefix: PREFIX, expected: "24 to 64", actual: bytes.len() })
    }

    /// The secret as text, to be shown to its owner once.
    pub fn reveal(&self) -> Zeroizing<String> {
        encode(PREFIX, &self.0)
    }

    pub(crate) fn hmac(&self) -> Hmac<Sha256> {
        // HMAC pads a key with zeros to the block size (RFC 2104). No secret is longer than a block, so this
        // cannot fail.
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        block[..self.0.len()].copy_from_slice(&self.0);
        Hmac::new((&*block).into())
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
