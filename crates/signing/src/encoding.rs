//! The text forms of keys: a prefix for the kind of key, then base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a text is not a valid key. The error does not repeat the text, which may still be a secret.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// The text is another kind of key, or not a key.
    #[error("a key of this kind begins with {0}")]
    Prefix(&'static str),
    /// The text is not base64, or not in the canonical form that every decoder accepts.
    #[error("what follows {0} is not standard base64 with padding")]
    Base64(&'static str),
    /// The key has the wrong length for its kind.
    #[error("what follows {prefix} stands for {actual} bytes, and must for {expected}")]
    Length {
        /// The prefix of the text.
        prefix: &'static str,
        /// The length of a key of this kind, in bytes.
        expected: &'static str,
        /// The actual length, in bytes.
        actual: usize,
    },
    /// The public half of the private key does not match its secret half.
    #[error("the two halves of the private key do not belong together")]
    Halves,
    /// The bytes are not a point on the curve, or a point under which one signature is valid for almost every
    /// message.
    #[error("these 32 bytes are not a usable Ed25519 public key")]
    Point,
    /// The text is not PEM, or is a key of another algorithm.
    #[error("not the PEM of an Ed25519 public key, which begins with -----BEGIN PUBLIC KEY-----")]
    Pem,
    /// The member `x` of a JSON Web Key is not base64url without padding, or not of 32 bytes.
    #[error("x must be 32 bytes as base64url without padding")]
    JwkX,
}

pub(crate) fn encode(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut text = String::with_capacity(prefix.len() + bytes.len().div_ceil(3) * 4);
    text.push_str(prefix);
    STANDARD.encode_string(bytes, &mut text);
    Zeroizing::new(text)
}

pub(crate) fn decode(prefix: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let base64 = text.strip_prefix(prefix).ok_or(KeyError::Prefix(prefix))?;
    STANDARD.decode(base64).map(Zeroizing::new).map_err(|_| KeyError::Base64(prefix))
}
