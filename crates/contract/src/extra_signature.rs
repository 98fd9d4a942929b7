//! A signature in the format of another service, beside those of Standard Webhooks (ADR 0057).

use serde::{Deserialize, Serialize};

use crate::FieldError;
use crate::auth_fields::given;
use crate::limits::{MAX_SIGNATURE_HEADER_CHARS, MAX_SIGNATURE_PREFIX_CHARS};

/// One more signature of each request, for a receiver that verifies such signatures already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraSignature {
    /// What is signed, and how the signature is written.
    #[serde(rename = "type")]
    pub kind: SignatureKind,
    /// The header with the signature; none for [`SignatureKind::Svix`], which has headers of its own.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The hash function of a [`SignatureKind::Hmac`]; by default SHA-256.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<HmacAlgorithm>,
    /// How a [`SignatureKind::Hmac`] is written; by default in hex.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub encoding: Option<SignatureEncoding>,
    /// What stands before a [`SignatureKind::Hmac`]; by default nothing.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// What is signed, and how the signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureKind {
    /// The headers of Standard Webhooks, under the names that Svix gives them.
    Svix,
    /// `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`, as Stripe does.
    Stripe,
    /// An HMAC of the body alone.
    Hmac,
}

/// The hash function of an HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum HmacAlgorithm {
    Sha1,
    #[default]
    Sha256,
    Sha512,
}

/// How the bytes of a signature are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureEncoding {
    /// Hexadecimal digits in lower case.
    #[default]
    Hex,
    /// Standard base64 with padding.
    Base64,
}

impl ExtraSignature {
    /// The headers of [`SignatureKind::Svix`]: the id, the time and the signatures.
    pub const SVIX_HEADERS: [&'static str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

    /// The headers that it adds to a request, as they were written.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        let own = (self.kind == SignatureKind::Svix).then_some(Self::SVIX_HEADERS);
        own.into_iter().flatten().chain(self.header.as_deref())
    }

    /// Checks everything except for the name of the header, which the egress policy checks.
    ///
    /// # Errors
    /// If a field is invalid, missing, or of another type: the first such field.
    pub fn check(&self) -> Result<(), FieldError> {
        let wrong =
            |field: &str, reason: String| Err(FieldError::new(format!("extra_signature.{field}"), reason));
        if self.kind != SignatureKind::Hmac {
            let given = [
                ("algorithm", self.algorithm.is_some()),
                ("encoding", self.encoding.is_some()),
                ("prefix", self.prefix.is_some()),
            ];
            if let Some((field, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
                return wrong(field, "goes with the type hmac".to_owned());
            }
        }
        match (&self.header, self.kind) {
            (Some(_), SignatureKind::Svix) => {
                return wrong("header", "must be left out: svix has headers of its own".to_owned());
            }
            (None, SignatureKind::Stripe | SignatureKind::Hmac) => {
                return wrong("header", "is missing".to_owned());
            }
            (Some(name), _) if !(1..=MAX_SIGNATURE_HEADER_CHARS).contains(&name.len()) => {
                return wrong("header", format!("must be 1 to {MAX_SIGNATURE_HEADER_CHARS} characters"));
            }
            _ => {}
        }
        let is_fine = |prefix: &String| {
            prefix.len() <= MAX_SIGNATURE_PREFIX_CHARS
                && !prefix.starts_with(' ')
                && prefix.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        };
        if !self.prefix.as_ref().is_none_or(is_fine) {
            let reason = format!(
                "must be at most {MAX_SIGNATURE_PREFIX_CHARS} visible ASCII characters or spaces, and not begin with a space"
            );
            return wrong("prefix", reason);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn checked(json: Value) -> Result<ExtraSignature, String> {
        let signature: ExtraSignature = serde_json::from_value(json).map_err(|error| error.to_string())?;
        signature.check().map_err(|error| error.field)?;
        Ok(signature)
    }

    #[test]
    fn a_type_takes_its_own_fields_and_no_others() {
        let header = "X-Signature";
        for (json, wrong) in [
            (json!({"type": "svix"}), None),
            (json!({"type": "svix", "header": header}), Some("header")),
            (json!({"type": "stripe", "header": header}), None),
            (json!({"type": "stripe"}), Some("header")),
            (json!({"type": "stripe", "header": ""}), Some("header")),
            (json!({"type": "stripe", "header": header, "algorithm": "sha256"}), Some("algorithm")),
            (json!({"type": "svix", "encoding": "hex"}), Some("encoding")),
            (json!({"type": "stripe", "header": header, "prefix": "a"}), Some("prefix")),
            (json!({"type": "hmac", "header": header}), None),
            (json!({"type": "hmac", "header": "x".repeat(101)}), Some("header")),
            (
                json!({"type": "hmac", "header": header, "algorithm": "sha512", "encoding": "base64", "prefix": "a b="}),
                None,
            ),
            (json!({"type": "hmac", "header": header, "prefix": " a"}), Some("prefix")),
            (json!({"type": "hmac", "header": header, "prefix": "a\r\nb: c"}), Some("prefix")),
            (json!({"type": "hmac", "header": header, "prefix": "a".repeat(65)}), Some("prefix")),
        ] {
            let field = wrong.map(|field| format!("extra_signature.{field}"));
            assert_eq!(checked(json.clone()).err(), field, "{json}");
        }
        for json in [
            json!({}),
            json!({"type": "md5"}),
            json!({"type": "svix", "key": "k"}),
            json!({"type": "svix", "header": null}),
        ] {
            assert!(serde_json::from_value::<ExtraSignature>(json.clone()).is_err(), "{json}");
        }
    }

    #[test]
    fn its_headers_are_known() {
        let headers = |json| checked(json).unwrap().headers().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(headers(json!({"type": "svix"})), ["svix-id", "svix-timestamp", "svix-signature"]);
        assert_eq!(headers(json!({"type": "hmac", "header": "X-Signature"})), ["X-Signature"]);
    }

    proptest! {
        #[test]
        fn a_prefix_that_is_taken_breaks_no_header(prefix in "\\PC{0,70}|[\\x00-\\x7f]{0,70}") {
            let json = json!({"type": "hmac", "header": "X-Signature", "prefix": prefix});
            if checked(json).is_ok() {
                prop_assert!(prefix.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
                prop_assert_eq!(prefix.trim_start(), &prefix);
            }
        }
    }
}
