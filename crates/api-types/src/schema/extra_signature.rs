//! An extra signature: each type has fields of its own.

use hookstep_contract::limits::{MAX_SIGNATURE_HEADER_CHARS, MAX_SIGNATURE_PREFIX_CHARS};
use hookstep_contract::{HmacAlgorithm, SignatureEncoding};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::fields::{Fields, text};
use crate::names::names;

/// One more signature of each request, in a format that the receiver verifies already.
#[derive(Debug)]
pub enum ExtraSignature {}

impl PartialSchema for ExtraSignature {
    fn schema() -> RefOr<Schema> {
        let header = |example| {
            text("The header with the signature. No other part of the webhook may set it, and Hookstep's own headers are reserved.")
                .min_length(Some(1))
                .max_length(Some(MAX_SIGNATURE_HEADER_CHARS))
                .pattern(Some(TOKEN))
                .examples([example])
        };
        let prefix = text("What stands before the signature.")
            .max_length(Some(MAX_SIGNATURE_PREFIX_CHARS))
            .pattern(Some("^([!-~][ -~]*)?$"))
            .examples(["sha256="]);
        let variants = [
            Fields::variant(
                "svix",
                "The headers `svix-id`, `svix-timestamp` and `svix-signature`, with the values of `webhook-id`, `webhook-timestamp` \
                 and `webhook-signature`.",
            ),
            Fields::variant(
                "stripe",
                "`t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`, with a `v1` for every valid secret.",
            )
            .required("header", header("Acme-Signature")),
            Fields::variant("hmac", "An HMAC of the body, made with the newest secret.")
                .required("header", header("X-Hub-Signature-256"))
                .optional(
                    "algorithm",
                    named("The hash function.", names::<HmacAlgorithm>(), "sha256"),
                )
                .optional(
                    "encoding",
                    named("How the signature is written.", names::<SignatureEncoding>(), "hex"),
                )
                .optional("prefix", prefix),
        ];
        let one_of = OneOfBuilder::new().description(Some(
            "One more signature of each request, in a format that the receiver verifies already. Its key is the signing secret: \
             the bytes for which the base64 after `whsec_` stands.",
        ));
        variants.into_iter().fold(one_of, |one_of, variant| one_of.item(variant.build())).into()
    }
}

impl ToSchema for ExtraSignature {}

/// The name of a header (RFC 9110 §5.6.2).
const TOKEN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

fn named(description: &str, names: &'static [&'static str], default: &str) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    text.enum_values(Some(names.iter().copied())).default(Some(default.into()))
}
