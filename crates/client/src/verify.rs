//! The receiver's side: checking that a request is from Hookstep.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hookstep_signing::{
    DEFAULT_TOLERANCE, ID_HEADER, Key, Received, SIGNATURE_HEADER, TIMESTAMP_HEADER, VerifyError,
};
use http::HeaderMap;
use thiserror::Error;

/// Why a request could not be verified.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Unverified {
    /// A header is missing, is there twice or is not text.
    #[error("the request must have the header {0} exactly once; pass all headers as they arrived")]
    Header(&'static str),
    /// The signature does not match the body and the keys, or the time is not right.
    #[error(transparent)]
    Signature(#[from] VerifyError),
}

/// Accepts a request if it has a signature by one of these keys, and was sent in the last five minutes.
///
/// `body` has to be the bytes as they arrived, not parsed and written again. A [`Key::Secret`] is the `whsec_…` of the webhook
/// and checks `v1`; a [`Key::Public`] is the `whpk_…` of the org and checks `v1a`. To recognise a request that arrives again,
/// remember its `webhook-id`.
///
/// # Errors
/// Why the request could not be verified.
pub fn verify(headers: &HeaderMap, body: &[u8], keys: &[Key]) -> Result<(), Unverified> {
    let now = now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    verify_at(headers, body, keys, DEFAULT_TOLERANCE, i64::try_from(now).unwrap_or(i64::MAX))
}

/// The same with a clock of your own: `now` in seconds since 1970, and how far the sender's clock may be from it.
///
/// ```
/// use hookstep_client::{DEFAULT_TOLERANCE, Key, Unverified, VerifyError, verify_at};
///
/// let headers = [
///     ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
///     ("webhook-timestamp", "1614265330"),
///     ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
/// ];
/// let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
/// let headers = http::HeaderMap::from_iter(headers);
/// let keys = [Key::Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?)];
/// let check = |body: &[u8], now| verify_at(&headers, body, &keys, DEFAULT_TOLERANCE, now);
///
/// assert_eq!(check(br#"{"test": 2432232314}"#, 1614265331), Ok(()));
/// assert_eq!(check(br#"{"test":2432232314}"#, 1614265331), Err(VerifyError::NoMatch.into()));
/// let old = Unverified::Signature(VerifyError::TooOld { seconds: 301 });
/// assert_eq!(check(br#"{"test": 2432232314}"#, 1614265631), Err(old));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Why the request could not be verified.
pub fn verify_at(
    headers: &HeaderMap,
    body: &[u8],
    keys: &[Key],
    tolerance: Duration,
    now: i64,
) -> Result<(), Unverified> {
    let received = Received {
        id: single_header(headers, ID_HEADER)?,
        timestamp: single_header(headers, TIMESTAMP_HEADER)?,
        signature: single_header(headers, SIGNATURE_HEADER)?,
    };
    Ok(hookstep_signing::verify(received, body, keys, tolerance, now)?)
}

fn single_header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Unverified> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Unverified::Header(name)),
        _ => Err(Unverified::Header(name)),
    }
}

#[expect(clippy::disallowed_methods, reason = "a library has no main that hands it a clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
