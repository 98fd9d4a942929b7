//! An Ed25519 signature of a message that is read only once.
//!
//! # Theory of operation
//!
//! A key pair consists of a secret number `s`, a secret `prefix`, and the public point `A = sB`; `B` and its
//! order `L` are parameters of the curve. Signing `M` (RFC 8032, section 5.1.6) uses a secret number `r`, the
//! point `R = rB`, the challenge `k = SHA-512(R ‖ A ‖ M)`, and `S = r + k·s mod L`. The signature is `R ‖ S`.
//! Anyone with the public key can verify that `SB = R + kA`; how `r` was chosen is neither visible nor
//! relevant to them.
//!
//! The requirements on `r` are what matters here. Anyone who knows `r` can compute `s` from one signature.
//! Anyone who sees signatures of two different messages with the same `r`, and therefore the same `R`, can
//! compute `s` from them, as `(S₁ − S₂) / (k₁ − k₂)`. So `r` must be secret, uniformly distributed, and never
//! used for two messages. RFC 8032 uses `SHA-512(prefix ‖ M)`, which meets all three requirements without
//! randomness, but means that signing reads `M` twice: `k` needs `R`, and `R` needs all of `M`. A body of
//! gigabytes in a bucket would have to be read one more time.
//!
//! So here `r` is derived not from the message but from what identifies the message before it is read:
//!
//! ```text
//! r = SHA-512(prefix ‖ LABEL ‖ noise ‖ length of id ‖ id ‖ timestamp ‖ pin) mod L
//! ```
//!
//! - `noise` is 64 random bytes, new for every signature. While they are truly random, nothing else matters:
//!   `r` is a random number, as in any Schnorr signature.
//! - If the randomness fails (a generator without entropy, a machine snapshot started twice), `r` is a
//!   function of the secret `prefix` that still differs for every id, every second of its attempts, and every
//!   `pin`. The pin represents the body: an entity tag and a size, or a hash. The caller must ensure that the
//!   body read is the pinned one, because nothing else protects `r` in this case. The same id, timestamp and
//!   pin with the same body give the same signature again, which reveals nothing.
//! - `prefix` keeps `r` secret even if the noise is known.
//! - `LABEL` separates these nonces from those of RFC 8032 under the same key: there, the byte after the
//!   prefix is the first byte of an id, and no id begins with 0xFF. The length separates the id from what
//!   follows it.
//!
//! Prefix, label and noise fill the first block of SHA-512 exactly, so the prefix is mixed with unknown bytes
//! before it meets any input that others may choose. This, and adding noise at all, is recommended by the
//! CFRG's draft on hedged signatures (draft-irtf-cfrg-det-sigs-with-noise). The draft still hashes the
//! message into `r`, so it is secure without any noise and without a pin; the second reading that this takes
//! is what is saved here.
//!
//! The state is not `Clone`: finishing one beginning in two ways would sign two messages with one `r`.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::SigningKey;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::Metadata;

/// The number of random bytes for a one-pass signature: the output size of the hash that consumes them.
pub const NOISE_BYTES: usize = 64;

/// Fills one block of SHA-512 together with the 32-byte prefix and the noise.
const LABEL: &[u8; 32] = b"\xffHookstep one-pass Ed25519 nonce";

/// A signature in progress: `r` is chosen, `R` is known, `k` is being computed.
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

    /// Adds the next part of the message.
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

    /// RFC 8032, section 7.1: secret key, message and signature of tests 1, 2, 3 and "SHA(abc)".
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
