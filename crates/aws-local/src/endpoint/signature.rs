//! Verifies AWS Signature Version 4: computes the request's signature with the same key and compares the two.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use ring::hmac;
use thiserror::Error;
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// The maximum clock skew, as on AWS.
const SKEW: Duration = Duration::from_secs(15 * 60);

/// The format of `X-Amz-Date`.
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// Why a request is rejected, in AWS's words where AWS has them.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum Refused {
    #[error("Request is missing Authentication Token")]
    Missing,
    #[error("the Authorization header is not that of a request signed with AWS4-HMAC-SHA256")]
    Incomplete,
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("Signature expired, or not valid yet: the clocks are more than 15 minutes apart")]
    Expired,
    #[error("The request signature we calculated does not match the signature you provided.")]
    Mismatch,
}

impl Refused {
    /// The error's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::Expired | Self::Mismatch => "InvalidSignatureException",
        }
    }
}

/// The parts of `AWS4-HMAC-SHA256 Credential=…/date/region/service/aws4_request,
/// SignedHeaders=…, Signature=…`.
struct Authorization<'a> {
    access_key_id: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let fields = text.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let mut scope = field("Credential")?.split('/');
        let (access_key_id, _date) = (scope.next()?, scope.next()?);
        Some(Self {
            access_key_id,
            region: scope.next()?,
            service: scope.next()?,
            signed_headers: field("SignedHeaders")?.split(';').collect(),
            signature: field("Signature")?,
        })
    }
}

/// Checks that the request's headers and body were signed recently with this key.
pub(super) fn check(
    parts: &Parts,
    body: &[u8],
    credentials: &Credentials,
    now: OffsetDateTime,
) -> Result<(), Refused> {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = text(header::AUTHORIZATION.as_str()).ok_or(Refused::Missing)?;
    let authorization = Authorization::read(authorization).ok_or(Refused::Incomplete)?;
    if authorization.access_key_id != credentials.access_key_id() {
        return Err(Refused::UnknownKey);
    }
    let signed_at = text("x-amz-date").and_then(|date| PrimitiveDateTime::parse(date, DATE).ok());
    let signed_at = signed_at.ok_or(Refused::Incomplete)?.assume_utc();
    if (now - signed_at).abs() > SKEW {
        return Err(Refused::Expired);
    }
    // Unless these headers are signed, the request could be
    // replayed to another host or for another operation.
    let is_signed = |name| authorization.signed_headers.contains(&name);
    if !is_signed("host") || !is_signed("x-amz-date") || !is_signed("x-amz-target") {
        return Err(Refused::Mismatch);
    }
    let ours =
        signature(parts, body, &authorization, credentials, signed_at.into()).ok_or(Refused::Mismatch)?;
    // Comparing keyed hashes takes the same time wherever the signatures differ.
    let key = hmac::Key::new(hmac::HMAC_SHA256, credentials.secret_access_key().as_bytes());
    let theirs = hmac::sign(&key, authorization.signature.as_bytes());
    hmac::verify(&key, ours.as_bytes(), theirs.as_ref()).map_err(|_| Refused::Mismatch)
}

/// Computes the signature of a request over its signed headers.
fn signature(
    parts: &Parts,
    body: &[u8],
    authorization: &Authorization<'_>,
    credentials: &Credentials,
    signed_at: SystemTime,
) -> Option<String> {
    let identity = credentials.clone().into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(authorization.region)
        .name(authorization.service)
        .time(signed_at)
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let host = parts.headers.get(header::HOST)?.to_str().ok()?;
    let uri = format!("http://{host}{}", parts.uri.path_and_query()?);
    let headers = signed(&parts.headers, &authorization.signed_headers)?;
    let headers = headers.iter().map(|(name, value)| (*name, *value));
    let request =
        SignableRequest::new(parts.method.as_str(), uri, headers, SignableBody::Bytes(body)).ok()?;
    Some(sign(request, &params).ok()?.signature().to_owned())
}

/// The signed headers, without the date, which the signer adds.
fn signed<'a>(headers: &'a HeaderMap, names: &[&'a str]) -> Option<Vec<(&'a str, &'a str)>> {
    let names = names.iter().filter(|name| **name != "x-amz-date");
    names.map(|name| Some((*name, headers.get(*name)?.to_str().ok()?))).collect()
}
