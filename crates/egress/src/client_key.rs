//! The key with which an OAuth client signs its assertions (RFC 7523): the algorithms of JWS (RFC 7518) that every
//! authorisation server knows.

use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::SigningKey;
use thiserror::Error;

use crate::client_tls::private_key;

/// The length of each of the two numbers of an ES256 signature.
const ES256_NUMBER_BYTES: usize = 32;

/// A client's private key.
pub struct ClientKey {
    key: Arc<dyn SigningKey>,
    algorithm: Algorithm,
}

#[derive(Clone, Copy)]
enum Algorithm {
    Es256,
    Rs256,
}

/// Why a key cannot be used. It reveals nothing of the key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ClientKeyRefusal(&'static str);

const UNSUPPORTED: ClientKeyRefusal = ClientKeyRefusal(
    "is broken, or not of a supported kind: RSA from 2,048 bits (RS256), ECDSA on P-256 (ES256)",
);

impl Algorithm {
    const ALL: [Self; 2] = [Self::Es256, Self::Rs256];

    fn scheme(self) -> SignatureScheme {
        match self {
            Self::Es256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            Self::Rs256 => SignatureScheme::RSA_PKCS1_SHA256,
        }
    }
}

impl ClientKey {
    /// Reads a private key: PEM, of the forms PKCS#8, PKCS#1 or SEC 1.
    ///
    /// # Errors
    /// If there is not exactly one private key, or if it is not of a supported kind.
    pub fn parse(text: &[u8]) -> Result<Self, ClientKeyRefusal> {
        let key = private_key(text).map_err(|refusal| ClientKeyRefusal(refusal.reason))?;
        let key = any_supported_type(&key).map_err(|_| UNSUPPORTED)?;
        let is_its = |algorithm: &Algorithm| key.choose_scheme(&[algorithm.scheme()]).is_some();
        let algorithm = Algorithm::ALL.into_iter().find(is_its).ok_or(UNSUPPORTED)?;
        Ok(Self { key, algorithm })
    }

    /// The name of the key's algorithm, for the header `alg`.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Es256 => "ES256",
            Algorithm::Rs256 => "RS256",
        }
    }

    /// The signature of a message, in the form of JWS; `None` if the key cannot sign.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = self.key.choose_scheme(&[self.algorithm.scheme()])?.sign(message).ok()?;
        match self.algorithm {
            Algorithm::Es256 => fixed(&signature),
            Algorithm::Rs256 => Some(signature),
        }
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey(***)")
    }
}

/// Converts an ECDSA signature from the form of TLS, a DER sequence of two numbers, to that of JWS: both numbers with all
/// their bytes.
fn fixed(der: &[u8]) -> Option<Vec<u8>> {
    let [0x30, _, rest @ ..] = der else { return None };
    let (r, rest) = number(rest)?;
    let (s, _) = number(rest)?;
    Some([r, s].concat())
}

/// A number at the start of `der`, with all its bytes, and what follows it.
fn number(der: &[u8]) -> Option<([u8; ES256_NUMBER_BYTES], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (digits, rest) = rest.split_at_checked(usize::from(*length))?;
    // A zero in front says that the number is positive.
    let digits = &digits[digits.iter().take_while(|&&byte| byte == 0).count()..];
    let mut number = [0; ES256_NUMBER_BYTES];
    number[ES256_NUMBER_BYTES.checked_sub(digits.len())?..].copy_from_slice(digits);
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    #[test]
    fn a_signature_has_the_form_of_jws() {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let key = ClientKey::parse(pair.serialize_pem().as_bytes()).unwrap();
        assert_eq!(key.algorithm(), "ES256");
        for message in 0..64_u8 {
            assert_eq!(key.sign(&[message]).unwrap().len(), 64);
        }
        let rsa = ClientKey::parse(include_bytes!("tests/fixtures/rsa.test.key.pem")).unwrap();
        assert_eq!(
            (rsa.algorithm(), rsa.sign(b"message").map(|signature| signature.len())),
            ("RS256", Some(256))
        );
    }

    #[test]
    fn other_keys_are_refused() {
        for algorithm in [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
            let pair = KeyPair::generate_for(algorithm).unwrap();
            assert_eq!(ClientKey::parse(pair.serialize_pem().as_bytes()).unwrap_err(), UNSUPPORTED);
        }
        assert!(ClientKey::parse(b"hello").is_err());
    }

    #[test]
    fn short_numbers_are_padded_and_long_ones_refused() {
        let der = [&[0x30, 0][..], &[2, 1, 7], &[2, 3, 0, 0x80, 1]].concat();
        let signature = fixed(&der).unwrap();
        assert_eq!((signature[31], &signature[62..]), (7, &[0x80, 1][..]));
        assert_eq!(fixed(&[&[0x30, 0, 2, 33][..], &[1; 33]].concat()), None);
        assert_eq!(fixed(b""), None);
    }
}
