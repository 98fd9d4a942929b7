//! The extra signature of a webhook in its form.

use hookstep_contract::{ConfigFields, ExtraSignature, HmacAlgorithm, SignatureEncoding, SignatureKind};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use crate::form::{ControlAttributes, Field, Form, FormFault};

const KINDS: [(&str, &str); 4] = [
    ("", "None"),
    ("svix", "Standard Webhooks with the header names of Svix"),
    ("stripe", "Time and body, like Stripe: t=…,v1=…"),
    ("hmac", "Body alone, like GitHub: sha256=…"),
];
const ALGORITHMS: [(&str, &str); 3] = [("sha256", "SHA-256"), ("sha512", "SHA-512"), ("sha1", "SHA-1")];
const ENCODINGS: [(&str, &str); 2] = [("hex", "Hex"), ("base64", "Base64")];

/// What fills the controls.
pub(super) fn pairs(fields: &ConfigFields) -> Vec<(&'static str, String)> {
    let Some(ExtraSignature { kind, header, algorithm, encoding, prefix }) = &fields.extra_signature else {
        return Vec::new();
    };
    let kind = match kind {
        SignatureKind::Svix => "svix",
        SignatureKind::Stripe => "stripe",
        SignatureKind::Hmac => "hmac",
    };
    let algorithm = algorithm.map(|algorithm| match algorithm {
        HmacAlgorithm::Sha1 => "sha1",
        HmacAlgorithm::Sha256 => "sha256",
        HmacAlgorithm::Sha512 => "sha512",
    });
    let encoding = encoding.map(|encoding| match encoding {
        SignatureEncoding::Hex => "hex",
        SignatureEncoding::Base64 => "base64",
    });
    vec![
        ("signature", kind.to_owned()),
        ("signature_header", header.clone().unwrap_or_default()),
        ("signature_algorithm", algorithm.unwrap_or_default().to_owned()),
        ("signature_encoding", encoding.unwrap_or_default().to_owned()),
        ("signature_prefix", prefix.clone().unwrap_or_default()),
    ]
}

/// The signature in the format of the API: the fields that its type takes, without those that are left empty. What is missing
/// is the API's to reject.
pub(super) fn read(form: &Form) -> Value {
    let kind = form.get("signature");
    let parts: &[&str] = match kind {
        "" => return Value::Null,
        "stripe" => &["header"],
        "hmac" => &["header", "algorithm", "encoding", "prefix"],
        _ => &[],
    };
    let typed = |part: &str| match part {
        // A space may stand between it and the signature.
        "prefix" => form.get("signature_prefix"),
        part => form.get(&format!("signature_{part}")).trim(),
    };
    let given = parts.iter().map(|part| (*part, typed(part)));
    let given = given.filter(|(_, value)| !value.is_empty());
    let given = given.map(|(part, value)| (part.to_owned(), json!(value)));
    Value::Object(given.chain([("type".to_owned(), json!(kind))]).collect::<Map<_, _>>())
}

/// The section, folded while there is no such signature.
pub(super) fn section(form: &Form, fault: FormFault) -> Markup {
    let field = |name, label, hint| Field { name, label, hint, fault };
    let select = |name: &'static str, options: &'static [(&str, &str)]| {
        move |attributes: &ControlAttributes| {
            html! {
                select id=(attributes.id) name=(name) aria-invalid=[attributes.invalid] {
                    @for (value, label) in options { option value=(value) selected[form.get(name) == *value] { (label) } }
                }
            }
        }
    };
    let line =
        |name, label, hint, control: &str| field(name, label, hint).line("text", control, form.get(control));
    let is_open = !form.get("signature").is_empty() || fault.of("extra_signature").is_some();
    html! {
        details.card open[is_open] {
            summary { "Signature: one more, for a receiver that verifies it already" }
            p.hint { "The header webhook-signature is always there. The key is the same secret: if the receiver has one already, replace the \
                secret of the webhook by it." }
            (field("extra_signature", "One more signature", "").with(select("signature", &KINDS)))
            (line("extra_signature.header", "Header", "Like X-Hub-Signature-256. Not for Svix.", "signature_header"))
            div.halves {
                (field("extra_signature.algorithm", "Hash function", "Of the body alone.").with(select("signature_algorithm", &ALGORITHMS)))
                (field("extra_signature.encoding", "Written in", "").with(select("signature_encoding", &ENCODINGS)))
            }
            (line("extra_signature.prefix", "Text before it", "Of the body alone. Like sha256=.", "signature_prefix"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_read_as_it_was_filled_in() {
        let all = "signature_header=%20X-Sig%20&signature_algorithm=sha512&signature_encoding=base64&signature_prefix=a%20";
        for (kind, expected) in [
            ("", Value::Null),
            ("svix", json!({"type": "svix"})),
            ("stripe", json!({"type": "stripe", "header": "X-Sig"})),
            (
                "hmac",
                json!({"type": "hmac", "header": "X-Sig", "algorithm": "sha512", "encoding": "base64", "prefix": "a "}),
            ),
        ] {
            let read = read(&Form::read(format!("signature={kind}&{all}").as_bytes()));
            assert_eq!(read, expected, "{kind}");
            let webhook = json!({"name": "n", "url": "https://example.com/", "extra_signature": read});
            let filled = Form::from_pairs(pairs(&serde_json::from_value(webhook).unwrap()));
            assert_eq!(super::read(&filled), expected, "{kind}");
        }
        assert_eq!(read(&Form::read(b"signature=hmac")), json!({"type": "hmac"}));
    }
}
