//! Keeps credentials out of the record: from the headers that we sent, and from a response that repeats them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_secrets::OauthClient;

/// The replacement for a secret.
const MASKED: &str = "***";

/// Shorter secrets are too likely to match unrelated text: a password `true` would spoil every response.
const FINDABLE_BYTES: usize = 6;

/// Secrets to mask.
#[derive(Default)]
pub(crate) struct Mask(Vec<String>);

impl Mask {
    pub(crate) fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<_> =
            secrets.into_iter().filter(|secret| secret.len() >= FINDABLE_BYTES).collect();
        // The longest first, since one secret may be part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// Masks everything secret that was sent to an authorisation server.
    pub(crate) fn of_client(client: &OauthClient) -> Self {
        let pair = STANDARD.encode(format!("{}:{}", client.client_id, client.client_secret));
        let extras = client.extras.iter().map(|extra| extra.value.clone());
        Self::new(extras.chain([client.client_secret.clone(), pair]))
    }

    /// The text with every secret masked.
    pub(crate) fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, MASKED))
    }

    /// The bytes with every secret masked.
    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.iter().fold(bytes, |bytes, secret| replaced(bytes, secret.as_bytes()))
    }

    /// The values with every secret masked.
    pub(crate) fn values(&self, headers: BTreeMap<String, String>) -> BTreeMap<String, String> {
        if self.0.is_empty() {
            return headers;
        }
        headers.into_iter().map(|(name, value)| (name, self.text(&value))).collect()
    }
}

/// The recorded value of a secret header.
pub(crate) fn masked() -> String {
    MASKED.to_owned()
}

fn replaced(bytes: Vec<u8>, secret: &[u8]) -> Vec<u8> {
    let found = |bytes: &[u8]| bytes.windows(secret.len()).position(|window| window == secret);
    let Some(mut at) = found(&bytes) else { return bytes };
    let (mut rest, mut kept) = (&bytes[..], Vec::with_capacity(bytes.len()));
    loop {
        kept.extend_from_slice(&rest[..at]);
        kept.extend_from_slice(MASKED.as_bytes());
        rest = &rest[at + secret.len()..];
        match found(rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    kept.extend_from_slice(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_masked_and_nothing_else() {
        let mask = Mask::new(["secret".to_owned(), "secret-longer".to_owned(), "short".to_owned()]);
        let cases = [
            ("", ""),
            ("short", "short"),
            ("secret", "***"),
            ("a secretsecret b secret-longer", "a ****** b ***"),
            ("secre", "secre"),
        ];
        for (text, masked) in cases {
            assert_eq!(mask.text(text), masked);
            assert_eq!(mask.bytes(text.as_bytes().to_vec()), masked.as_bytes());
        }
        assert_eq!(mask.bytes(b"\xffsecret\xfe".to_vec()), b"\xff***\xfe");
    }
}
