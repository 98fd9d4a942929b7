//! The AWS SDK's way to the services of this host: no sockets, no TLS, the same requests.

use std::sync::Arc;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use bytes::Bytes;
use http_body_util::BodyExt;
use s3s::service::S3Service;

use crate::bus::Bus;
use crate::connections::Connections;
use crate::keys::Keys;
use crate::states::States;
use crate::tables::Tables;
use crate::wire::Reply;
use crate::{secrets, trace};

/// The region that the SDK is told; it ends up in signatures only.
pub(crate) const REGION: &str = "us-east-1";

const TABLES_URL: &str = "http://dynamodb.local";
const STATES_URL: &str = "http://states.local";
const EVENTS_URL: &str = "http://events.local";
const SECRETS_URL: &str = "http://secretsmanager.local";
const KEYS_URL: &str = "http://kms.local";

/// The services of this host.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) tables: Tables,
    /// Absent where only the tables are open.
    pub(crate) others: Option<Others>,
}

/// The services beside the tables.
#[derive(Clone)]
pub(crate) struct Others {
    pub(crate) bucket: S3Service,
    pub(crate) states: States,
    pub(crate) bus: Bus,
    pub(crate) connections: Connections,
    pub(crate) keys: Keys,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

/// What an AWS client needs to reach the services in this process. `bucket_url` is where presigned URLs point to.
pub(crate) struct Clients {
    pub(crate) tables: aws_sdk_dynamodb::Client,
    pub(crate) bucket: aws_sdk_s3::Client,
    pub(crate) states: aws_sdk_sfn::Client,
    pub(crate) events: aws_sdk_eventbridge::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) keys: aws_sdk_kms::Client,
}

impl Clients {
    /// Clients of the services in this process.
    pub(crate) fn new(services: Services, credentials: Credentials, bucket_url: &str) -> Self {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static(REGION))
            // The services do not fail in passing; the state machine retries what does.
            .retry_config(RetryConfig::disabled())
            // See boot: a sync execution is silent while its receiver thinks.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(InProcess(Arc::new(services)))
            .build();
        let at = |url: &str| config.to_builder().endpoint_url(url).build();
        // Only the bucket can be reached from outside this process, by presigned URLs: it alone checks signatures.
        let tables = aws_sdk_dynamodb::config::Builder::from(&at(TABLES_URL)).allow_no_auth().build();
        let states = aws_sdk_sfn::config::Builder::from(&at(STATES_URL)).allow_no_auth().build();
        let events = aws_sdk_eventbridge::config::Builder::from(&at(EVENTS_URL)).allow_no_auth().build();
        let secrets = aws_sdk_secretsmanager::config::Builder::from(&at(SECRETS_URL)).allow_no_auth().build();
        let keys = aws_sdk_kms::config::Builder::from(&at(KEYS_URL)).allow_no_auth().build();
        let bucket = aws_sdk_s3::config::Builder::from(&at(bucket_url))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .force_path_style(true)
            .build();
        Self {
            tables: aws_sdk_dynamodb::Client::from_conf(tables),
            bucket: aws_sdk_s3::Client::from_conf(bucket),
            states: aws_sdk_sfn::Client::from_conf(states),
            events: aws_sdk_eventbridge::Client::from_conf(events),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets),
            keys: aws_sdk_kms::Client::from_conf(keys),
        }
    }
}

/// A client of the tables alone.
pub(crate) fn tables_client(tables: Tables) -> aws_sdk_dynamodb::Client {
    let services = Services { tables, others: None };
    Clients::new(services, Credentials::from_keys("hookstep", "unused", None), TABLES_URL).tables
}

#[derive(Clone, Debug)]
struct InProcess(Arc<Services>);

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let services = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { services.call(request).await })
    }
}

impl Services {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        // All but S3 name the service and the operation in this header: `DynamoDB_20120810.PutItem`.
        let target = request.headers().get("x-amz-target").map(ToOwned::to_owned);
        let Some((service, operation)) = target.as_deref().and_then(|target| target.split_once('.')) else {
            return self.others()?.call_bucket(request).await;
        };
        let kind = request.headers().get("content-type").map(ToOwned::to_owned);
        let body = read(request.into_body()).await?;
        let reply = match service {
            "DynamoDB_20120810" => self.tables.call(operation, body).await,
            service => self.others()?.call(service, operation, &body).await?,
        };
        json_response(reply, kind)
    }

    fn others(&self) -> Result<&Others, ConnectorError> {
        self.others
            .as_ref()
            .ok_or_else(|| ConnectorError::other("only the tables are open here".into(), None))
    }
}

impl Others {
    async fn call(&self, service: &str, operation: &str, request: &[u8]) -> Result<Reply, ConnectorError> {
        let (name, reply) = match service {
            "AWSStepFunctions" => ("states", self.states.call(operation, request).await),
            "AWSEvents" if operation == "PutEvents" => ("events", self.bus.put(request).await),
            "AWSEvents" => ("events", self.connections.call(operation, request).await),
            "secretsmanager" => {
                ("secretsmanager", secrets::call(&self.connections, operation, request).await)
            }
            "TrentService" => ("kms", self.keys.call(operation, request)),
            _ => return Err(ConnectorError::other(format!("there is no {service} here").into(), None)),
        };
        trace::service(name, operation, &reply);
        Ok(reply)
    }

    async fn call_bucket(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut request = request.map(s3s::Body::http_body_unsync);
        // The signature covers the host, which a real connection would put into this header.
        if let Some(host) = request.uri().authority().and_then(|host| host.as_str().parse().ok()) {
            request.headers_mut().insert("host", host);
        }
        let method = request.method().clone();
        let response = self
            .bucket
            .call(request)
            .await
            .map_err(|error| ConnectorError::other(format!("{error:?}").into(), None))?;
        trace::bucket(method.as_str(), response.status().as_u16());
        let response = response.map(SdkBody::from_body_1_x);
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

async fn read(body: SdkBody) -> Result<Bytes, ConnectorError> {
    match body.bytes() {
        Some(bytes) => Ok(Bytes::copy_from_slice(bytes)),
        None => body
            .collect()
            .await
            .map(|body| body.to_bytes())
            .map_err(|error| ConnectorError::other(error, None)),
    }
}

/// The reply, in the version of the protocol that the request spoke.
fn json_response(reply: Reply, kind: Option<String>) -> Result<HttpResponse, ConnectorError> {
    let status = reply.status.try_into();
    let status = status.map_err(|_| ConnectorError::other("a status that is none".into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
    if let Some(kind) = kind {
        response.headers_mut().insert("content-type", kind);
    }
    Ok(response)
}
