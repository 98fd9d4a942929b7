//! A body on its way through the state machine: byte-exact, and never larger than a state may be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::{ConfigId, EventId, OrgId};

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

/// A body in S3 that `hydrate` has yet to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The object's key, `claims/{org_id}/{config_id}/{event_id}`.
    pub key: String,
    /// SHA-256 in hex, when the one who stored it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Claim {
    /// The key under which the body of an event (or of an upload) is kept.
    pub fn key_for(org_id: &OrgId, config_id: ConfigId, id: EventId) -> String {
        format!("{}{id}", Self::prefix(org_id, config_id))
    }

    /// What every key of this config's claim checks starts with.
    pub fn prefix(org_id: &OrgId, config_id: ConfigId) -> String {
        format!("claims/{org_id}/{config_id}/")
    }

    /// Whether the key is one of this config's and nothing more.
    pub fn belongs_to(&self, org_id: &OrgId, config_id: ConfigId) -> bool {
        self.key
            .strip_prefix(&Self::prefix(org_id, config_id))
            .is_some_and(|id| id.parse::<EventId>().is_ok())
    }
}

/// An object in S3, pinned: any change of it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedObject {
    /// The object's key in the claim-check bucket.
    pub key: String,
    /// Its entity tag when it was looked at.
    pub etag: String,
    /// Its version, where the bucket keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 in hex, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The body of an event in the state: itself, or where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The body itself; small.
    Inline(Content),
    /// The body of this event of the same webhook, as it is kept; `fetch-config` puts it in the place of this.
    Kept(EventId),
    /// What was sent in the place of the body of this event of the same webhook; `fetch-config` puts it in the place of this.
    Sent(EventId),
    /// A claim check that was not resolved yet.
    Claim(Claim),
    /// A resolved claim check.
    Object(PinnedObject),
    /// A body that is not to be had, and why; for the producer. `deliver` makes it a failed attempt.
    Unusable(String),
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

    #[test]
    fn a_claim_of_another_org_does_not_belong() {
        let org: OrgId = "acme".parse().unwrap();
        let config: ConfigId = "0190a000-0000-7000-8000-00000000000a".parse().unwrap();
        let id: EventId = "0190a000-0000-7000-8000-00000000000b".parse().unwrap();
        let claim = |key: String| Claim { key, sha256: None };
        assert!(claim(Claim::key_for(&org, config, id)).belongs_to(&org, config));
        for key in [
            format!("claims/other/{config}/{id}"),
            format!("claims/acme/{config}/../../other/{config}/{id}"),
            format!("claims/acme/{config}/"),
            format!("claims/acme/{config}/{id}/x"),
        ] {
            assert!(!claim(key.clone()).belongs_to(&org, config), "{key}");
        }
    }
}
