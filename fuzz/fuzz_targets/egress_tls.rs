//! Arbitrary text pasted as a certificate, a key or a bundle: nothing panics, and the DER form of an accepted
//! key is accepted as a key itself.

#![no_main]

use hookstep_egress::{ClientTls, TlsParts, inspect, private_key_der};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = ClientTls::parse(TlsParts { ca: std::str::from_utf8(bytes).ok(), ..TlsParts::default() });
    if let Ok(key) = private_key_der(bytes) {
        assert!(key.len() <= 4096);
        assert_eq!(private_key_der(&key).as_ref(), Ok(&key), "the short form is a form");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = inspect(text);
    // The same text as certificate and key, as if both had been exported into one file.
    let _ = ClientTls::parse(TlsParts { certificate: Some(text), private_key: Some(bytes), ca: None });
});
