//! Signatures as Standard Webhooks 1.0 has them: made for `deliver`, checked for receivers.
//!
//! What is signed is `{webhook-id}.{webhook-timestamp}.{body}`, byte for byte. The header `webhook-signature` has a `v1,` for
//! every secret that is good (HMAC-SHA256, newest secret first; while a secret is being replaced there are two) and then a
//! `v1a,` when there is an Ed25519 key. A receiver is content with any one of them.
//!
//! [`Signer::sign`] takes a body that is in memory. [`Signer::begin`] takes one that may be gigabytes, a part at a time, in
//! constant memory and one pass for all the keys; how Ed25519 can do that is told in the module `one_pass`. [`verify()`] is
//! the other side.
//!
//! There is no I/O here, no clock and no source of randomness: time and random bytes are handed in.
//!
//! # What it is built on
//!
//! `hmac` and `sha2`, which the AWS SDK has brought along to sign its own requests, and the dalek crates on top of the
//! same `sha2`. `ring` is linked as well, for TLS, and its HMAC would have done. But its Ed25519 wants the whole message in
//! one piece and chooses its nonce itself, so the curve's arithmetic has to come from elsewhere, and then one kind of hash is
//! enough. What was measured is in docs/adr/0012.

mod encoding;
mod keys;
mod metadata;
mod one_pass;
mod pem;
mod secret;
mod signer;
#[cfg(test)]
mod tests;
mod verify;

pub use encoding::KeyError;
pub use keys::{PrivateKey, PublicKey};
pub use metadata::{InvalidId, Metadata};
pub use one_pass::NOISE_BYTES;
pub use secret::Secret;
pub use signer::{Signer, StreamSigner};
pub use verify::{DEFAULT_TOLERANCE, Key, Received, VerifyError, verify};

/// The header that names a message, the same at every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of the attempt, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
