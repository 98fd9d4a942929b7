//! Forwarding requests to another receiver.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hookstep_egress::{Body, BuildError, Client, Keep, Policy, Request};

use crate::out;
use crate::settings::BoxError;

/// A little more than the longest attempt that a webhook can be configured for.
const DEADLINE: Duration = Duration::from_secs(900);

/// How much of a response is returned: more than Hookstep keeps.
const KEEP: Keep = Keep { header_bytes: 16 * 1024, body_bytes: 1024 * 1024 };

/// Headers that belong to one connection or frame its message (RFC 9110 §7.6.1), and are therefore not forwarded,
/// in neither direction.
const NOT_FORWARDED: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Where to forward requests to.
pub(super) struct Forward {
    client: Client,
    url: String,
}

impl Forward {
    /// Forwards to this URL. Any address is allowed, because the user of this command has chosen it.
    pub(super) fn to(url: String) -> Result<Self, BoxError> {
        let policy = Policy { allow_http_targets: true, allow_private_targets: true };
        policy.check_url(&url).map_err(|refusal| format!("--forward {url}: {refusal}"))?;
        let client = Client::new(policy).map_err(|error: BuildError| error.to_string())?;
        Ok(Self { client, url })
    }

    /// Forwards a request and returns the response, or 502 if there is none.
    pub(super) async fn send(&self, method: &Method, headers: &HeaderMap, body: Bytes) -> Response {
        let request = Request {
            method: method.clone(),
            url: self.url.clone(),
            headers: forwarded_headers(headers),
            body: Body::bytes(body),
            deadline: DEADLINE,
            keep: KEEP,
        };
        match self.client.send(request).await {
            Ok(answer) => {
                let mut response = (answer.status, answer.body).into_response();
                *response.headers_mut() = answered_headers(&answer.headers);
                response
            }
            Err(failure) => {
                let reason = hookstep_contract::error_chain(&failure.error);
                out::note(format_args!("cannot forward to {}: {reason}", self.url));
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }
}

fn forwarded_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let named = connection_headers(headers.get("connection").and_then(|value| value.to_str().ok()));
    let texts = headers.iter().filter(|(name, _)| is_forwarded(name.as_str(), &named));
    texts.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}

/// The headers of an answer that are passed on.
fn answered_headers(headers: &BTreeMap<String, String>) -> HeaderMap {
    let named = connection_headers(headers.get("connection").map(String::as_str));
    let passed = headers.iter().filter(|(name, _)| is_forwarded(name, &named));
    // A value that no header can have was cut, or put together from several.
    passed.filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, value.parse().ok()?))).collect()
}

/// The headers that a message names as belonging to its connection.
fn connection_headers(connection: Option<&str>) -> Vec<String> {
    connection.unwrap_or_default().split(',').map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn is_forwarded(name: &str, of_connection: &[String]) -> bool {
    let name = name.to_ascii_lowercase();
    !NOT_FORWARDED.contains(&name.as_str()) && !of_connection.contains(&name)
}
