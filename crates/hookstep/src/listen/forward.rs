//! Forwarding requests to another receiver.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hookstep_egress::{Body, BuildError, Client, Keep, Policy, Request};

use crate::out;
use crate::settings::BoxError;

/// A little more than the longest attempt that a webhook can be configured for.
const DEADLINE: Duration = Duration::from_secs(900);

/// How much of a response is returned: more than Hookstep keeps.
const KEEP: Keep = Keep { header_bytes: 16 * 1024, body_bytes: 1024 * 1024 };

/// Headers that belong to one connection or frame its message (RFC 9110 §7.6.1), and are therefore not forwarded.
const NOT_FORWARDED: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
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
                response.headers_mut().remove("content-type");
                if let Some(kind) = answer.headers.get("content-type").and_then(|kind| kind.parse().ok()) {
                    response.headers_mut().insert("content-type", kind);
                }
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
    let texts = headers.iter().filter(|(name, _)| !NOT_FORWARDED.contains(&name.as_str()));
    texts.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}
