//! Request headers set by the webhook, and the response headers of the receiver.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

/// The maximum size of a webhook's own headers: most servers accept no more than 8 KiB in all.
const MAX_BYTES: usize = 8 * 1024;

/// Reserved for Hookstep: these headers frame the message, sign it, or identify its sender.
const RESERVED: [&str; 17] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

/// Headers that no caller may set: the HTTP library would act on them, or the receiver would see a different
/// message end or a different host than we do. (`Content-Length` is replaced.)
const FRAMING: [&str; 10] = [
    "connection",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const RESERVED_PREFIXES: [&str; 4] = ["proxy-", "x-amz-", "x-amzn-", "x-forwarded-"];

const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Why a header is not sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the header {name} {reason}")]
pub struct HeaderRefusal {
    /// The header name, as it was written.
    pub name: String,
    /// The reason, phrased to follow the name.
    pub reason: &'static str,
}

pub(crate) fn check(headers: &BTreeMap<String, String>) -> Result<(), HeaderRefusal> {
    let mut bytes = 0;
    let mut seen = HeaderMap::new();
    for (name, value) in headers {
        let refuse = |reason| HeaderRefusal { name: name.clone(), reason };
        let parsed = name.parse::<HeaderName>().map_err(|_| refuse("has a name that is not valid"))?;
        check_name(parsed.as_str()).map_err(refuse)?;
        // Stricter than `to_map`: receivers decode values outside ASCII in different ways.
        let value = value.parse::<HeaderValue>().ok().filter(|value| value.to_str().is_ok());
        let value = value.ok_or_else(|| refuse("has a value with characters other than visible ASCII"))?;
        bytes += parsed.as_str().len() + value.len();
        if bytes > MAX_BYTES {
            return Err(refuse("takes the headers above 8 KiB"));
        }
        if seen.insert(parsed, value).is_some() {
            return Err(refuse("is there twice, in different case"));
        }
    }
    Ok(())
}

pub(crate) fn check_name_of(name: &str) -> Result<(), HeaderRefusal> {
    let refuse = |reason| HeaderRefusal { name: name.to_owned(), reason };
    let parsed = name.parse::<HeaderName>().map_err(|_| refuse("has a name that is not valid"))?;
    check_name(parsed.as_str()).map_err(refuse)
}

pub(crate) fn check_credential(name: &str) -> Result<(), HeaderRefusal> {
    let refuse = |reason| HeaderRefusal { name: name.to_owned(), reason };
    let parsed = name.parse::<HeaderName>().map_err(|_| refuse("has a name that is not valid"))?;
    check_reserved(parsed.as_str()).map_err(refuse)
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if CREDENTIALS.contains(&name) {
        return Err("carries a credential, and headers are kept in the execution history: set auth instead");
    }
    check_reserved(name)
}

fn check_reserved(name: &str) -> Result<(), &'static str> {
    if RESERVED.contains(&name) || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Err("is reserved");
    }
    Ok(())
}

/// Converts the headers for the HTTP library. Any of them can be a credential, so all are marked sensitive:
/// none appears in the library's traces or in the compression table of an HTTP/2 connection.
pub(crate) fn to_map(headers: &BTreeMap<String, String>) -> Result<HeaderMap, HeaderRefusal> {
    let mut map = HeaderMap::with_capacity(headers.len() + 1);
    for (name, value) in headers {
        let refuse = |reason| HeaderRefusal { name: name.clone(), reason };
        let parsed = name.parse::<HeaderName>().map_err(|_| refuse("has a name that is not valid"))?;
        if FRAMING.contains(&parsed.as_str()) {
            return Err(refuse("is reserved"));
        }
        let value = HeaderValue::from_bytes(value.as_bytes());
        let mut value = value.map_err(|_| refuse("has a value with control characters"))?;
        value.set_sensitive(true);
        map.insert(parsed, value);
    }
    Ok(map)
}

/// Converts the headers to text and joins repeated ones; headers that do not fit into `max_bytes` are
/// omitted.
pub(crate) fn to_text(headers: &HeaderMap, max_bytes: usize) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    let mut left = max_bytes;
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        let value = values.join(", ");
        if let Some(rest) = left.checked_sub(name.as_str().len() + value.len()) {
            left = rest;
            kept.insert(name.as_str().to_owned(), value);
        }
    }
    kept
}
