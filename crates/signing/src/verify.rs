//! Verification of a request, as done by its receiver.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use ed25519_dalek::ed25519::signature::MultipartVerifier;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::{InvalidId, Metadata, PublicKey, Secret};

/// The allowed difference between the clocks of the two sides, the same as in the Standard Webhooks
/// libraries.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// The maximum number of signatures checked per header. A sender has a few keys; every further signature
/// costs a pass over the body, and until one matches, the header may come from anyone.
const MAX_SIGNATURES: usize = 16;

/// The three headers, exactly as received.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The value of `webhook-id`.
    pub id: &'a str,
    /// The value of `webhook-timestamp`.
    pub timestamp: &'a str,
    /// The value of `webhook-signature`.
    pub signature: &'a str,
}

/// A key trusted by the receiver.
#[derive(Clone, Debug)]
pub enum Key {
    /// Verifies `v1` signatures.
    Secret(Secret),
    /// Verifies `v1a` signatures.
    Public(PublicKey),
}

/// Why a request is not genuine, with a hint where to look.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// The id is not valid.
    #[error("the request has no proper webhook-id; pass the header as it came")]
    Id(#[from] InvalidId),
    /// The timestamp is not valid.
    #[error("webhook-timestamp is not a whole number of seconds; pass the header as it came")]
    Timestamp,
    /// The request was sent too long ago, so it may be a replay by an attacker.
    #[error("the request is {seconds} s old; if it was sent just now, set this machine's clock")]
    TooOld {
        /// The request's age.
        seconds: u64,
    },
    /// The request's timestamp is in the future.
    #[error("the request is from {seconds} s in the future; set this machine's clock")]
    TooNew {
        /// How far the timestamp is ahead.
        seconds: u64,
    },
    /// No signature has a version that any of the keys can verify.
    #[error(
        "webhook-signature has nothing that these keys can check: a whsec_ secret checks v1, a public key checks v1a"
    )]
    NothingToCheck,
    /// No signature was made with any of the keys.
    #[error(
        "no signature matches: pass the body byte for byte as it came, not parsed and written again, and the keys of \
         this very webhook"
    )]
    NoMatch,
}

/// Accepts a request if one of its signatures was made with one of these keys.
///
/// `now` is in seconds since 1970; the timestamp may differ from it by `tolerance`, in whole seconds.
/// Signatures of other versions are ignored; only the first 16 entries of the header are checked.
///
/// A genuine request can still be a repetition of an earlier one: to detect this, remember its `webhook-id`.
///
/// # Errors
/// If the request is not genuine.
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

/// Accepts only the signed notation: not `+1`, not `01`.
fn seconds(text: &str) -> Result<i64, VerifyError> {
    let seconds = text.parse::<i64>().ok().filter(|seconds| seconds.to_string() == text);
    seconds.ok_or(VerifyError::Timestamp)
}

/// A key and the message, ready to verify signatures.
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
            // In constant time, so that it does not reveal how much of the signature is right.
            Self::V1(hmac) => hmac.clone().verify_slice(signature).is_ok(),
            Self::V1a(key, message) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().multipart_verify(message, &signature).is_ok()),
        }
    }
}
