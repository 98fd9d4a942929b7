//! Signatures in the formats of other services, for receivers that verify those already.
//!
//! The key is the bytes of the webhook's secret, as for `v1`. Like the other signatures, they are made in one pass over the
//! body and in constant memory.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::Secret;

/// What is signed, and how the signature is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtraFormat {
    /// `t=<seconds>,v1=<hex>`, as Stripe writes it: HMAC-SHA256 over the time, a full stop and the body. There is a `v1` for
    /// every valid secret, newest first.
    Timestamped,
    /// An HMAC of the body alone. It is made with the newest secret, because there is room for one.
    Body {
        /// The hash function of the HMAC.
        hash: Hash,
        /// How its bytes are written.
        encoding: TextEncoding,
        /// What stands before them.
        prefix: String,
    },
}

/// The hash function of an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// How bytes are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// Hexadecimal digits in lower case.
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// Makes a signature beside those of Standard Webhooks.
#[derive(Clone, Debug)]
pub struct ExtraSigner {
    format: ExtraFormat,
    newest: Secret,
    older: Vec<Secret>,
}

impl ExtraSigner {
    /// `older` are the replaced secrets that are still valid, newest first.
    pub fn new(format: ExtraFormat, newest: Secret, older: Vec<Secret>) -> Self {
        Self { format, newest, older }
    }

    /// Begins to sign a body that is read once, part by part. `seconds` is the time of the attempt, since 1970.
    pub fn begin(&self, seconds: i64) -> ExtraStream {
        match &self.format {
            ExtraFormat::Timestamped => {
                let head = format!("{seconds}.");
                let secrets = std::iter::once(&self.newest).chain(&self.older);
                let hmacs = secrets.map(|secret| secret.hmac().chain_update(&head)).collect();
                ExtraStream(Progress::Timestamped { seconds, hmacs })
            }
            ExtraFormat::Body { hash, encoding, prefix } => {
                let hmac = Box::new(BodyHmac::new(*hash, &self.newest));
                ExtraStream(Progress::Body { hmac, encoding: *encoding, prefix: prefix.clone() })
            }
        }
    }
}

/// A signature in progress. Its size does not depend on the size of the body.
pub struct ExtraStream(Progress);

enum Progress {
    Timestamped { seconds: i64, hmacs: Vec<Hmac<Sha256>> },
    Body { hmac: Box<BodyHmac>, encoding: TextEncoding, prefix: String },
}

impl ExtraStream {
    /// Adds the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        match &mut self.0 {
            Progress::Timestamped { hmacs, .. } => hmacs.iter_mut().for_each(|hmac| hmac.update(part)),
            Progress::Body { hmac, .. } => hmac.update(part),
        }
    }

    /// The header's value, after the last part of the body.
    pub fn finish(self) -> String {
        match self.0 {
            Progress::Timestamped { seconds, hmacs } => {
                let entries = hmacs.into_iter().map(|hmac| hex::encode(hmac.finalize().into_bytes()));
                entries.fold(format!("t={seconds}"), |header, entry| header + ",v1=" + &entry)
            }
            Progress::Body { hmac, encoding, prefix } => {
                let bytes = hmac.finish();
                prefix
                    + &match encoding {
                        TextEncoding::Hex => hex::encode(bytes),
                        TextEncoding::Base64 => STANDARD.encode(bytes),
                    }
            }
        }
    }
}

/// An HMAC with one of the hash functions.
enum BodyHmac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl BodyHmac {
    fn new(hash: Hash, secret: &Secret) -> Self {
        match hash {
            Hash::Sha1 => Self::Sha1(secret.keyed()),
            Hash::Sha256 => Self::Sha256(secret.keyed()),
            Hash::Sha512 => Self::Sha512(secret.keyed()),
        }
    }

    fn update(&mut self, part: &[u8]) {
        match self {
            Self::Sha1(hmac) => hmac.update(part),
            Self::Sha256(hmac) => hmac.update(part),
            Self::Sha512(hmac) => hmac.update(part),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(hmac) => hmac.finalize().into_bytes().to_vec(),
            Self::Sha256(hmac) => hmac.finalize().into_bytes().to_vec(),
            Self::Sha512(hmac) => hmac.finalize().into_bytes().to_vec(),
        }
    }
}
