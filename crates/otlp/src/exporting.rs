//! What sends spans.

use std::error::Error;
use std::time::Duration;

use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::Spans;

/// How many spans wait to be sent; further ones are dropped. A span is about 1 KiB.
const MAX_WAITING: usize = 8192;

/// How many spans are sent at once.
const MAX_BATCH: usize = 512;

/// How long spans are gathered.
const INTERVAL: Duration = Duration::from_secs(1);

/// Traces cannot be sent.
#[derive(Debug, Error)]
pub enum OtlpError {
    /// The HTTP client cannot be made.
    #[error("the HTTP client for OTLP cannot be made")]
    Client(#[source] Box<dyn Error + Send + Sync>),
    /// One of the variables `OTEL_EXPORTER_OTLP_…` cannot be used.
    #[error("the settings for OTLP cannot be used")]
    Settings(#[source] Box<dyn Error + Send + Sync>),
}

/// The task that sends spans until it is told to finish.
#[derive(Debug)]
pub struct Exporting {
    finish: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Exporting {
    /// Starts to send spans to the collector that the variables `OTEL_EXPORTER_OTLP_…` name, as a service of this name unless
    /// `OTEL_SERVICE_NAME` names another.
    ///
    /// # Errors
    /// If the variables cannot be used.
    pub fn start(service: &'static str) -> Result<(Spans, Self), OtlpError> {
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client()?)
            .with_protocol(Protocol::HttpBinary)
            .build()
            .map_err(|error| OtlpError::Settings(error.into()))?;
        exporter.set_resource(&resource(service));
        let (sender, spans) = mpsc::channel(MAX_WAITING);
        let (finish, finishing) = oneshot::channel();
        let task = tokio::spawn(run(exporter, spans, finishing));
        Ok((Spans(sender), Self { finish, task }))
    }

    /// Sends what is left.
    pub async fn finish(self) {
        let _ = self.finish.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the last spans were not sent");
        }
    }
}

/// What the operator says about this process, with a name of ours if there is none.
fn resource(service: &'static str) -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&"service.name".into()).map(|name| name.to_string());
    match name {
        Some(name) if !name.starts_with("unknown_service") => found,
        _ => Resource::builder().with_service_name(service).build(),
    }
}

/// Certificates are checked against the machine's trust store; ring is the TLS provider, as everywhere.
fn client() -> Result<reqwest::Client, OtlpError> {
    // Another client of this process may have done this already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    client.map_err(|error| OtlpError::Client(error.into()))
}

async fn run(exporter: SpanExporter, mut spans: mpsc::Receiver<SpanData>, mut finish: oneshot::Receiver<()>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    let mut is_finishing = false;
    while !is_finishing {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = &mut finish => is_finishing = true,
        }
        while !spans.is_empty() {
            let mut batch = Vec::new();
            spans.recv_many(&mut batch, MAX_BATCH).await;
            let count = batch.len();
            if let Err(error) = exporter.export(batch).await {
                tracing::warn!(spans = count, %error, "spans were lost: the collector did not take them");
            }
        }
    }
}
