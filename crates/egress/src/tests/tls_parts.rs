use rcgen::{CertificateParams, KeyPair};

use super::pki::Authority;
use crate::{ClientTls, TlsParts, private_key_der};

fn refusal(certificate: Option<&str>, key: Option<&str>, ca: Option<&str>) -> String {
    let parts = TlsParts { certificate, private_key: key.map(str::as_bytes), ca };
    ClientTls::parse(parts).unwrap_err().to_string()
}

fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn every_part_is_refused_with_a_reason() {
    let authority = Authority::new("own");
    let (own, other) = (authority.sign("a.test"), authority.sign("b.test"));
    let (certificate, key) = (own.certificate.as_str(), own.key.as_str());
    let junk = pem("CERTIFICATE", "AAAA");
    let both = format!("{certificate}{key}");
    let reversed = format!("{}{certificate}", authority.pem());
    let long = certificate.repeat(60);
    for (text, reason) in [
        ("hello", "is not PEM: it has no -----BEGIN line"),
        (
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
            "is not PEM: a section of it is broken",
        ),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", "is not PEM: a section of it is broken"),
        (key, "has no certificate in it"),
        (&both, "has something other than certificates in it"),
        (&junk, "is not an X.509 certificate that can be read"),
        (&long, "is longer than 16 KiB"),
    ] {
        assert_eq!(refusal(Some(text), Some(key), None), format!("the certificate {reason}"));
    }
    let encrypted = pem("ENCRYPTED PRIVATE KEY", "AAAA");
    let legacy = pem("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA");
    let twice = format!("{key}{}", other.key);
    let openssh = pem("OPENSSH PRIVATE KEY", "AAAA");
    let zeros = pem("PRIVATE KEY", "AAAA");
    let large = pem("PRIVATE KEY", &"A".repeat(5500));
    let larger = pem("PRIVATE KEY", &"A".repeat(16_000));
    let kinds =
        "is broken, or not of a supported kind: RSA from 2,048 bits, ECDSA on P-256 or P-384, Ed25519";
    for (text, reason) in [
        ("hello", "is neither PEM nor DER"),
        (&encrypted, "is encrypted; save it without its passphrase"),
        (&legacy, "is encrypted; save it without its passphrase"),
        (certificate, "has no private key in it (PKCS#8, PKCS#1 or SEC 1)"),
        (&openssh, "has no private key in it (PKCS#8, PKCS#1 or SEC 1)"),
        (
            "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
            "is not PEM: a section of it is broken",
        ),
        (&twice, "has several private keys in it"),
        (&zeros, kinds),
        (&large, "is longer than 4,096 bytes of DER"),
        (&larger, "is longer than 4,096 bytes of DER"),
        (&other.key, "does not belong to the certificate, which must be the first in its text"),
    ] {
        assert_eq!(refusal(Some(certificate), Some(text), None), format!("the private_key {reason}"));
    }
    assert!(refusal(Some(&reversed), Some(key), None).contains("must be the first in its text"));
    let long = certificate.repeat(100);
    for (text, reason) in [
        ("hello", "is not PEM: it has no -----BEGIN line"),
        (key, "has no certificate in it"),
        (&both, "has something other than certificates in it"),
        (&junk, "has a certificate that cannot be read as an authority's"),
        (&long, "is longer than 32 KiB"),
    ] {
        assert_eq!(refusal(None, None, Some(text)), format!("the ca {reason}"));
    }
    assert_eq!(refusal(Some(certificate), None, None), "the private_key is missing beside the certificate");
    assert_eq!(refusal(None, Some(key), None), "the certificate is missing beside the private key");
}

#[test]
fn a_chain_and_every_form_of_a_key_are_read_and_not_shown() {
    let authority = Authority::new("own");
    let own = authority.sign("a.test");
    let chain = format!("{}{}", own.certificate, authority.pem());
    let der = private_key_der(own.key.as_bytes()).unwrap();
    assert_eq!(der.as_slice(), own.der.1.secret_der());
    for key in [own.key.as_bytes(), &der] {
        let parts = TlsParts { certificate: Some(&chain), private_key: Some(key), ca: Some(&chain) };
        let tls = ClientTls::parse(parts).unwrap();
        assert_eq!(format!("{tls:?}"), "ClientTls { certificates: Some(2), authorities: Some(2), .. }");
    }
    assert_eq!(private_key_der(&der).unwrap(), der);
    assert!(private_key_der(own.certificate.as_bytes()).is_err());
    // Having no TLS settings is valid.
    assert!(ClientTls::parse(TlsParts::default()).is_ok());
}

#[test]
fn ed25519_is_read() {
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap().pem();
    let pem = key.serialize_pem();
    let parts = TlsParts { certificate: Some(&certificate), private_key: Some(pem.as_bytes()), ca: None };
    assert!(ClientTls::parse(parts).is_ok());
}
