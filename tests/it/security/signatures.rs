//! Signatures, verified by third-party code: `v1` by the reference library of Standard Webhooks, `v1a` by
//! OpenSSL.
//!
//! The library needs Python 3.11 and a package index. Without it or without OpenSSL 3, the corresponding
//! checks are skipped, unless the environment variable `CI` is set.
#![expect(clippy::unwrap_used, reason = "a verifier that cannot be called fails the test")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_signing::{Metadata, NOISE_BYTES, PrivateKey, Received, Secret, Signer};

use crate::world::Dir;
use crate::world::process::workspace;
use crate::world::python;

const NAME: &str = "signatures";

/// Looked up once, because a failing lookup is slow.
static PYTHON: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| python::environment(NAME, "v1 is not verified by others"));

/// Fails unless the third-party tools accept a request's signatures: `v1` with this secret, whatever other
/// signatures there are, and `v1a` with this key. The library accepts only requests of the last five minutes
/// and only UTF-8 bodies.
pub(crate) fn verify_elsewhere(headers: Received<'_>, body: &[u8], secret: &str, public_key_pem: &str) {
    by_the_library(headers, body, secret, Ok(()));
    by_openssl(headers, body, public_key_pem, Ok(()));
}

/// The verdict of `standardwebhooks`.
fn by_the_library(headers: Received<'_>, body: &[u8], secret: &str, expected: Result<(), &str>) {
    let Some(python) = &*PYTHON else { return };
    let mut command = Command::new(python);
    command.arg(workspace().join("tests/signatures/verify.py"));
    command.args([headers.id, headers.timestamp, headers.signature, secret]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(body).unwrap();
    compare(&process.wait_with_output().unwrap(), expected);
}

/// The verdict of `openssl`.
fn by_openssl(headers: Received<'_>, body: &[u8], public_key_pem: &str, expected: Result<(), &str>) {
    let version = Command::new("openssl").arg("version").output();
    // `-rawin` is missing before version 3 and in LibreSSL.
    if !version
        .is_ok_and(|said| said.stdout.starts_with(b"OpenSSL 3") || said.stdout.starts_with(b"OpenSSL 4"))
    {
        return python::skip(NAME, "v1a is not verified by others", "there is no OpenSSL 3");
    }
    let v1a = headers.signature.split(' ').find_map(|entry| entry.strip_prefix("v1a,")).unwrap();
    let head = format!("{}.{}.", headers.id, headers.timestamp);
    let dir = Dir::new();
    let file = |name: &str, content: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let mut command = Command::new("openssl");
    command.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"]);
    command.arg(file("public.pem", public_key_pem.as_bytes()));
    command.arg("-sigfile").arg(file("signature", &STANDARD.decode(v1a).unwrap()));
    command.arg("-in").arg(file("message", &[head.as_bytes(), body].concat()));
    compare(&command.output().unwrap(), expected);
}

/// A rejection must be for the expected reason, not because the tool was called wrongly.
fn compare(output: &Output, expected: Result<(), &str>) {
    let said = [&*output.stdout, &*output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    match expected {
        Ok(()) => assert!(output.status.success(), "{said}"),
        Err(refusal) => assert!(!output.status.success() && said.contains(refusal), "{said}"),
    }
}

/// A webhook whose secret is being rotated.
struct Keys {
    new: Secret,
    old: Secret,
    private: PrivateKey,
}

impl Keys {
    fn random() -> Self {
        Self {
            new: Secret::from_random(&rand::random()),
            old: Secret::from_random(&rand::random()),
            private: PrivateKey::from_seed(&rand::random()),
        }
    }

    /// The header's value, made in both ways: in one call, and in parts.
    fn sign(&self, metadata: &Metadata<'_>, body: &[u8]) -> [String; 2] {
        let signer = Signer::new(self.new.clone(), vec![self.old.clone()], vec![self.private.clone()]);
        let noise: [u8; NOISE_BYTES] = rand::random();
        let mut stream = signer.begin(metadata, &body.len().to_le_bytes(), &noise);
        body.chunks(1000).for_each(|part| stream.update(part));
        [signer.sign(metadata, body), stream.finish()]
    }

    fn pem(&self) -> String {
        self.private.public_key().to_pem()
    }
}

const ID: &str = "0190a000-0000-7000-8000-00000000000a";

fn now() -> i64 {
    (hookstep_ambient::Sources::system().clock)().unix_timestamp()
}

#[test]
fn others_find_our_signatures_good() {
    let (keys, timestamp) = (Keys::random(), now());
    let metadata = Metadata::new(ID, timestamp).unwrap();
    let long = "{\"ä\": 1.0}\n".repeat(20_000);
    for body in ["", "{\"a\": 1.0}", &long] {
        for signature in keys.sign(&metadata, body.as_bytes()) {
            let headers = Received { id: ID, timestamp: &timestamp.to_string(), signature: &signature };
            verify_elsewhere(headers, body.as_bytes(), &keys.new.reveal(), &keys.pem());
            by_the_library(headers, body.as_bytes(), &keys.old.reveal(), Ok(()));
        }
    }
}

#[test]
fn others_find_our_signatures_of_binary_bodies_good() {
    let (keys, body) = (Keys::random(), [0xff, 0x00, 0xfe, b'.', b'\n'].repeat(1000));
    for signature in keys.sign(&Metadata::new(ID, 0).unwrap(), &body) {
        let headers = Received { id: ID, timestamp: "0", signature: &signature };
        by_openssl(headers, &body, &keys.pem(), Ok(()));
    }
}

#[test]
fn others_refuse_what_was_changed() {
    let (keys, timestamp) = (Keys::random(), now());
    let metadata = Metadata::new(ID, timestamp).unwrap();
    for signature in keys.sign(&metadata, b"{\"a\": 1.0}") {
        let headers = Received { id: ID, timestamp: &timestamp.to_string(), signature: &signature };
        let changed = b"{\"a\": 1}";
        by_the_library(headers, changed, &keys.new.reveal(), Err("No matching signature found"));
        by_openssl(headers, changed, &keys.pem(), Err("Signature Verification Failure"));
    }
}
