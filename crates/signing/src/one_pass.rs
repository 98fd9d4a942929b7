//! An Ed25519 signature of a message that is read once.
//!
//! # Theory of operation
//!
//! A key pair is a secret number `s`, a secret `prefix`, and the public point `A = sB`; `B` and its order `L` belong to the
//! curve. To sign `M` (RFC 8032, section 5.1.6) takes a secret number `r`, the point `R = rB`, the challenge
//! `k = SHA-512(R ‖ A ‖ M)`, and `S = r + k·s mod L`. The signature is `R ‖ S`. Whoever has the public key finds that
//! `SB = R + kA`, and cannot know, nor does it matter, where `r` came from.
//!
//! What matters for us is what `r` must be. Whoever knows `r` gets `s` out of one signature. Whoever sees two signatures of
//! different messages with the same `r`, thus the same `R`, gets `s` out of them: `(S₁ − S₂) / (k₁ − k₂)`. So `r` must be
//! secret, evenly spread, and never be used for two messages. RFC 8032 takes `SHA-512(prefix ‖ M)`, which is all of that
//! and needs no randomness, but makes signing read `M` twice: `k` needs `R`, and `R` needs all of `M`. For a body of
//! gigabytes in a bucket it would be one reading more.
//!
//! So here `r` does not come from the message but from what the message is known by before it is read:
//!
//! ```text
//! r = SHA-512(prefix ‖ LABEL ‖ noise ‖ length of id ‖ id ‖ timestamp ‖ pin) mod L
//! ```
//!
//! - `noise` is 64 random bytes, new for every signature. While they are what they should be, nothing else counts: `r` is
//!   a random number, as in any Schnorr signature.
//! - Should they fail (a generator without entropy, the snapshot of a machine that is started twice), `r` is a function of
//!   the secret `prefix`, and still another one for every id, every second of its attempts, and every `pin`. The pin
//!   stands for the body: an entity tag and a size, a hash. It has to be known that the body read is the pinned one, for
//!   that is all that is left then. The same three with the same body give the same signature again, which tells nothing.
//! - `prefix` makes `r` secret even if the noise is known.
//! - `LABEL` keeps these nonces apart from those of RFC 8032 under the same key: there, the byte after the prefix is the
//!   first of an id, and no id begins with 0xFF. The length keeps the id apart from what follows it.
//!
//! Prefix, label and noise fill the first block of SHA-512 exactly, so the prefix is mixed with what nobody knows before it
//! meets anything that others may choose. That, and adding noise at all, is what the CFRG's draft on hedged signatures
//! (draft-irtf-cfrg-det-sigs-with-noise) asks for. The draft still hashes the message into `r`, and so holds without any
//! noise and without a pin; that is the second reading which is saved here.
//!
//! The state cannot be cloned: two ends to one beginning would be two messages with one `r`.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::SigningKey;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::Metadata;

/// How many random bytes a signature in one pass takes: as many as the hash they go into gives.
pub const NOISE_BYTES: usize = 64;

/// With the prefix of 32 bytes and the noise, one block of SHA-512.
const LABEL: &[u8; 32] = b"\xffHookstep one-pass Ed25519 nonce";

/// A signature that has begun: `r` is chosen, `R` is known, `k` is being computed.
pub(crate) struct OnePass {
    key: ExpandedSecretKey,
    nonce: Zeroizing<Scalar>,
    commitment: [u8; 32],
    challenge: Sha512,
}

impl OnePass {
    pub(crate) fn begin(
        key: &SigningKey,
        metadata: &Metadata<'_>,
        pin: &[u8],
        noise: &[u8; NOISE_BYTES],
    ) -> Self {
        let expanded = ExpandedSecretKey::from(key.as_bytes());
        let id = metadata.id().as_bytes();
        let hash = Sha512::new()
            .chain_update(&expanded.hash_prefix)
            .chain_update(LABEL)
            .chain_update(noise)
            .chain_update((id.len() as u64).to_le_bytes())
            .chain_update(id)
            .chain_update(metadata.timestamp().to_le_bytes())
            .chain_update(pin);
        let nonce = Zeroizing::new(reduce(hash));
        Self::with_nonce(key, expanded, nonce)
    }

    fn with_nonce(key: &SigningKey, expanded: ExpandedSecretKey, nonce: Zeroizing<Scalar>) -> Self {
        let commitment = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
        let challenge = Sha512::new().chain_update(commitment).chain_update(key.verifying_key().as_bytes());
        Self { key: expanded, nonce, commitment, challenge }
    }

    /// The next part of the message.
    pub(crate) fn update(&mut self, part: &[u8]) {
        self.challenge.update(part);
    }

    pub(crate) fn finish(self) -> [u8; 64] {
        let response = *self.nonce + reduce(self.challenge) * self.key.scalar;
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&self.commitment);
        signature[32..].copy_from_slice(response.as_bytes());
        signature
    }
}

/// The hash as a little-endian number, modulo `L`.
fn reduce(hash: Sha512) -> Scalar {
    let wide: Zeroizing<[u8; 64]> = Zeroizing::new(hash.finalize().into());
    Scalar::from_bytes_mod_order_wide(&wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1: secret key, message and signature of the tests 1, 2, 3 and "SHA(abc)".
    const VECTORS: [[&str; 3]; 4] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
             5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
        [
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589\
             09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
        ],
    ];

    #[test]
    fn with_the_nonce_of_rfc_8032_the_signature_is_that_of_rfc_8032() {
        for [seed, message, signature] in VECTORS {
            let key = SigningKey::from_bytes(&hex::decode(seed).unwrap().try_into().unwrap());
            let message = hex::decode(message).unwrap();
            let expanded = ExpandedSecretKey::from(key.as_bytes());
            let hash = Sha512::new().chain_update(expanded.hash_prefix).chain_update(&message);
            let mut one_pass = OnePass::with_nonce(&key, expanded, Zeroizing::new(reduce(hash)));
            one_pass.update(&message);
            assert_eq!(hex::encode(one_pass.finish()), signature);
        }
    }

    #[test]
    fn whatever_differs_before_the_body_gives_another_nonce() {
        let (first, second) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let beginnings = [
            (&first, "msg", 12, "etag", [0; NOISE_BYTES]),
            (&second, "msg", 12, "etag", [0; NOISE_BYTES]),
            (&first, "msh", 12, "etag", [0; NOISE_BYTES]),
            (&first, "msg", 13, "etag", [0; NOISE_BYTES]),
            (&first, "msg", 12, "etah", [0; NOISE_BYTES]),
            (&first, "msg", 12, "", [0; NOISE_BYTES]),
            (&first, "msg", 12, "etag", [1; NOISE_BYTES]),
        ];
        let commitment = |(key, id, timestamp, pin, noise): (&SigningKey, &str, i64, &str, [u8; 64])| {
            let metadata = Metadata::new(id, timestamp).unwrap();
            OnePass::begin(key, &metadata, pin.as_bytes(), &noise).commitment
        };
        let mut seen: Vec<_> = beginnings.into_iter().map(commitment).collect();
        assert_eq!(seen[0], commitment(beginnings[0]), "it depends on nothing else");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), beginnings.len());
    }

    #[test]
    fn what_is_hashed_into_the_nonce_cannot_be_divided_otherwise() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let begin = |id: &str, timestamp: i64, pin: &[u8]| {
            let metadata = Metadata::new(id, timestamp).unwrap();
            OnePass::begin(&key, &metadata, pin, &[0; NOISE_BYTES]).commitment
        };
        // Without the length, both would hash "aaaaaaaaabbbbbbbbcc".
        let eight = |letter| i64::from_le_bytes([letter; 8]);
        assert_ne!(begin("a", eight(b'a'), b"bbbbbbbbcc"), begin("aaaaaaaaa", eight(b'b'), b"cc"));
    }
}
