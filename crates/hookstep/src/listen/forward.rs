//! Passing requests on to a receiver behind this one.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hookstep_egress::{Body, BuildError, Client, Keep, Policy, Request};

use crate::out;

/// The longest attempt that a webhook may ask for, and some.
const DEADLINE: Duration = Duration::from_secs(900);

/// More of an answer than Hookstep keeps.
const KEEP: Keep = Keep { header_bytes: 16 * 1024, body_bytes: 1024 * 1024 };

/// What frames a message or belongs to one connection (RFC 9110 §7.6.1), and what has no meaning behind this one.
const OURS: [&str; 9] = [
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

/// A receiver that gets what this one got.
pub(super) struct Forward {
    client: Client,
    url: String,
}

impl Forward {
    /// One at this URL: on any address, for the one who runs this has chosen it.
    pub(super) fn to(url: String) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let policy = Policy { allow_http_targets: true, allow_private_targets: true };
        policy.check_url(&url).map_err(|refusal| format!("--forward {url}: {refusal}"))?;
        let client = Client::new(policy).map_err(|error: BuildError| error.to_string())?;
        Ok(Self { client, url })
    }

    /// Sends the request and answers what is answered; 502 when nothing is.
    pub(super) async fn pass(&self, method: &Method, headers: &HeaderMap, body: Bytes) -> Response {
        let request = Request {
            method: method.clone(),
            url: self.url.clone(),
            headers: texts(headers),
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

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let texts = headers.iter().filter(|(name, _)| !OURS.contains(&name.as_str()));
    texts.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}
