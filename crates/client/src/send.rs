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
use crate::error::{Error, Problem};
use crate::retry::{self, Twice};

/// Longer than any healthy connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than the 27 s of a sync trigger, and than the 30 s after which API Gateway answers in its place.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Who is asked, unless it is the place of an upload.
pub(crate) const HOOKSTEP: &str = "Hookstep";

/// Somebody with a token, at one Hookstep. Cheap to clone; keep one, for it keeps the connections.
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
    /// A client of the Hookstep at `url` (`http://127.0.0.1:4700`, or the URL of an AWS deployment) with an API token.
    ///
    /// ```
    /// let hookstep = hookstep_client::Client::new("https://hooks.example.com", "hookstep_secret")?;
    /// assert!(!format!("{hookstep:?}").contains("secret"));
    /// # Ok::<(), hookstep_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Header`] for a token that cannot be one, or [`Error::Build`].
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

    /// How often a request is sent again after a connection that failed, a 429 or a 5xx: three times unless it is said, after
    /// random pauses of up to 0.5 s, 1 s, 2 s and so on to 10 s, or after the `Retry-After` of the answer when that is at most
    /// 60 s. What would be done twice (creating a webhook, a replay) is sent again only if it cannot have been taken.
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
        self.exchange(HOOKSTEP, Twice::Harmless, build, &Source::empty()).await?.json()
    }

    /// Sends fields as JSON.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        fields: &impl Serialize,
    ) -> Result<T, Error> {
        let body = serde_json::to_vec(fields).map_err(|error| Error::Build(error.into()))?;
        let twice = if method == Method::POST { Twice::Harmful } else { Twice::Harmless };
        let build = || self.request(method.clone(), path).header(CONTENT_TYPE, "application/json");
        self.exchange(HOOKSTEP, twice, build, &Source::Bytes(body.into())).await?.json()
    }

    /// Sends what `build` builds with a body, again if that may help, and answers what is not a refusal.
    pub(crate) async fn exchange(
        &self,
        what: &'static str,
        twice: Twice,
        build: impl Fn() -> RequestBuilder,
        body: &Source,
    ) -> Result<Answer, Error> {
        let mut number = 0;
        loop {
            let result = Answer::to(body.attach(build()).await?).await;
            if number < self.retries
                && let Some(pause) = retry::pause(&result, twice, number)
            {
                tokio::time::sleep(pause).await;
                number += 1;
                continue;
            }
            let answer = result.map_err(|error| Error::Unreachable { what, source: error.without_url() })?;
            if answer.status.is_success() {
                return Ok(answer);
            }
            return Err(Error::Refused(Box::new(Problem::read(answer.status, &answer.body))));
        }
    }
}

/// An answer that has come whole. One that breaks off is as good as none.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    async fn to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, body: response.bytes().await? })
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let status = self.status.as_u16();
        serde_json::from_slice(&self.body).map_err(|source| Error::NotUnderstood { status, source })
    }
}

/// rustls with ring, whatever the process has chosen for others. Over HTTPS the machine's authorities are trusted: a Hookstep
/// may be behind a proxy with a certificate of the house. Without it they are not read, for a machine may have none.
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
