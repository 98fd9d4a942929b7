//! Checking a request, as its receiver does.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use ed25519_dalek::ed25519::signature::MultipartVerifier;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::{InvalidId, Metadata, PublicKey, Secret};

/// How far the clocks of the two sides may be apart, as the libraries of Standard Webhooks have it.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// How many signatures of a header are looked at. A sender has a few keys; each signature more costs a reading of the body,
/// and the header is anybody's until one of them matches.
const MAX_SIGNATURES: usize = 16;

/// The three headers, as they came.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The value of `webhook-id`.
    pub id: &'a str,
    /// The value of `webhook-timestamp`.
    pub timestamp: &'a str,
    /// The value of `webhook-signature`.
    pub signature: &'a str,
}

/// A key that the receiver trusts.
#[derive(Clone, Debug)]
pub enum Key {
    /// Checks `v1`.
    Secret(Secret),
    /// Checks `v1a`.
    Public(PublicKey),
}

/// Why a request is not genuine, and what to look at.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// The id is none.
    #[error("the request has no proper webhook-id; pass the header as it came")]
    Id(#[from] InvalidId),
    /// The timestamp is none.
    #[error("webhook-timestamp is not a whole number of seconds; pass the header as it came")]
    Timestamp,
    /// Sent too long ago: perhaps somebody sends again what was sent before.
    #[error("the request is {seconds} s old; if it was sent just now, set this machine's clock")]
    TooOld {
        /// Its age.
        seconds: u64,
    },
    /// Sent in the future.
    #[error("the request is from {seconds} s in the future; set this machine's clock")]
    TooNew {
        /// How far ahead it is.
        seconds: u64,
    },
    /// There is no pair of a signature and a key to try.
    #[error(
        "webhook-signature has nothing that these keys can check: a whsec_ secret checks v1, a public key checks v1a"
    )]
    NothingToCheck,
    /// No key made any of the signatures.
    #[error(
        "no signature matches: pass the body byte for byte as it came, not parsed and written again, and the keys of \
         this very webhook"
    )]
    NoMatch,
}

/// Believes a request when one of its signatures is by one of these keys.
///
/// `now` is in seconds since 1970, and the request may be older or newer by `tolerance`, in whole seconds. Signatures of
/// other versions are passed over; the first 16 entries of the header are looked at.
///
/// A genuine request can still be a repetition of an earlier one: to notice that, remember its `webhook-id`.
///
/// # Errors
/// Says what does not fit.
pub fn verify(
    received: Received<'_>,
    body: &[u8],
    keys: &[Key],
    tolerance: Duration,
    now: i64,
) -> Result<(), VerifyError> {
    let timestamp = seconds(received.timestamp)?;
    let metadata = Metadata::new(received.id, timestamp)?;
    let apart = timestamp.abs_diff(now);
    if apart > tolerance.as_secs() {
        let too_old = VerifyError::TooOld { seconds: apart };
        return Err(if timestamp < now { too_old } else { VerifyError::TooNew { seconds: apart } });
    }
    let head = metadata.head();
    let checks: Vec<_> = keys.iter().map(|key| Check::new(key, head.as_bytes(), body)).collect();
    let signatures = received.signature.split(' ').filter_map(|entry| entry.split_once(','));
    let mut outcome = VerifyError::NothingToCheck;
    for (version, signature) in signatures.take(MAX_SIGNATURES) {
        for check in checks.iter().filter(|check| check.version() == version) {
            if STANDARD.decode(signature).is_ok_and(|signature| check.accepts(&signature)) {
                return Ok(());
            }
            outcome = VerifyError::NoMatch;
        }
    }
    Err(outcome)
}

/// Only the spelling that is signed: not `+1`, not `01`.
fn seconds(text: &str) -> Result<i64, VerifyError> {
    let seconds = text.parse::<i64>().ok().filter(|seconds| seconds.to_string() == text);
    seconds.ok_or(VerifyError::Timestamp)
}

/// A key and the message, ready to be held against a signature.
enum Check<'a> {
    V1(Hmac<Sha256>),
    V1a(&'a PublicKey, [&'a [u8]; 2]),
}

impl<'a> Check<'a> {
    fn new(key: &'a Key, head: &'a [u8], body: &'a [u8]) -> Self {
        match key {
            Key::Secret(secret) => Self::V1(secret.hmac().chain_update(head).chain_update(body)),
            Key::Public(key) => Self::V1a(key, [head, body]),
        }
    }

    fn version(&self) -> &'static str {
        match self {
            Self::V1(_) => "v1",
            Self::V1a(..) => "v1a",
        }
    }

    fn accepts(&self, signature: &[u8]) -> bool {
        match self {
            // In constant time: how much of it is right is nobody's business.
            Self::V1(hmac) => hmac.clone().verify_slice(signature).is_ok(),
            Self::V1a(key, message) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().multipart_verify(message, &signature).is_ok()),
        }
    }
}
