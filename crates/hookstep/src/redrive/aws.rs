//! The calls of AWS that this command makes, signed with AWS Signature Version 4.
//!
//! Four operations do not justify two more clients of the AWS SDK in a program that everybody builds.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use hookstep_ambient::{Sources, env};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::{Value, json};

use crate::settings::BoxError;

/// Longer than any healthy connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than SQS waits for messages.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// An account of AWS, or what stands in for one.
#[derive(Debug)]
pub(super) struct Aws {
    http: reqwest::Client,
    credentials: Credentials,
    region: String,
    endpoint: Option<String>,
    sources: Sources,
}

impl Aws {
    /// Reads the region and credentials from the environment, as the functions do.
    pub(super) fn from_env(endpoint: Option<String>) -> Result<Self, BoxError> {
        let credentials = Credentials::new(
            env::required("AWS_ACCESS_KEY_ID")?,
            env::required("AWS_SECRET_ACCESS_KEY")?,
            env::optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let is_plain = endpoint.as_deref().is_some_and(|url| url.starts_with("http:"));
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(is_plain)?)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()?;
        let (region, sources) = (env::required("AWS_REGION")?, Sources::system());
        Ok(Self { http, credentials, region, endpoint, sources })
    }

    /// Calls an operation of SQS.
    pub(super) async fn sqs(&self, operation: &str, input: Value) -> Result<Value, BoxError> {
        self.json("sqs", &format!("AmazonSQS.{operation}"), &input).await
    }

    /// Starts an execution whose name begins with `name`, and returns once it is accepted. The execution that lost the event
    /// may have had the same name, which a standard machine takes only once.
    pub(super) async fn start(&self, machine: &str, name: &str, input: &str) -> Result<(), BoxError> {
        let name = format!("{name}-{}", (self.sources.new_id)());
        let input = json!({"stateMachineArn": machine, "name": name, "input": input});
        self.json("states", "AWSStepFunctions.StartExecution", &input).await.map(drop)
    }

    /// Invokes a function asynchronously, and returns once the invocation is accepted.
    pub(super) async fn invoke(&self, function: &str, payload: &str) -> Result<(), BoxError> {
        let url = format!(
            "{}2015-03-31/functions/{}/invocations",
            self.url("lambda"),
            function.replace(':', "%3A").replace('$', "%24")
        );
        let headers = [("content-type", "application/json"), ("x-amz-invocation-type", "Event")];
        self.post("lambda", &url, &headers, payload.to_owned()).await.map(drop)
    }

    /// An operation of the AWS JSON 1.0 protocol.
    async fn json(&self, service: &str, target: &str, input: &Value) -> Result<Value, BoxError> {
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target)];
        let answer = self.post(service, &self.url(service), &headers, input.to_string()).await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }

    fn url(&self, service: &str) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
            None => {
                let china = if self.region.starts_with("cn-") { ".cn" } else { "" };
                format!("https://{service}.{}.amazonaws.com{china}/", self.region)
            }
        }
    }

    async fn post(
        &self,
        service: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Vec<u8>, BoxError> {
        let identity = self.credentials.clone().into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time((self.sources.clock)().into())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signable = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", url, headers.iter().copied(), signable)?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let request = headers
            .iter()
            .fold(http::Request::post(url), |request, (name, value)| request.header(*name, *value));
        let mut request = request.body(body)?;
        instructions.apply_to_request_http1x(&mut request);
        let answer = self.http.execute(request.try_into()?).await?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        if status.is_success() { Ok(body.into()) } else { Err(refusal(service, status.as_u16(), &body)) }
    }
}

/// What AWS says about a request that it refuses.
fn refusal(service: &str, status: u16, body: &[u8]) -> BoxError {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let name = text("__type").rsplit('#').next().unwrap_or_default().to_owned();
    let message = [text("message"), text("Message")].concat();
    format!("{service} answered {status} {name}: {message}").into()
}

/// Trusts what the machine trusts. For plain HTTP nothing is read: a machine may have no certificates.
fn tls(is_plain: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = if is_plain {
        builder.with_root_certificates(RootCertStore::empty())
    } else {
        builder.with_platform_verifier()?
    };
    Ok(builder.with_no_client_auth())
}
