//! Bytes in JSON: byte-exact, and as short as they can be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes as JSON can carry them: as text where they are UTF-8, else as base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// The bytes are this text in UTF-8.
    Text(String),
    /// The bytes in standard base64.
    Base64(String),
}

impl Content {
    /// The shorter of the two forms once serialised: text full of control characters grows sixfold by escaping.
    pub fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if escaped_len(text) <= base64_len(bytes.len()) => Self::Text(text.to_owned()),
            _ => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The bytes, or `None` when the base64 is not valid.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }

    /// The text and, when it is not the bytes themselves, the name of its encoding: how the API shows a body.
    pub fn into_parts(self) -> (String, Option<&'static str>) {
        match self {
            Self::Text(text) => (text, None),
            Self::Base64(text) => (text, Some("base64")),
        }
    }

    /// Length in bytes inside a JSON document, quotes left out.
    pub fn serialised_len(&self) -> usize {
        match self {
            Self::Text(text) => escaped_len(text),
            Self::Base64(text) => text.len(),
        }
    }
}

fn base64_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// The length of `text` inside a JSON string, as `serde_json` escapes it.
fn escaped_len(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0x00..=0x1f => 6,
            // Step Functions may escape DEL where serde_json does not: count the larger.
            0x7f => 6,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_come_back_as_they_were() {
        for bytes in
            [&b""[..], b"{\"a\": 1.0}", b"\xff\x00", b"\x01\x02\x03\x04\x05\x06", "ä\u{7f}".as_bytes()]
        {
            assert_eq!(Content::new(bytes).to_bytes().as_deref(), Some(bytes));
        }
    }

    #[test]
    fn the_length_counts_escapes() {
        for text in ["plain", "quote\" slash\\ \n\t", "\u{1}\u{1f}", "日本"] {
            let content = Content::Text(text.to_owned());
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(content.serialised_len(), json.len() - 2, "{text:?}");
        }
        assert!(
            matches!(Content::new(&[1u8; 300]), Content::Base64(_)),
            "control characters are shorter in base64"
        );
    }
}
