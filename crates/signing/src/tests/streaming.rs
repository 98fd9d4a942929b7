use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use proptest::prelude::*;

use super::{private_key, secret};
use crate::{Metadata, NOISE_BYTES, Signer};

fn signer() -> Signer {
    Signer::new(secret(1), vec![secret(2)], vec![private_key(3)])
}

fn stream(metadata: &Metadata<'_>, parts: &[Vec<u8>], noise: &[u8; NOISE_BYTES]) -> String {
    let mut stream = signer().begin(metadata, b"etag", noise);
    parts.iter().for_each(|part| stream.update(part));
    stream.finish()
}

/// The entries of a header: for the new secret, the old secret and the key.
fn entries(header: &str) -> [&str; 3] {
    header.split(' ').collect::<Vec<_>>().try_into().unwrap()
}

proptest! {
    #[test]
    fn however_a_body_is_cut_its_signatures_are_good(
        id in "[!-\\-/-~]{1,40}",
        timestamp: i64,
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6),
        noise: [[u8; 32]; 2],
    ) {
        let (metadata, body) = (Metadata::new(&id, timestamp).unwrap(), parts.concat());
        let whole = signer().sign(&metadata, &body);
        let streamed = stream(&metadata, &parts, noise.as_flattened().try_into().unwrap());
        prop_assert_eq!(&entries(&whole)[..2], &entries(&streamed)[..2]);
        prop_assert_ne!(entries(&whole)[2], entries(&streamed)[2]);
        let message = [format!("{id}.{timestamp}.").as_bytes(), &body].concat();
        for header in [&whole, &streamed] {
            let v1a = STANDARD.decode(entries(header)[2].strip_prefix("v1a,").unwrap()).unwrap();
            let signature = Signature::from_slice(&v1a).unwrap();
            prop_assert!(private_key(3).public_key().verifying_key().verify_strict(&message, &signature).is_ok());
        }
    }
}

#[test]
fn other_noise_gives_another_signature_and_the_same_noise_the_same() {
    let metadata = Metadata::new("msg", 12).unwrap();
    let header = |noise| stream(&metadata, &[b"body".to_vec()], &[noise; NOISE_BYTES]);
    assert_eq!(header(1), header(1));
    let (first, second) = (header(1), header(2));
    assert_eq!(entries(&first)[..2], entries(&second)[..2]);
    assert_ne!(entries(&first)[2], entries(&second)[2]);
}

#[test]
fn the_newest_secret_comes_first_and_the_key_last() {
    let metadata = Metadata::new("msg", 12).unwrap();
    let alone = |byte| Signer::new(secret(byte), vec![], vec![]).sign(&metadata, b"body");
    let key_alone = Signer::new(secret(9), vec![], vec![private_key(3)]).sign(&metadata, b"body");
    let (_, v1a) = key_alone.split_once(' ').unwrap();
    assert_eq!(signer().sign(&metadata, b"body"), format!("{} {} {v1a}", alone(1), alone(2)));
    assert!(v1a.starts_with("v1a,"));
}
