use proptest::prelude::*;
use zeroize::Zeroizing;

use super::secret;
use crate::{ExtraFormat, ExtraSigner, Hash, Secret, TextEncoding};

fn text(secret: &str) -> Secret {
    Secret::from_bytes(Zeroizing::new(secret.as_bytes().to_vec())).unwrap()
}

fn body(hash: Hash, encoding: TextEncoding, prefix: &str) -> ExtraFormat {
    ExtraFormat::Body { hash, encoding, prefix: prefix.to_owned() }
}

fn signed(signer: &ExtraSigner, seconds: i64, parts: &[&[u8]]) -> String {
    let mut stream = signer.begin(seconds);
    parts.iter().for_each(|part| stream.update(part));
    stream.finish()
}

#[test]
fn a_body_is_signed_as_others_do() {
    // The value that GitHub documents ("Validating webhook deliveries").
    let github = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let signer = ExtraSigner::new(
        body(Hash::Sha256, TextEncoding::Hex, "sha256="),
        text("It's a Secret to Everybody"),
        vec![secret(2)],
    );
    assert_eq!(signed(&signer, 0, &[b"Hello, World!"]), github);
}

#[test]
fn each_hash_and_encoding_has_its_value() {
    // Made by `openssl dgst -sha1 -hmac …` and so on.
    for (format, expected) in [
        (body(Hash::Sha1, TextEncoding::Hex, ""), "8648dbe674fcd62b64be4816f4219cb398e61c9e"),
        (body(Hash::Sha256, TextEncoding::Base64, "v0 "), "v0 ZBhVO40lCpVMwasJJ+PBpildLwAZoJKJ5sG1QSR2gcQ="),
        (
            body(Hash::Sha512, TextEncoding::Base64, ""),
            "ns2zOILTZVu5opWgmGDDQSphEiQGl72WsRa1QoLwpN90LVX5R/sUN9932Hjh6wGflc0OKdvQjJYI8fwrfoNreg==",
        ),
        (
            ExtraFormat::Timestamped,
            "t=1767323045,v1=fbaa6dd053484d83b8dc03a7014e3ced04c8384ca99a3d8420af79659f54b2c0",
        ),
    ] {
        let signer = ExtraSigner::new(format, text("a secret of 24 bytes or."), vec![]);
        assert_eq!(signed(&signer, 1_767_323_045, &[b"{\"a\": ", b"1.0}"]), expected);
    }
}

#[test]
fn only_a_format_with_room_has_the_signatures_of_all_secrets() {
    let signed = |format| signed(&ExtraSigner::new(format, secret(1), vec![secret(2)]), 7, &[b"body"]);
    let alone = |format, key| {
        let mut stream = ExtraSigner::new(format, secret(key), vec![]).begin(7);
        stream.update(b"body");
        stream.finish()
    };
    let [new, old] = [1, 2].map(|key| alone(ExtraFormat::Timestamped, key));
    assert_eq!(signed(ExtraFormat::Timestamped), format!("{new},{}", old.strip_prefix("t=7,").unwrap()));
    let format = body(Hash::Sha256, TextEncoding::Hex, "");
    assert_eq!(signed(format.clone()), alone(format, 1));
}

proptest! {
    #[test]
    fn however_a_body_is_cut_its_signature_is_the_same(
        seconds: i64,
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        key in prop::collection::vec(any::<u8>(), 24..=64),
    ) {
        let whole = parts.concat();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        for format in [
            ExtraFormat::Timestamped,
            body(Hash::Sha1, TextEncoding::Hex, ""),
            body(Hash::Sha512, TextEncoding::Base64, "x="),
        ] {
            let key = Secret::from_bytes(Zeroizing::new(key.clone())).unwrap();
            let signer = ExtraSigner::new(format, key, vec![]);
            prop_assert_eq!(signed(&signer, seconds, &parts), signed(&signer, seconds, &[&whole]));
        }
    }
}
