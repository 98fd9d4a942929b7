//! KMS.

use std::os::unix::fs::PermissionsExt;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use hookstep_host::KEY_ID;

use super::code;
use crate::world::World;

const PLAINTEXT: &str = "whsec_c2VjcmV0IHRoYXQgaXMgcGxhbnRlZA==";

async fn encrypt(keys: &Client, plaintext: &[u8], org: &str) -> Result<Vec<u8>, String> {
    let request = keys.encrypt().key_id(KEY_ID).plaintext(Blob::new(plaintext));
    let answer = request.encryption_context("org_id", org).encryption_context("use", "signing").send().await;
    answer.map(|answer| answer.ciphertext_blob.unwrap().into_inner()).map_err(|error| code(&error).to_owned())
}

async fn decrypt(keys: &Client, blob: &[u8], org: &str) -> Result<Vec<u8>, String> {
    let request = keys.decrypt().key_id(KEY_ID).ciphertext_blob(Blob::new(blob));
    let answer = request.encryption_context("use", "signing").encryption_context("org_id", org).send().await;
    answer.map(|answer| answer.plaintext.unwrap().into_inner()).map_err(|error| code(&error).to_owned())
}

#[tokio::test]
async fn what_is_encrypted_can_be_decrypted_after_a_restart_and_only_with_its_context() {
    let world = World::start().await;
    let blob = encrypt(&world.host.clients().keys, PLAINTEXT.as_bytes(), "acme").await.unwrap();
    let again = encrypt(&world.host.clients().keys, PLAINTEXT.as_bytes(), "acme").await.unwrap();
    assert_ne!(blob, again, "the same text twice is not the same ciphertext");
    let world = world.reopen(|_| ()).await;
    let keys = &world.host.clients().keys;
    assert_eq!(decrypt(keys, &blob, "acme").await.unwrap(), PLAINTEXT.as_bytes());
    assert_eq!(decrypt(keys, &blob, "globex").await.unwrap_err(), "InvalidCiphertextException");
    let without = keys.decrypt().ciphertext_blob(Blob::new(blob.clone())).send().await.unwrap_err();
    assert_eq!(code(&without), "InvalidCiphertextException");
    let mode = std::fs::metadata(world.dir.path().join("local-key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn no_byte_of_a_ciphertext_can_be_changed() {
    let world = World::start().await;
    let keys = &world.host.clients().keys;
    let blob = encrypt(keys, b"x", "acme").await.unwrap();
    for place in 0..blob.len() {
        let mut changed = blob.clone();
        changed[place] ^= 1;
        assert_eq!(decrypt(keys, &changed, "acme").await.unwrap_err(), "InvalidCiphertextException");
        assert_eq!(
            decrypt(keys, &blob[..place.max(1)], "acme").await.unwrap_err(),
            "InvalidCiphertextException"
        );
    }
}

#[tokio::test]
async fn no_more_is_encrypted_at_once_than_kms_would() {
    let world = World::start().await;
    let keys = &world.host.clients().keys;
    let blob = encrypt(keys, &[7; 4096], "acme").await.unwrap();
    assert_eq!(decrypt(keys, &blob, "acme").await.unwrap(), [7; 4096]);
    assert_eq!(encrypt(keys, &[7; 4097], "acme").await.unwrap_err(), "ValidationException");
    assert_eq!(encrypt(keys, &[], "acme").await.unwrap_err(), "ValidationException");
}

#[tokio::test]
async fn there_is_one_key() {
    let world = World::start().await;
    let keys = &world.host.clients().keys;
    let made = keys.encrypt().key_id(KEY_ID).plaintext(Blob::new("x")).send().await.unwrap();
    let arn = made.key_id().unwrap();
    assert!(arn.starts_with("arn:aws:kms:"), "{arn}");
    let blob = made.ciphertext_blob().unwrap().clone();
    let by_arn = keys.decrypt().key_id(arn).ciphertext_blob(blob.clone()).send().await.unwrap();
    assert_eq!(by_arn.plaintext().unwrap().as_ref(), b"x");
    let other = keys.decrypt().key_id("alias/other").ciphertext_blob(blob).send().await.unwrap_err();
    assert_eq!(code(&other), "NotFoundException");
    let other = keys.encrypt().key_id("alias/other").plaintext(Blob::new("x")).send().await.unwrap_err();
    assert_eq!(code(&other), "NotFoundException");
}
