//! How the collector is reached.

use std::error::Error;
use std::time::Duration;

use hookstep_ambient::env::{self, EnvError};
use opentelemetry_sdk::Resource;
use thiserror::Error;

/// Nothing can be sent by OTLP.
#[derive(Debug, Error)]
pub enum OtlpError {
    /// The HTTP client cannot be made.
    #[error("the HTTP client for OTLP cannot be made")]
    Client(#[source] reqwest::Error),
    /// A variable has to be a number.
    #[error(transparent)]
    Number(#[from] EnvError),
    /// One of the other variables `OTEL_EXPORTER_OTLP_…` cannot be used.
    #[error("the settings for OTLP cannot be used")]
    Settings(#[source] Box<dyn Error + Send + Sync>),
}

/// What is sent, each to a path of its own and with variables of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signal {
    endpoint: &'static str,
    timeout: &'static str,
}

impl Signal {
    pub(crate) const TRACES: Self = Self {
        endpoint: opentelemetry_otlp::OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
        timeout: opentelemetry_otlp::OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
    };
    pub(crate) const METRICS: Self = Self {
        endpoint: opentelemetry_otlp::OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
        timeout: opentelemetry_otlp::OTEL_EXPORTER_OTLP_METRICS_TIMEOUT,
    };

    /// Whether a variable names a collector. By the specification there is a default, but sending is off by default here.
    pub(crate) fn has_collector(self) -> bool {
        [self.endpoint, opentelemetry_otlp::OTEL_EXPORTER_OTLP_ENDPOINT]
            .into_iter()
            .any(|name| env::optional(name).is_some_and(|url| !url.is_empty()))
    }

    /// A client with the timeout of this signal, which the exporter leaves to its client. Certificates are checked against the
    /// machine's trust store; ring is the TLS provider, as everywhere.
    pub(crate) fn client(self) -> Result<reqwest::Client, OtlpError> {
        // Another client of this process may have done this already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let default = env::number(opentelemetry_otlp::OTEL_EXPORTER_OTLP_TIMEOUT, 10_000)?;
        let timeout = Duration::from_millis(env::number(self.timeout, default)? as u64);
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .build()
            .map_err(OtlpError::Client)
    }
}

/// What the operator says about this process, with a name of ours if there is none.
pub(crate) fn resource(service: &str) -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&"service.name".into()).map(|name| name.to_string());
    match name {
        Some(name) if !name.starts_with("unknown_service") => found,
        _ => Resource::builder().with_service_name(service.to_owned()).build(),
    }
}
