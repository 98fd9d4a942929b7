//! The HTTP client.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method};
use rustls::RootCertStore;
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use crate::body::Watch;
use crate::client_tls::ClientTls;
use crate::failure::{CONNECT_TIMEOUT, Phase, SendError, SendFailure, classify};
use crate::headers;
use crate::message::{Request, Response};
use crate::network::{self, Network};
use crate::policy::{Policy, PolicyRefusal};
use crate::resolver::{self, CheckingResolver, Lookup};
use crate::timing::{Stopwatch, TimeConnects, Timings};
use crate::tls;

/// Below the 60 s after which common load balancers close: a request sent on a closing connection fails.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// How long a receiver that has responded and stopped reading the request can hold its socket.
#[cfg(target_os = "linux")]
const STALLED_WRITE: Duration = Duration::from_secs(300);

/// The interval without a frame after which an HTTP/2 receiver that owes a response is sent a ping, and how
/// long it has to acknowledge the ping. A receiver may take minutes to respond, but a peer that is gone, or
/// has stopped reading, would otherwise hold the socket for [`STALLED_WRITE`] and get the retries on the same
/// socket. Twice this value is below [`POOL_IDLE`].
const PING: Duration = Duration::from_secs(20);

/// The maximum number of header lines. With the library's 100, a 200 with many headers would become a
/// failure.
const MAX_HEADER_LINES: usize = 1000;

/// The maximum size of the headers over HTTP/2, in bytes.
const MAX_HEADER_LIST_BYTES: u32 = 256 * 1024;

/// How much an HTTP/2 receiver may send of one response before any of it is read; with the library's 2 MiB,
/// every receiver could make us hold that much memory. It is twice what is kept of a response, so that the
/// kept part arrives without a window update.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;

/// The same limit for all responses on one connection together.
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// Sends the requests that its policy allows.
///
/// Cheap to clone. Use one per process, because it holds the connection pool. A webhook with its own TLS
/// settings has its own client, which is worth keeping as well ([`Client::with_tls`]).
#[derive(Clone, Debug)]
pub struct Client {
    policy: Policy,
    lookup: Lookup,
    roots: Arc<RootCertStore>,
    way: Way,
}

/// The way out.
#[derive(Clone, Debug)]
enum Way {
    Http(reqwest::Client),
    /// A simulation's.
    Simulated(Arc<dyn Network>),
}

/// Why a client could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// TLS could not be configured.
    #[error("TLS could not be configured")]
    Tls(#[source] rustls::Error),
    /// The HTTP library could not be set up.
    #[error("the HTTP client could not be built")]
    Http(#[source] reqwest::Error),
}

impl Client {
    /// Creates a client that enforces `policy`.
    ///
    /// # Errors
    /// If TLS or the HTTP library cannot be set up.
    pub fn new(policy: Policy) -> Result<Self, BuildError> {
        Self::with(policy, resolver::system, tls::public_roots())
    }

    /// Creates a client whose requests are carried by `network`, for simulations. URLs and headers are checked as always; there
    /// is no resolver, no TLS and no connection.
    pub fn simulated(policy: Policy, network: Arc<dyn Network>) -> Self {
        let (lookup, roots) = (resolver::system, Arc::new(RootCertStore::empty()));
        Self { policy, lookup, roots, way: Way::Simulated(network) }
    }

    pub(crate) fn with(policy: Policy, lookup: Lookup, roots: RootCertStore) -> Result<Self, BuildError> {
        Self::build(policy, lookup, roots.into(), None)
    }

    /// Creates a client that presents the certificate of `tls` to receivers that request one, and trusts the
    /// authorities of `tls`, if any, instead of the public ones. Policy and resolver stay the same. The
    /// client has its own connections and TLS sessions, so no request of another webhook can travel on a
    /// connection opened with this certificate.
    ///
    /// # Errors
    /// If TLS or the HTTP library cannot be set up.
    pub fn with_tls(&self, tls: &ClientTls) -> Result<Self, BuildError> {
        if let Way::Simulated(_) = self.way {
            return Ok(self.clone());
        }
        let roots = tls.authorities.as_ref().unwrap_or(&self.roots);
        Self::build(self.policy, self.lookup, roots.clone(), tls.identity.clone())
    }

    fn build(
        policy: Policy,
        lookup: Lookup,
        roots: Arc<RootCertStore>,
        identity: Option<Arc<CertifiedKey>>,
    ) -> Result<Self, BuildError> {
        let tls = tls::config(roots.clone(), identity).map_err(BuildError::Tls)?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(CheckingResolver { policy, lookup }))
            .connector_layer(TimeConnects)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            // No decompression, whatever features other crates enable: a small response must not unpack to a
            // large one.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_nodelay(true)
            // A strict parser would turn a 200 with an odd header line into a failure, and the retry would deliver
            // the event twice. Folded lines are joined (RFC 9112, 5.2), lines that are no header are dropped.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_max_headers(MAX_HEADER_LINES)
            .http2_max_header_list_size(MAX_HEADER_LIST_BYTES)
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING)
            .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
            .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        #[cfg(target_os = "linux")]
        let builder = builder.tcp_user_timeout(STALLED_WRITE);
        let http = builder.build().map_err(BuildError::Http)?;
        Ok(Self { policy, lookup, roots, way: Way::Http(http) })
    }

    /// The policy that this client enforces.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Sends a request once and reads the response up to the limits of [`Request::keep`].
    ///
    /// # Errors
    /// If no response arrived. A response with any status is `Ok`, even if its body breaks off.
    pub async fn send(&self, request: Request) -> Result<Response, SendFailure> {
        let stopwatch = Stopwatch::start();
        let watch = request.body.watch.clone();
        let end = EndBody(&watch);
        let result = stopwatch.run(self.exchange(request, &stopwatch)).await;
        drop(end);
        let timings = stopwatch.timings();
        match result {
            Ok(response) => Ok(Response { timings, ..response }),
            // A failure of the request body is the cause of any error that followed.
            Err(error) => {
                let error = watch.take_fault().map_or(error, SendError::Body);
                Err(SendFailure { unprocessed: stopwatch.unprocessed(&error), error, timings })
            }
        }
    }

    async fn exchange(&self, request: Request, stopwatch: &Stopwatch) -> Result<Response, SendError> {
        let Request { method, url, headers, body, deadline: after, keep } = request;
        let deadline = Instant::now() + after;
        let url = self.policy.check_url(&url)?;
        let mut headers = headers::to_map(&headers).map_err(PolicyRefusal::Header)?;
        set_length(&mut headers, &method, body.length);
        let http = match &self.way {
            Way::Http(http) => http,
            Way::Simulated(network) => {
                let (request, limits) = ((method, url, headers), (keep, deadline, after));
                return network::send(network.as_ref(), request, body, limits).await;
            }
        };
        let sending = http.request(method, url).headers(headers).body(body.inner).send();
        let mut response = match timeout_at(deadline, sending).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(classify(error)),
            Err(_elapsed) => {
                let phase = if stopwatch.is_connecting() { Phase::Connect } else { Phase::Answer };
                return Err(SendError::Timeout { phase, after });
            }
        };
        crate::timing::mark(|marks, now| marks.answered = Some(now));
        let (body, truncated) = read_body(&mut response, keep.body_bytes, deadline).await;
        Ok(Response {
            status: response.status(),
            headers: headers::to_text(response.headers(), keep.header_bytes),
            retry_after: response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_owned),
            body,
            truncated,
            remote_addr: response.remote_addr(),
            timings: Timings::default(),
        })
    }
}

/// Sets `Content-Length`. A GET without a body has no `Content-Length` (RFC 9110, 8.6).
fn set_length(headers: &mut HeaderMap, method: &Method, length: u64) {
    if length == 0 && matches!(*method, Method::GET | Method::HEAD) {
        headers.remove(CONTENT_LENGTH);
    } else {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// Reads up to `max_bytes`; returns whether the body was, or may have been, longer. The rest is not drained:
/// the connection is closed with the response.
async fn read_body(response: &mut reqwest::Response, max_bytes: usize, deadline: Instant) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let chunk = match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return (body, false),
            Ok(Err(_)) | Err(_) => return (body, true),
        };
        let room = max_bytes - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        // `timeout_at` polls the chunk first, so a source that is always ready, even with empty chunks, would
        // never time out.
        if chunk.len() > room || Instant::now() >= deadline {
            return (body, true);
        }
    }
}

/// Ends the request body when the send ends or is dropped; after an early response it would otherwise
/// continue in the background.
struct EndBody<'a>(&'a Watch);

impl Drop for EndBody<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
