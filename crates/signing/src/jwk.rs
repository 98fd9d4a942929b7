//! An Ed25519 public key as a JSON Web Key (RFC 7517, RFC 8037).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{KeyError, PublicKey};

impl PublicKey {
    /// The member `x` of the JSON Web Key: its 32 bytes as base64url without padding.
    pub fn to_jwk_x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.verifying_key().as_bytes())
    }

    /// The key whose JSON Web Key has this member `x`.
    ///
    /// # Errors
    /// If the text is not base64url of 32 bytes without padding, or these are no usable key.
    pub fn from_jwk_x(x: &str) -> Result<Self, KeyError> {
        let bytes = URL_SAFE_NO_PAD.decode(x).map_err(|_| KeyError::JwkX)?;
        Self::from_bytes(&bytes.try_into().map_err(|_| KeyError::JwkX)?)
    }

    /// The thumbprint of the JSON Web Key (RFC 7638), which serves as its `kid`.
    pub fn jwk_thumbprint(&self) -> String {
        // The required members in the order of their names, without white space.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.to_jwk_x());
        URL_SAFE_NO_PAD.encode(Sha256::digest(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendices A.2 and A.3.
    #[test]
    fn the_key_and_its_thumbprint_are_those_of_rfc_8037() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let key = PublicKey::from_jwk_x(x).unwrap();
        assert_eq!(key.to_jwk_x(), x);
        assert_eq!(key.jwk_thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for (x, expected) in [
            ("", KeyError::JwkX),
            ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=", KeyError::JwkX),
            ("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo", KeyError::JwkX),
            ("AQ", KeyError::JwkX),
            ("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", KeyError::Point),
        ] {
            assert_eq!(PublicKey::from_jwk_x(x), Err(expected), "{x}");
        }
    }
}
