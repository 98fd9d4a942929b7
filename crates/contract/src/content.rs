//! Bytes in JSON: byte-exact and as short as possible.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes represented in JSON: as text if they are valid UTF-8, otherwise as base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Text whose UTF-8 encoding is the bytes.
    Text(String),
    /// The bytes in standard base64.
    Base64(String),
}

/// A body as it is shown: as text if it is valid UTF-8, otherwise as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownBody {
    /// The text, or the bytes in base64.
    pub text: String,
    /// `base64` if the bytes are not text.
    pub encoding: Option<&'static str>,
}

const BASE64: &str = "base64";

impl Content {
    /// Chooses the form that is shorter when serialised: escaping makes text full of control characters six
    /// times as long.
    pub fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if escaped_len(text) <= base64_len(bytes.len()) => Self::Text(text.to_owned()),
            _ => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The bytes, or `None` if the base64 is invalid.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => STANDARD.decode(text).ok(),
        }
    }

    /// The form in which people and programs see a body. The stored form is chosen for its length, and may be
    /// base64 although the bytes are text.
    pub fn into_shown(self) -> ShownBody {
        let decoded = |base64: &str| String::from_utf8(STANDARD.decode(base64).ok()?).ok();
        match self {
            Self::Text(text) => ShownBody { text, encoding: None },
            Self::Base64(base64) => match decoded(&base64) {
                Some(text) => ShownBody { text, encoding: None },
                None => ShownBody { text: base64, encoding: Some(BASE64) },
            },
        }
    }

    /// The length in bytes inside a JSON document, without the quotes.
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
    text.bytes().map(|byte| usize::from(ESCAPED_LEN[usize::from(byte)])).sum()
}

/// The length of each byte inside a JSON string.
static ESCAPED_LEN: [u8; 256] = {
    let mut lengths = [1; 256];
    let mut byte = 0;
    while byte < lengths.len() {
        lengths[byte] = match byte as u8 {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0x00..=0x1f => 6,
            // Step Functions may escape DEL although serde_json does not: count the longer form.
            0x7f => 6,
            _ => 1,
        };
        byte += 1;
    }
    lengths
};

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
    fn text_is_shown_as_text_in_whichever_form_it_is_stored() {
        for (bytes, text, encoding) in [
            (&br#"["a","b"]"#[..], r#"["a","b"]"#, None),
            (b"\x01\x02\x03\x04\x05\x06", "\x01\x02\x03\x04\x05\x06", None),
            (b"plain", "plain", None),
            (b"", "", None),
            (b"\xff\x00", "/wA=", Some("base64")),
        ] {
            let shown = Content::new(bytes).into_shown();
            assert_eq!((&*shown.text, shown.encoding), (text, encoding));
        }
        assert!(matches!(Content::new(br#"["a","b"]"#), Content::Base64(_)), "its shorter form");
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
