//! What takes spans, and what sends them.

use std::time::Duration;

use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::mpsc;

use crate::collector::{Signal, resource};
use crate::exporting::Export;
use crate::trace::Trace;
use crate::{Exporting, OtlpError};

/// How many spans wait to be sent; further ones are dropped. A span is about 1 KiB.
const MAX_WAITING: usize = 8192;

/// How many spans are sent at once.
const MAX_BATCH: usize = 512;

/// How long spans are gathered.
const INTERVAL: Duration = Duration::from_secs(1);

/// Takes spans, and waits for nobody: a span for which there is no room is dropped. Clones send to the same collector.
#[derive(Clone, Debug)]
pub struct Spans(mpsc::Sender<SpanData>);

impl Spans {
    pub(crate) fn send(&self, trace: &Trace, span: SpanData) {
        if trace.is_sampled() && self.0.try_send(span).is_err() {
            tracing::debug!("a span was dropped: the collector does not keep up");
        }
    }
}

/// The spans that wait to be sent.
#[derive(Debug)]
pub struct Waiting {
    spans: mpsc::Receiver<SpanData>,
    exporter: SpanExporter,
}

impl Waiting {
    /// Sends all of them. Those that the collector does not take are lost.
    pub async fn send(&mut self) {
        while !self.spans.is_empty() {
            let mut batch = Vec::new();
            self.spans.recv_many(&mut batch, MAX_BATCH).await;
            let count = batch.len();
            if let Err(error) = self.exporter.export(batch).await {
                tracing::warn!(spans = count, %error, "spans were lost: the collector did not take them");
            }
        }
    }

    /// Sends them in the background.
    pub fn in_background(self) -> Exporting {
        Exporting::every(INTERVAL, self)
    }
}

impl Export for Waiting {
    async fn export(&mut self) {
        self.send().await;
    }
}

/// What takes spans for the collector that the variables `OTEL_EXPORTER_OTLP_…` name, and what sends them; `None` if they name
/// none.
///
/// They are sent as those of a service of this name, unless `OTEL_SERVICE_NAME` names another.
///
/// # Errors
/// If the variables cannot be used.
pub fn spans(service: &str) -> Result<Option<(Spans, Waiting)>, OtlpError> {
    if !Signal::TRACES.has_collector() {
        return Ok(None);
    }
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Signal::TRACES.client()?)
        .with_protocol(Protocol::HttpBinary)
        .build()
        .map_err(|error| OtlpError::Settings(error.into()))?;
    exporter.set_resource(&resource(service));
    let (sender, spans) = mpsc::channel(MAX_WAITING);
    Ok(Some((Spans(sender), Waiting { spans, exporter })))
}
