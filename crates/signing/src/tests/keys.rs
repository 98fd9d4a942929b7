use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{private_key, secret};
use crate::{InvalidId, KeyError, Metadata, PrivateKey, PublicKey, Secret};

fn text(prefix: &str, bytes: &[u8]) -> String {
    format!("{prefix}{}", STANDARD.encode(bytes))
}

#[test]
fn keys_are_read_as_they_are_written() {
    let read: Secret = secret(7).reveal().parse().unwrap();
    assert_eq!(read.reveal(), secret(7).reveal());
    assert_eq!(*read.reveal(), text("whsec_", &[7; 32]));
    let read: PrivateKey = private_key(7).reveal().parse().unwrap();
    assert_eq!(read.reveal(), private_key(7).reveal());
    let public_key = private_key(7).public_key();
    assert_eq!(public_key.to_string().parse(), Ok(public_key.clone()));
    assert_eq!(PublicKey::from_pem(&public_key.to_pem()), Ok(public_key));
}

#[test]
fn a_secret_may_have_24_to_64_bytes() {
    for length in [24, 25, 32, 63, 64] {
        let text = text("whsec_", &vec![9; length]);
        assert_eq!(*text.parse::<Secret>().unwrap().reveal(), text);
    }
}

#[test]
fn what_is_not_a_secret_is_refused() {
    let (good, prefix) = (text("whsec_", &[9; 32]), "whsec_");
    let length = |actual| KeyError::Length { prefix, expected: "24 to 64", actual };
    let table = [
        ("", KeyError::Prefix(prefix)),
        ("whsec", KeyError::Prefix(prefix)),
        ("WHSEC_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=", KeyError::Prefix(prefix)),
        (" whsec_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=", KeyError::Prefix(prefix)),
        ("whsk_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=", KeyError::Prefix(prefix)),
        (&good["whsec_".len()..], KeyError::Prefix(prefix)),
        (good.trim_end_matches('='), KeyError::Base64(prefix)),
        ("whsec_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQl=", KeyError::Base64(prefix)),
        ("whsec_-_kJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=", KeyError::Base64(prefix)),
        ("whsec_CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n", KeyError::Base64(prefix)),
        ("whsec_", length(0)),
        (&text(prefix, &[9; 23]), length(23)),
        (&text(prefix, &[9; 65]), length(65)),
    ];
    for (text, error) in table {
        assert_eq!(text.parse::<Secret>().unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn what_is_not_a_private_key_is_refused() {
    let seed_alone = text("whsk_", &[7; 32]);
    let length = KeyError::Length { prefix: "whsk_", expected: "64", actual: 32 };
    assert_eq!(seed_alone.parse::<PrivateKey>().unwrap_err(), length);
    let another_public_half = text("whsk_", &[[7; 32], *public_bytes(8)].concat());
    assert_eq!(another_public_half.parse::<PrivateKey>().unwrap_err(), KeyError::Halves);
    let public = private_key(7).public_key().to_string();
    assert_eq!(public.parse::<PrivateKey>().unwrap_err(), KeyError::Prefix("whsk_"));
}

fn public_bytes(byte: u8) -> Box<[u8; 32]> {
    let text = private_key(byte).public_key().to_string();
    STANDARD.decode(&text["whpk_".len()..]).unwrap().try_into().unwrap()
}

#[test]
fn what_is_not_a_public_key_is_refused() {
    let no_point = text("whpk_", &[2; 32]);
    assert_eq!(no_point.parse::<PublicKey>(), Err(KeyError::Point));
    // The neutral element, of order 1.
    let mut weak = [0; 32];
    weak[0] = 1;
    assert_eq!(text("whpk_", &weak).parse::<PublicKey>(), Err(KeyError::Point));
    let short = KeyError::Length { prefix: "whpk_", expected: "32", actual: 31 };
    assert_eq!(text("whpk_", &[7; 31]).parse::<PublicKey>(), Err(short));
}

#[test]
fn what_is_not_the_pem_of_a_public_key_is_refused() {
    let good = private_key(7).public_key().to_pem();
    assert!(PublicKey::from_pem(&good.replace('\n', "\r\n")).is_ok(), "lines may end in their own way");
    let certificate = good.replace("PUBLIC KEY", "CERTIFICATE");
    // X25519 (1.3.101.110): a key of the same length for a different purpose.
    let another_algorithm = good.replace("MCowBQYDK2Vw", "MCowBQYDK2Vu");
    let longer = good.replace("=\n-----END", "AA=\n-----END");
    for wrong in ["", &good[1..], &good[..good.len() - 3], &certificate, &another_algorithm, &longer] {
        assert_eq!(PublicKey::from_pem(wrong), Err(KeyError::Pem), "{wrong}");
    }
}

#[test]
fn neither_debug_nor_errors_show_a_secret() {
    assert_eq!(format!("{:?} {:?}", secret(7), private_key(7)), "Secret(..) PrivateKey(..)");
    let signer = crate::Signer::new(secret(7), vec![secret(8)], vec![private_key(9)]);
    let shown = "Signer { newest: Secret(..), older: [Secret(..)], keys: [PrivateKey(..)] }";
    assert_eq!(format!("{signer:?}"), shown);
    let error = "whsec_c2VjcmV0!".parse::<Secret>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
}

#[test]
fn an_id_cannot_run_into_what_follows_it() {
    assert!(Metadata::new("0190a000-0000-7000-8000-00000000000a", 0).is_ok());
    for wrong in ["", "a.b", "a b", "a\n", "ä", "a\u{0}"] {
        assert_eq!(Metadata::new(wrong, 0), Err(InvalidId), "{wrong:?}");
    }
}
