//! The client, and how it sends a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::body::Source;
use crate::error::{Error, read_problem};
use crate::retry::{self, Repeatable};

/// Longer than any healthy connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than the 27 s of a sync trigger, and than the 30 s after which API Gateway answers in its place.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The name of the Hookstep API in errors.
pub(crate) const HOOKSTEP: &str = "Hookstep";

/// A client of one Hookstep, with an API token. It is cheap to clone. Keep it: it keeps its connections open.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    base: String,
    token: HeaderValue,
    retries: u32,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.base).finish_non_exhaustive()
    }
}

impl Client {
    /// Creates a client of the Hookstep at `url` (`http://127.0.0.1:4700`, or the URL of an AWS deployment) with an API token.
    ///
    /// ```
    /// let hookstep = hookstep_client::Client::new("https://hooks.example.com", "hookstep_secret")?;
    /// assert!(!format!("{hookstep:?}").contains("secret"));
    /// # Ok::<(), hookstep_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Header`] for a text that cannot be a token, or [`Error::Build`].
    pub fn new(url: &str, token: &str) -> Result<Self, Error> {
        let parsed =
            Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let parsed = parsed.ok_or_else(|| Error::Url { url: url.to_owned() })?;
        let mut token =
            HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Error::Header("the token"))?;
        token.set_sensitive(true);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(parsed.scheme() == "https").map_err(|e| Error::Build(e.into()))?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| Error::Build(error.into()))?;
        let base = url.trim_end_matches('/').to_owned();
        Ok(Self { http, base, token, retries: retry::DEFAULT_RETRIES })
    }

    /// Sets how often a request is sent again after a failed connection, a 429 or a 5xx; the default is three times. The pauses
    /// are random, up to 0.5 s, 1 s, 2 s and so on to 10 s, or as long as the `Retry-After` of the response if that is at most
    /// 60 s. A request that would create something twice (a webhook, a replay) is sent again only if it cannot have been
    /// processed.
    #[must_use]
    pub fn with_retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.http.request(method, url).header(AUTHORIZATION, self.token.clone()).timeout(ANSWER_TIMEOUT)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let build = || self.request(Method::GET, path);
        self.exchange(HOOKSTEP, Repeatable::Always, build, &Source::empty()).await?.json()
    }

    /// Sends fields as JSON.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        fields: &impl Serialize,
    ) -> Result<T, Error> {
        let body = serde_json::to_vec(fields).map_err(|error| Error::Build(error.into()))?;
        let repeatable =
            if method == Method::POST { Repeatable::UnlessProcessed } else { Repeatable::Always };
        let build = || self.request(method.clone(), path).header(CONTENT_TYPE, "application/json");
        self.exchange(HOOKSTEP, repeatable, build, &Source::Bytes(body.into())).await?.json()
    }

    /// Sends the request that `build` makes with a body, again if that may help, and returns the response unless it is a refusal.
    pub(crate) async fn exchange(
        &self,
        service: &'static str,
        repeatable: Repeatable,
        build: impl Fn() -> RequestBuilder,
        body: &Source,
    ) -> Result<Response, Error> {
        let mut number = 0;
        loop {
            let result = Response::to(body.attach(build()).await?).await;
            if number < self.retries
                && let Some(pause) = retry::pause(&result, repeatable, number)
            {
                tokio::time::sleep(pause).await;
                number += 1;
                continue;
            }
            let response =
                result.map_err(|error| Error::Unreachable { service, source: error.without_url() })?;
            if response.status.is_success() {
                return Ok(response);
            }
            return Err(Error::Refused(Box::new(read_problem(response.status, &response.body))));
        }
    }
}

/// A response that arrived completely. One that breaks off counts as none.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    async fn to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await? })
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let status = self.status.as_u16();
        serde_json::from_slice(&self.body).map_err(|source| Error::UnexpectedResponse { status, source })
    }
}

/// rustls with ring, whatever provider the process has installed. For HTTPS it trusts the certificate authorities of the
/// machine, because a Hookstep may be behind a proxy with a certificate of its organisation. For HTTP they are not read, because
/// a machine may have none.
fn tls(https: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = if https {
        builder.with_platform_verifier()?
    } else {
        builder.with_root_certificates(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
