//! The body of a response as people can read it.

use std::collections::BTreeMap;

use hookstep_content_coding::{Codings, Decoded, End};
use hookstep_contract::limits::RESPONSE_BODY_BYTES;

/// The first part of a response body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReadableBody {
    pub(crate) bytes: Vec<u8>,
    /// The `Content-Encoding` of the response, if the bytes are what was inside.
    pub(crate) decoded: Option<String>,
    pub(crate) truncated: bool,
}

impl ReadableBody {
    /// Decodes a body whose coding can be read. A credential inside would otherwise escape the mask.
    pub(crate) fn of(headers: &BTreeMap<String, String>, body: Vec<u8>, truncated: bool) -> Self {
        let value = headers.get("content-encoding");
        let codings = value.and_then(|value| Codings::parse(value).ok());
        let Some(codings) = codings.filter(|codings| !codings.is_identity() && !body.is_empty()) else {
            return Self { bytes: body, decoded: None, truncated };
        };
        let Decoded { bytes, end } = codings.decode(&body, RESPONSE_BODY_BYTES);
        if bytes.is_empty() && end == End::Broken {
            // The header does not tell the truth.
            return Self { bytes: body, decoded: None, truncated };
        }
        Self { bytes, decoded: value.cloned(), truncated: truncated || end != End::Complete }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_body_is_decoded_as_far_as_it_goes() {
        let whole = STANDARD.decode("H4sIAAAAAAACA6tWKi5JLCktVrJSKkjMTFGqBQD2jiDFEQAAAA==").unwrap();
        let text = br#"{"status":"paid"}"#;
        let read = |coding: &str, body: &[u8], truncated| {
            let headers = BTreeMap::from([("content-encoding".to_owned(), coding.to_owned())]);
            let ReadableBody { bytes, decoded, truncated } =
                ReadableBody::of(&headers, body.to_vec(), truncated);
            (bytes, decoded.is_some(), truncated)
        };
        assert_eq!(read("gzip", &whole, false), (text.to_vec(), true, false));
        let (part, decoded, truncated) = read("gzip", &whole[..whole.len() - 12], true);
        assert!(text.starts_with(&part) && !part.is_empty() && decoded && truncated);
        for (coding, body) in [("br", &whole[..]), ("gzip", b"plain"), ("identity", b"plain"), ("gzip", b"")]
        {
            assert_eq!(read(coding, body, false), (body.to_vec(), false, false), "{coding}");
        }
    }
}
