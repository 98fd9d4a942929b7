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
use crate::policy::{Policy, PolicyRefusal};
use crate::resolver::{self, CheckingResolver, Lookup};
use crate::timing::{Stopwatch, TimeConnects, Timings};
use crate::tls;

/// Under the 60 s after which common load balancers close: a request sent into a closing connection fails.
const POOL_IDLE: Duration = Duration::from_secs(50);

/// A receiver that answered and then reads no more of the request holds its socket no longer than this.
#[cfg(target_os = "linux")]
const STALLED_WRITE: Duration = Duration::from_secs(300);

/// After how long without a frame an HTTP/2 receiver that owes an answer is asked for a sign of life, and how long it has
/// for it. A receiver may take minutes over an answer; but a peer that is gone, or reads no more, would otherwise hold the
/// socket for [`STALLED_WRITE`], and be tried again on it. Twice this is under [`POOL_IDLE`].
const PING: Duration = Duration::from_secs(20);

/// How many header lines are read; the library's 100 would turn a talkative receiver's 200 into a failure.
const MAX_HEADER_LINES: usize = 1000;

/// The same for HTTP/2, in bytes.
const MAX_HEADER_LIST_BYTES: u32 = 256 * 1024;

/// What an HTTP/2 receiver may send of one answer before any of it is read; the library's 2 MiB would be memory that every
/// receiver can make us hold. Twice what is kept of an answer, so that what is kept arrives in one go.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;

/// The same for all answers of one connection together.
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;

/// Sends requests, as far as its policy lets it.
///
/// Cheap to clone; one per process, for it keeps the connections. A webhook with TLS of its own has its own, which is worth
/// keeping as well ([`Client::with_tls`]).
#[derive(Clone, Debug)]
pub struct Client {
    policy: Policy,
    lookup: Lookup,
    roots: Arc<RootCertStore>,
    http: reqwest::Client,
}

/// A client could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The TLS configuration.
    #[error("TLS could not be configured")]
    Tls(#[source] rustls::Error),
    /// The rest.
    #[error("the HTTP client could not be built")]
    Http(#[source] reqwest::Error),
}

impl Client {
    /// A client under `policy`.
    ///
    /// # Errors
    /// When TLS or the HTTP library cannot be set up.
    pub fn new(policy: Policy) -> Result<Self, BuildError> {
        Self::with(policy, resolver::system, tls::public_roots())
    }

    pub(crate) fn with(policy: Policy, lookup: Lookup, roots: RootCertStore) -> Result<Self, BuildError> {
        Self::build(policy, lookup, roots.into(), None)
    }

    /// A client that shows the certificate of `tls` to receivers that ask for one, and trusts its authorities, if it names
    /// any, in place of the public ones. Policy and resolver are the same. Connections and TLS sessions are its own, so
    /// that no request of another webhook can travel on a connection that was opened with this one's certificate.
    ///
    /// # Errors
    /// When TLS or the HTTP library cannot be set up.
    pub fn with_tls(&self, tls: &ClientTls) -> Result<Self, BuildError> {
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
            // Bytes as they came, whatever features another crate turns on: a small answer must not unpack to a large one.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_nodelay(true)
            .http1_max_headers(MAX_HEADER_LINES)
            .http2_max_header_list_size(MAX_HEADER_LIST_BYTES)
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING)
            .http2_initial_stream_window_size(STREAM_WINDOW_BYTES)
            .http2_initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        #[cfg(target_os = "linux")]
        let builder = builder.tcp_user_timeout(STALLED_WRITE);
        let http = builder.build().map_err(BuildError::Http)?;
        Ok(Self { policy, lookup, roots, http })
    }

    /// The policy it works under.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Sends a request, once, and reads the answer as far as it is kept.
    ///
    /// # Errors
    /// When there was no answer. An answer of any status is none, whatever becomes of its body.
    pub async fn send(&self, request: Request) -> Result<Response, SendFailure> {
        let stopwatch = Stopwatch::start();
        let watch = request.body.watch.clone();
        let end = EndBody(&watch);
        let result = stopwatch.run(self.exchange(request, &stopwatch)).await;
        drop(end);
        let timings = stopwatch.timings();
        match result {
            Ok(response) => Ok(Response { timings, ..response }),
            // A body that broke is the reason for whatever followed from it.
            Err(error) => {
                let error = watch.take_fault().map_or(error, SendError::Body);
                Err(SendFailure { error, timings })
            }
        }
    }

    async fn exchange(&self, request: Request, stopwatch: &Stopwatch) -> Result<Response, SendError> {
        let Request { method, url, headers, body, deadline: after, keep } = request;
        let deadline = Instant::now() + after;
        let url = self.policy.check_url(&url)?;
        let mut headers = headers::to_map(&headers).map_err(PolicyRefusal::Header)?;
        set_length(&mut headers, &method, body.length);
        let sending = self.http.request(method, url).headers(headers).body(body.inner).send();
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

/// Says how long the body is. A GET says nothing of a body that is not there (RFC 9110, 8.6).
fn set_length(headers: &mut HeaderMap, method: &Method, length: u64) {
    if length == 0 && matches!(*method, Method::GET | Method::HEAD) {
        headers.remove(CONTENT_LENGTH);
    } else {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// Reads up to `max_bytes` and says whether there was, or may have been, more. What is not read is not drained: the
/// connection ends with the response.
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
        // A source that always has something, be it nothing, leaves `timeout_at` no chance to look.
        if chunk.len() > room || Instant::now() >= deadline {
            return (body, true);
        }
    }
}

/// Ends the request body when the send ends or is dropped: after an early answer it would go on in the background.
struct EndBody<'a>(&'a Watch);

impl Drop for EndBody<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
