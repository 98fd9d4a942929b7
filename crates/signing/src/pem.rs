//! An Ed25519 public key as PEM.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::KeyError;

/// The first bytes of the DER of every such key: a sequence of the algorithm, 1.3.101.112 without parameters,
/// and of a bit string of 33 bytes, the first of which says that no bits are unused (RFC 8410, section 4).
const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

pub(crate) fn encode(key: &[u8; 32]) -> String {
    // 60 characters, which fit on one line.
    let base64 = STANDARD.encode([&HEAD[..], key].concat());
    format!("{BEGIN}\n{base64}\n{END}\n")
}

pub(crate) fn decode(text: &str) -> Result<[u8; 32], KeyError> {
    let inside = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let base64: String = inside.ok_or(KeyError::Pem)?.split_ascii_whitespace().collect();
    let der = STANDARD.decode(base64).map_err(|_| KeyError::Pem)?;
    der.strip_prefix(&HEAD).and_then(|key| key.try_into().ok()).ok_or(KeyError::Pem)
}
