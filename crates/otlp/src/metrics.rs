//! What sends metrics.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use hookstep_ambient::{Sources, env};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{MetricExporter, Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use prost::Message;

use crate::collector::{Signal, resource};
use crate::exporting::Export;
use crate::points::{self, Times};
use crate::span::scope;
use crate::{Exporting, OtlpError};

/// Milliseconds between two exports, by the specification of OpenTelemetry.
const INTERVAL: (&str, usize) = ("OTEL_METRIC_EXPORT_INTERVAL", 60_000);

/// Writes the metrics in the text format of Prometheus; it may read files.
pub type Read = Arc<dyn Fn() -> Result<String, fmt::Error> + Send + Sync>;

/// Sends these metrics to the collector that the variables `OTEL_EXPORTER_OTLP_…` name; `None` if they name none.
///
/// They are sent every minute, unless `OTEL_METRIC_EXPORT_INTERVAL` says otherwise, and as those of a service of this name,
/// unless `OTEL_SERVICE_NAME` names another.
///
/// # Errors
/// If the variables cannot be used.
pub fn metrics(service: &str, read: Read, sources: Sources) -> Result<Option<Exporting>, OtlpError> {
    if !Signal::METRICS.has_collector() {
        return Ok(None);
    }
    let client = Filled { client: Signal::METRICS.client()?, body: Arc::default() };
    let body = client.body.clone();
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .build()
        .map_err(|error| OtlpError::Settings(error.into()))?;
    let ResourceAttributesWithSchema { attributes, .. } = (&resource(service)).into();
    let resource = Resource { attributes: attributes.0, ..Resource::default() };
    let interval = Duration::from_millis(env::number(INTERVAL.0, INTERVAL.1)? as u64);
    let what = Metrics { read, resource, sources, start: nanos(sources), exporter, body };
    Ok(Some(Exporting::every(interval, what)))
}

struct Metrics {
    read: Read,
    resource: Resource,
    sources: Sources,
    start: u64,
    exporter: MetricExporter,
    body: Arc<Mutex<Bytes>>,
}

impl Metrics {
    fn request(&self, text: &str) -> ExportMetricsServiceRequest {
        let times = Times { start: self.start, now: nanos(self.sources) };
        let scope = Some((scope(), None).into());
        let scoped = ScopeMetrics { scope, metrics: points::metrics(text, times), ..ScopeMetrics::default() };
        ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(self.resource.clone()),
                scope_metrics: vec![scoped],
                ..ResourceMetrics::default()
            }],
        }
    }
}

impl Export for Metrics {
    async fn export(&mut self) {
        let read = self.read.clone();
        let text = match tokio::task::spawn_blocking(move || read()).await {
            Ok(Ok(text)) => text,
            Ok(Err(error)) => return tracing::error!(%error, "the metrics cannot be written"),
            Err(error) => return tracing::error!(%error, "the metrics cannot be read"),
        };
        let body = self.request(&text).encode_to_vec().into();
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = body;
        if let Err(error) = self.exporter.export(&Default::default()).await {
            tracing::warn!(%error, "the collector did not take the metrics: it gets the next ones");
        }
    }
}

/// Fills in what is sent.
///
/// The exporter takes only what the SDK's own instruments counted, and ours have counted already. It is given nothing, and
/// does all the rest: the variables, the headers, the repetitions, the answers.
#[derive(Debug)]
struct Filled {
    client: reqwest::Client,
    body: Arc<Mutex<Bytes>>,
}

#[async_trait]
impl HttpClient for Filled {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.client.send_bytes(request.map(|_| body)).await
    }
}

fn nanos(sources: Sources) -> u64 {
    let since = SystemTime::from((sources.clock)()).duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}
