use rcgen::{CertificateParams, DnType, KeyPair};
use sha2::{Digest, Sha256};
use time::macros::datetime;

use super::pki::Authority;
use crate::inspect;

#[test]
fn a_certificate_says_whose_it_is_and_how_long() {
    let (not_before, not_after) = (datetime!(2026-01-02 03:04:05 UTC), datetime!(2050-06-07 08:09:10 UTC));
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "sender, of <b>webhooks</b>");
    (params.not_before, params.not_after) = (not_before, not_after);
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    // The first certificate is the one presented.
    let chain = format!("{}{}", certificate.pem(), Authority::new("other").pem());

    let facts = inspect(&chain).unwrap();
    assert_eq!(facts.subject, "CN=sender\\, of \\<b\\>webhooks\\</b\\>");
    assert_eq!((facts.not_before, facts.not_after), (not_before, not_after));
    assert_eq!(facts.sha256.as_slice(), Sha256::digest(certificate.der()).as_slice());

    let refused = inspect("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").unwrap_err();
    assert_eq!(refused.to_string(), "the certificate is not an X.509 certificate that can be read");
}
