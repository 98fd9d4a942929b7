//! Connects the AWS SDK to a service in this process: no sockets, no TLS, the same requests.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::bucket::Bucket;
use crate::schedules::Schedules;
use crate::trace;
use crate::wire::Reply;

/// A service that takes an operation's name and a JSON body.
pub(crate) trait JsonService: Send + Sync + 'static {
    /// Runs one operation.
    fn call(&self, operation: &str, request: Bytes) -> impl Future<Output = Reply> + Send;
}

/// A service that takes its SDK client's HTTP requests.
trait HttpService: Send + Sync + 'static {
    fn call(&self, request: HttpRequest)
    -> impl Future<Output = Result<HttpResponse, ConnectorError>> + Send;
}

/// The SDK's connector to one service.
struct Connector<S>(Arc<S>);

/// Creates the connector to a JSON service.
pub(crate) fn to_json_service(service: impl JsonService) -> impl HttpClient + 'static {
    Connector(Arc::new(Json(service)))
}

/// Creates the connector to the bucket.
pub(crate) fn to_bucket(bucket: Bucket) -> impl HttpClient + 'static {
    Connector(Arc::new(bucket))
}

/// Creates the connector to the scheduler.
pub(crate) fn to_scheduler(schedules: Schedules) -> impl HttpClient + 'static {
    Connector(Arc::new(schedules))
}

impl<S> fmt::Debug for Connector<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl<S: HttpService> HttpClient for Connector<S> {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Self(Arc::clone(&self.0)))
    }
}

impl<S: HttpService> HttpConnector for Connector<S> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move { service.call(request).await })
    }
}

struct Json<S>(S);

impl<S: JsonService> HttpService for Json<S> {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        // The header names the service and the operation: `DynamoDB_20120810.PutItem`.
        let target = request.headers().get("x-amz-target").map(ToOwned::to_owned);
        let Some((_, operation)) = target.as_deref().and_then(|target| target.split_once('.')) else {
            return Err(ConnectorError::other("the request names no operation".into(), None));
        };
        let content_type = request.headers().get("content-type").map(ToOwned::to_owned);
        let body = read(request.into_body()).await?;
        json_response(self.0.call(operation, body).await, content_type)
    }
}

impl HttpService for Bucket {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut request = request.map(s3s::Body::http_body_unsync);
        // The signature covers the `Host` header, which a real connection would set.
        if let Some(host) = request.uri().authority().and_then(|host| host.as_str().parse().ok()) {
            request.headers_mut().insert("host", host);
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self
            .service()
            .call(request)
            .await
            .map_err(|error| ConnectorError::other(format!("{error:?}").into(), None))?;
        trace::bucket(method.as_str(), response.status().as_u16());
        if method == "PUT" && response.status().is_success() {
            self.written(&path).await.map_err(|error| ConnectorError::other(error.into(), None))?;
        }
        let response = response.map(SdkBody::from_body_1_x);
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// The service's API is REST with JSON: the path names the schedule, and the query its group.
impl HttpService for Schedules {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let uri: axum::http::Uri = request.uri().parse().map_err(|error| {
            ConnectorError::other(format!("the request's URI cannot be read: {error}").into(), None)
        })?;
        let name = uri.path().strip_prefix("/schedules/").unwrap_or_default().to_owned();
        let query =
            uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("groupName="));
        let group = query.unwrap_or("default").to_owned();
        let reply = match request.method() {
            "GET" => self.get(&group, &name).await.into(),
            "DELETE" => {
                trace::service("scheduler", "DeleteSchedule", self.delete(&group, &name).await.into())
            }
            "POST" => {
                let body = read(request.into_body()).await?;
                let mut fields: serde_json::Value = serde_json::from_slice(&body)
                    .map_err(|error| ConnectorError::other(error.into(), None))?;
                fields["Name"] = name.into();
                self.create(fields.to_string().as_bytes()).await
            }
            method => {
                return Err(ConnectorError::other(format!("the scheduler does no {method}").into(), None));
            }
        };
        json_response(reply, Some("application/json".to_owned()))
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

/// The HTTP response, in the protocol version of the request.
fn json_response(reply: Reply, content_type: Option<String>) -> Result<HttpResponse, ConnectorError> {
    let status = reply.status.try_into();
    let status = status.map_err(|_| ConnectorError::other("the reply has no valid status".into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
    if let Some(content_type) = content_type {
        response.headers_mut().insert("content-type", content_type);
    }
    Ok(response)
}
