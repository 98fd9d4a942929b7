//! The extra signature of a webhook: its format, the headers with it, and how it is recorded.

use hookstep_contract::{ExtraSignature, HmacAlgorithm, SignatureEncoding, SignatureKind};
use hookstep_signing::{ExtraFormat, Hash, TextEncoding};

use crate::mask::masked;

/// What has to be signed for it; `None` if the signatures of Standard Webhooks are sent again under other names.
pub(crate) fn format(extra: &ExtraSignature) -> Option<ExtraFormat> {
    match extra.kind {
        SignatureKind::Svix => None,
        SignatureKind::Stripe => Some(ExtraFormat::Timestamped),
        SignatureKind::Hmac => Some(ExtraFormat::Body {
            hash: match extra.algorithm.unwrap_or_default() {
                HmacAlgorithm::Sha1 => Hash::Sha1,
                HmacAlgorithm::Sha256 => Hash::Sha256,
                HmacAlgorithm::Sha512 => Hash::Sha512,
            },
            encoding: match extra.encoding.unwrap_or_default() {
                SignatureEncoding::Hex => TextEncoding::Hex,
                SignatureEncoding::Base64 => TextEncoding::Base64,
            },
            prefix: extra.prefix.clone().unwrap_or_default(),
        }),
    }
}

/// The value of the header as it is recorded: with what a signature is, without the signature.
pub(crate) fn shown(extra: &ExtraSignature, seconds: i64) -> String {
    match extra.kind {
        SignatureKind::Svix | SignatureKind::Stripe => format!("t={seconds},v1={}", masked()),
        SignatureKind::Hmac => format!("{}{}", extra.prefix.as_deref().unwrap_or_default(), masked()),
    }
}
