//! Published test vectors.

use hmac::Mac;

use crate::{Metadata, PublicKey, Secret, Signer};

#[test]
fn v1_is_what_the_libraries_of_standard_webhooks_make() {
    let vectors = [
        (
            // libraries/rust/src/lib.rs
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            ("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553),
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
        (
            // libraries/go/webhook_test.go
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330),
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ];
    for (secret, (id, timestamp), body, signature) in vectors {
        let signer = Signer::new(secret.parse().unwrap(), vec![], vec![]);
        assert_eq!(signer.sign(&Metadata::new(id, timestamp).unwrap(), body.as_bytes()), signature);
    }
}

/// The keys are in Svix's README; the signature is in its worker's tests and in the text of Standard
/// Webhooks.
#[test]
fn v1a_is_what_svix_makes() {
    let key = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    let key: crate::PrivateKey = key.parse().unwrap();
    assert_eq!(key.public_key().to_string(), "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
    let signer = Signer::new(super::secret(1), vec![], vec![key]);
    let metadata = Metadata::new("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330).unwrap();
    let header = signer.sign(&metadata, br#"{"test": 2432232314}"#);
    let v1a = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
    assert_eq!(header.split_once(' ').unwrap().1, v1a);
}

/// RFC 4231, test case 4, whose key has a length allowed for a secret.
#[test]
fn a_secret_shorter_than_a_block_is_a_key_of_hmac_as_it_is() {
    let secret: Secret = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGQ==".parse().unwrap();
    let hmac = secret.hmac().chain_update([0xcd; 50]).finalize().into_bytes();
    assert_eq!(hex::encode(hmac), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

/// RFC 8410, section 10.1.
#[test]
fn the_pem_of_a_public_key_is_that_of_rfc_8410() {
    let pem = "-----BEGIN PUBLIC KEY-----\n\
               MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
               -----END PUBLIC KEY-----\n";
    let key = PublicKey::from_pem(pem).unwrap();
    assert_eq!(key.to_pem(), pem);
    assert_eq!(key.to_string(), "whpk_Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
}
