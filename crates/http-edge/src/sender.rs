//! From where a request was sent.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderValue, header};
use axum::middleware::{self, Next};

/// The longest name of a program that is kept, in characters.
const MAX_PROGRAM_CHARS: usize = 200;

/// The address of the client, as an extension of its request. Whoever takes requests puts it there, because only it knows
/// which proxies can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// From where a request was sent, and by which program. It is taken from every request, and read only for the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    address: Option<IpAddr>,
    user_agent: Option<HeaderValue>,
}

impl Sender {
    /// The address of the client, if it is known.
    pub fn address(&self) -> Option<IpAddr> {
        self.address.map(|address| address.to_canonical())
    }

    /// The program, as it calls itself: the first 200 characters of `User-Agent`.
    pub fn program(&self) -> Option<String> {
        let name = self.user_agent.as_ref()?.to_str().ok()?;
        Some(name.chars().take(MAX_PROGRAM_CHARS).collect())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Sender {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get().map(|ClientAddress(address)| *address);
        Ok(Self { address, user_agent: parts.headers.get(header::USER_AGENT).cloned() })
    }
}

/// Adds the address of the client to each request, which `find` finds among the extensions.
pub fn with_client_addresses(router: Router, find: fn(&Extensions) -> Option<IpAddr>) -> Router {
    router.layer(middleware::from_fn(move |mut request: Request, next: Next| {
        if let Some(address) = find(request.extensions()) {
            request.extensions_mut().insert(ClientAddress(address));
        }
        next.run(request)
    }))
}
