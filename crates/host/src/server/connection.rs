//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use hookstep_http_edge::{ClientAddress, Problem, WrongToken};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Limits;
use super::clients::Client;
use super::timed_body::{TimedBody, TooSlow};
use super::timed_io::{Busy, TimedIo, Working};
use super::wrong_tokens::{Verdict, WrongTokens};

/// The most bytes of a request's headers, and of what is read ahead of a body.
const BUFFER_BYTES: usize = 64 * 1024;

/// What all connections share.
pub(super) struct Shared {
    router: Router,
    limits: Limits,
    wrong_tokens: WrongTokens,
    stopping: CancellationToken,
    abandoning: CancellationToken,
}

impl Shared {
    pub(super) fn new(
        router: Router,
        limits: Limits,
        stopping: CancellationToken,
        abandoning: CancellationToken,
    ) -> Self {
        Self { router, limits, wrong_tokens: WrongTokens::default(), stopping, abandoning }
    }

    /// The client behind a connection: the peer or, behind trusted proxies, the last address that is not one of theirs.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded =
            headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        let mut hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut address = peer;
        while self.limits.trusts(address)
            && let Some(Ok(before)) = hops.pop().map(str::parse)
        {
            address = before;
        }
        address
    }
}

/// Serves a connection until the client or a limit ends it, or the server stops.
pub(super) async fn serve(stream: TcpStream, peer: IpAddr, shared: Arc<Shared>) {
    let busy = Busy::default();
    let io = TokioIo::new(TimedIo::new(stream, busy.clone(), &shared.limits));
    let (of_requests, working) = (Arc::clone(&shared), busy.clone());
    let service = service_fn(move |request| {
        let (shared, working) = (Arc::clone(&of_requests), working.begin());
        // Boxed, so that an idle connection does not hold the space of a request.
        Box::pin(answer(request, peer, shared, working))
    });
    let mut connection = pin!(http1::Builder::new().max_buf_size(BUFFER_BYTES).serve_connection(io, service));
    tokio::select! {
        // An error is the client's or a limit's, and the connection is closed in any case.
        _ = connection.as_mut() => return,
        () = shared.stopping.cancelled() => {}
    }
    if !busy.is_busy() {
        return;
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection => {}
        () = shared.abandoning.cancelled() => {}
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: IpAddr,
    shared: Arc<Shared>,
    working: Working,
) -> Result<Response<AnswerBody>, Infallible> {
    let address = shared.client(peer, request.headers());
    let too_slow = TooSlow::default();
    let timeout = shared.limits.body_timeout;
    let mut request = request.map(|body| Body::new(TimedBody::new(body, timeout, too_slow.clone())));
    request.extensions_mut().insert(ClientAddress(address));
    let mut response = shared.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    if too_slow.is_so() {
        let late = Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time");
        response = late.into_response();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if response.extensions().get::<WrongToken>().is_some() {
        response = slowed_down(response, Client::of(address), &shared).await;
    }
    Ok(response.map(|body| AnswerBody { body, _working: working }))
}

/// The refusal of a wrong token, later or shorter if the client has sent many. A right token is never held up.
async fn slowed_down(response: Response<Body>, client: Client, shared: &Shared) -> Response<Body> {
    match shared.wrong_tokens.note(client) {
        Verdict::AtOnce => response,
        Verdict::Later(pause) => {
            tokio::select! {
                () = pause.over() => {}
                () = shared.stopping.cancelled() => {}
            }
            response
        }
        Verdict::TooMany => {
            let detail = "too many wrong tokens come from this address; a right one is taken at once";
            let mut refusal = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).into_response();
            refusal.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            refusal
        }
    }
}

/// The body of an answer. While it lives, its connection works on the request.
struct AnswerBody {
    body: Body,
    _working: Working,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_the_last_address_that_no_trusted_proxy_has() {
        let shared = Shared::new(
            Router::new(),
            Limits {
                trusted_proxies: vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()],
                ..Limits::default()
            },
            CancellationToken::new(),
            CancellationToken::new(),
        );
        for (peer, forwarded, client) in [
            ("192.0.2.1", "", "192.0.2.1"),
            // Anybody can send the header; only proxies count.
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "203.0.113.9, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
            ("127.0.0.1", "198.51.100.7, unknown", "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let found = shared.client(peer.parse().unwrap(), &headers);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} for {forwarded}");
        }
    }
}
