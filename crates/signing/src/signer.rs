//! Creates the value of `webhook-signature`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::ed25519::signature::MultipartSigner;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::one_pass::{NOISE_BYTES, OnePass};
use crate::{Metadata, PrivateKey, Secret};

/// Signs with all keys of a webhook at once.
#[derive(Clone, Debug)]
pub struct Signer {
    newest: Secret,
    older: Vec<Secret>,
    keys: Vec<PrivateKey>,
}

impl Signer {
    /// `older` are the replaced secrets that are still valid, newest first: a receiver that does not know the
    /// new secret yet accepts the signature made with the old one. The same holds for `keys`, which may be empty.
    pub fn new(newest: Secret, older: Vec<Secret>, keys: Vec<PrivateKey>) -> Self {
        Self { newest, older, keys }
    }

    /// The header's value for a body in memory. The Ed25519 signature follows RFC 8032, which needs no
    /// randomness and reads the body twice.
    pub fn sign(&self, metadata: &Metadata<'_>, body: &[u8]) -> String {
        let head = metadata.head();
        let hmacs = self.hmacs().map(|hmac| hmac.chain_update(&head).chain_update(body)).collect();
        let message: [&[u8]; 2] = [head.as_bytes(), body];
        let signatures = self.keys.iter().map(|key| key.signing_key().multipart_sign(&message).to_bytes());
        header(hmacs, signatures)
    }

    /// Begins to sign a body that is read once, part by part.
    ///
    /// `noise` must be new random bytes for every call. `pin` identifies the body that will follow, for
    /// example by its entity tag and size or by its hash; the caller must ensure that the body read is that
    /// body. The module `one_pass` explains why.
    pub fn begin(&self, metadata: &Metadata<'_>, pin: &[u8], noise: &[u8; NOISE_BYTES]) -> StreamSigner {
        // Each key has a secret prefix of its own, so that one noise makes a nonce of its own for each.
        let one_pass = |key: &PrivateKey| OnePass::begin(key.signing_key(), metadata, pin, noise);
        let one_passes = self.keys.iter().map(one_pass).collect();
        let mut stream = StreamSigner { hmacs: self.hmacs().collect(), one_passes };
        stream.update(metadata.head().as_bytes());
        stream
    }

    fn hmacs(&self) -> impl Iterator<Item = Hmac<Sha256>> {
        std::iter::once(&self.newest).chain(&self.older).map(Secret::hmac)
    }
}

/// A signature in progress. Its size does not depend on the size of the body.
pub struct StreamSigner {
    hmacs: Vec<Hmac<Sha256>>,
    one_passes: Vec<OnePass>,
}

impl StreamSigner {
    /// Adds the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        for hmac in &mut self.hmacs {
            hmac.update(part);
        }
        for one_pass in &mut self.one_passes {
            one_pass.update(part);
        }
    }

    /// The header's value, after the last part of the body.
    pub fn finish(self) -> String {
        header(self.hmacs, self.one_passes.into_iter().map(OnePass::finish))
    }
}

fn header(hmacs: Vec<Hmac<Sha256>>, signatures: impl Iterator<Item = [u8; 64]>) -> String {
    let v1 = hmacs.into_iter().map(|hmac| format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes())));
    let v1a = signatures.map(|signature| format!("v1a,{}", STANDARD.encode(signature)));
    v1.chain(v1a).collect::<Vec<_>>().join(" ")
}
