//! Signatures according to Standard Webhooks 1.0: created for `deliver`, verified for receivers.
//!
//! The signed message is `{webhook-id}.{webhook-timestamp}.{body}`, byte for byte. The header
//! `webhook-signature` contains a `v1,` entry for every valid secret (HMAC-SHA256, newest secret first; there
//! are two while a secret is being replaced), then a `v1a,` entry for every Ed25519 key, of which there may be
//! none. A receiver needs only one of them to match.
//!
//! [`Signer::sign`] signs a body in memory. [`Signer::begin`] signs a body of any size part by part, in
//! constant memory and in one pass for all keys; the module `one_pass` explains how this works with Ed25519.
//! [`verify()`] is the counterpart.
//!
//! An [`ExtraSigner`] makes one more signature, in a format that a receiver verifies already.
//!
//! This crate has no I/O, no clock and no source of randomness: the caller provides time and random bytes.
//!
//! # Dependencies
//!
//! `hmac` and `sha2`, which the AWS SDK already uses to sign its own requests, and the dalek crates, which
//! use the same `sha2`. `ring` is also linked, for TLS, and its HMAC would have been sufficient. But its
//! Ed25519 needs the whole message in one piece and chooses its nonce itself, so the curve arithmetic has to
//! come from another crate, and one implementation of the hash is enough. The measurements are in
//! docs/adr/0012.

mod encoding;
mod extra;
mod jwk;
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
pub use extra::{ExtraFormat, ExtraSigner, ExtraStream, Hash, TextEncoding};
pub use keys::{PrivateKey, PublicKey};
pub use metadata::{InvalidId, Metadata};
pub use one_pass::NOISE_BYTES;
pub use secret::Secret;
pub use signer::{Signer, StreamSigner};
pub use verify::{DEFAULT_TOLERANCE, Key, Received, VerifyError, verify};

/// The header with the message id, which is the same for every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of the attempt, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
