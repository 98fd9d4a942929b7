//! Making the value of `webhook-signature`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::ed25519::signature::MultipartSigner;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::one_pass::{NOISE_BYTES, OnePass};
use crate::{Metadata, PrivateKey, Secret};

/// Signs with all the keys of a webhook at once.
#[derive(Clone, Debug)]
pub struct Signer {
    newest: Secret,
    older: Vec<Secret>,
    key: Option<PrivateKey>,
}

impl Signer {
    /// `older` are the secrets that have been replaced and are still good, newest first: a receiver that has yet to learn
    /// of the new one accepts the signature of the old one.
    pub fn new(newest: Secret, older: Vec<Secret>, key: Option<PrivateKey>) -> Self {
        Self { newest, older, key }
    }

    /// The header's value for a body that is in memory. Its Ed25519 signature is that of RFC 8032, which needs no
    /// randomness and reads the body twice.
    pub fn sign(&self, metadata: &Metadata<'_>, body: &[u8]) -> String {
        let head = metadata.head();
        let hmacs = self.hmacs().map(|hmac| hmac.chain_update(&head).chain_update(body)).collect();
        let signature = self.key.as_ref().map(|key| {
            let message: [&[u8]; 2] = [head.as_bytes(), body];
            key.signing_key().multipart_sign(&message).to_bytes()
        });
        header(hmacs, signature)
    }

    /// Begins to sign a body that is read once, a part at a time.
    ///
    /// `noise` must be new random bytes for every call. `pin` says which body it is going to be, such as its entity tag and
    /// its size, or its hash; what is read must be known to be that body. The module `one_pass` says why.
    pub fn begin(&self, metadata: &Metadata<'_>, pin: &[u8], noise: &[u8; NOISE_BYTES]) -> StreamSigner {
        let one_pass = self.key.as_ref().map(|key| OnePass::begin(key.signing_key(), metadata, pin, noise));
        let mut stream = StreamSigner { hmacs: self.hmacs().collect(), one_pass };
        stream.update(metadata.head().as_bytes());
        stream
    }

    fn hmacs(&self) -> impl Iterator<Item = Hmac<Sha256>> {
        std::iter::once(&self.newest).chain(&self.older).map(Secret::hmac)
    }
}

/// A body that is being signed. Its size does not depend on the body's.
pub struct StreamSigner {
    hmacs: Vec<Hmac<Sha256>>,
    one_pass: Option<OnePass>,
}

impl StreamSigner {
    /// The next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        for hmac in &mut self.hmacs {
            hmac.update(part);
        }
        if let Some(one_pass) = &mut self.one_pass {
            one_pass.update(part);
        }
    }

    /// The header's value, when the body has come to its end.
    pub fn finish(self) -> String {
        header(self.hmacs, self.one_pass.map(OnePass::finish))
    }
}

fn header(hmacs: Vec<Hmac<Sha256>>, signature: Option<[u8; 64]>) -> String {
    let v1 = hmacs.into_iter().map(|hmac| format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes())));
    let v1a = signature.map(|signature| format!("v1a,{}", STANDARD.encode(signature)));
    v1.chain(v1a).collect::<Vec<_>>().join(" ")
}
