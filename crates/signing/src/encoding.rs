//! The text forms of keys: a prefix that says which kind it is, then base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

/// A text that is not a key. It does not repeat the text, which may be a secret all the same.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Another kind of key, or none.
    #[error("a key of this kind begins with {0}")]
    Prefix(&'static str),
    /// No base64, or not in the one spelling that every decoder takes.
    #[error("what follows {0} is not standard base64 with padding")]
    Base64(&'static str),
    /// Longer or shorter than a key of this kind is.
    #[error("what follows {prefix} stands for {actual} bytes, and must for {expected}")]
    Length {
        /// What the text begins with.
        prefix: &'static str,
        /// How many bytes a key of this kind has.
        expected: &'static str,
        /// How many these are.
        actual: usize,
    },
    /// The public half of a private key is not that of its secret half.
    #[error("the two halves of the private key do not belong together")]
    Halves,
    /// Not a point of the curve, or one for which almost anything is a valid signature.
    #[error("these 32 bytes are not a usable Ed25519 public key")]
    Point,
    /// Not PEM, or a key of another algorithm.
    #[error("not the PEM of an Ed25519 public key, which begins with -----BEGIN PUBLIC KEY-----")]
    Pem,
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
