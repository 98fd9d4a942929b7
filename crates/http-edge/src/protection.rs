//! Headers of every answer, set in one place so that no handler forgets them.

use std::future::ready;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::Response;

use crate::WrongToken;

/// How clients reach this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By `https://` alone: browsers are told to use nothing else from now on.
    Tls,
    /// By `http://`, as on the machine itself.
    Plain,
}

impl Transport {
    /// The transport of a service with this URL.
    pub fn of_url(url: &str) -> Self {
        let is_tls = url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
        if is_tls { Self::Tls } else { Self::Plain }
    }
}

/// A year, as the preload lists of browsers ask for at least. Other hosts of the domain are none of our business.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Adds the headers to every answer of a router, the refusals of unknown paths included.
pub(crate) fn protected(router: Router, transport: Transport) -> Router {
    router.layer(middleware::map_response(move |response| ready(protect(response, transport))))
}

/// Logs every wrong token, for a metric. This is for functions on AWS, where no process sees all requests of a client; the
/// host slows the clients down instead.
pub fn log_wrong_tokens(router: Router) -> Router {
    router.layer(middleware::map_response(|response: Response| {
        if response.extensions().get::<WrongToken>().is_some() {
            tracing::warn!(metric = "WrongTokens", "a request carried a token that nobody has");
        }
        ready(response)
    }))
}

fn protect(mut response: Response, transport: Transport) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    // Any answer may hold a secret or a tenant's data. The few that are the same for everybody say so themselves.
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    if transport == Transport::Tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_transport() {
        assert_eq!(Transport::of_url("https://hooks.example.com"), Transport::Tls);
        assert_eq!(Transport::of_url("HTTPS://hooks.example.com"), Transport::Tls);
        for plain in ["http://127.0.0.1:4700", "", "https", "httpsx://a"] {
            assert_eq!(Transport::of_url(plain), Transport::Plain, "{plain}");
        }
    }
}
