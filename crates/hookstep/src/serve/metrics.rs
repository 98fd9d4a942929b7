//! The settings for metrics.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use hookstep_host::{By, Host, Limits, MetricsOptions, Server};
use tokio::net::TcpListener;

use crate::settings::BoxError;

/// Where metrics are served, and what they tell apart.
#[derive(Clone, Debug, Args)]
pub(crate) struct MetricsArgs {
    /// The address of the metrics for Prometheus, which are then answered to everybody who can connect: GET /metrics.
    #[arg(long, env = "HOOKSTEP_METRICS_LISTEN")]
    metrics_listen: Option<SocketAddr>,

    /// Also tell events and attempts apart by org or by webhook: up to 1,000 series each, the rest is summed up.
    #[arg(long, env = "HOOKSTEP_METRICS_BY", value_enum)]
    metrics_by: Option<ByName>,
}

/// What to tell apart, as the flag names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ByName {
    Org,
    Webhook,
}

impl MetricsArgs {
    /// The host's options; with `token`, the metrics can be read at the host's own address.
    pub(crate) fn options(&self, token: Option<&str>) -> MetricsOptions {
        let by = match self.metrics_by {
            None => By::Nothing,
            Some(ByName::Org) => By::Org,
            Some(ByName::Webhook) => By::Webhook,
        };
        MetricsOptions::new(by, token)
    }

    /// Serves the metrics at an address of their own, if there is to be one. Returns the address.
    pub(super) async fn serve(&self, host: &Host) -> Result<Option<(SocketAddr, Server)>, BoxError> {
        let Some(listen) = self.metrics_listen else { return Ok(None) };
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| format!("cannot listen on {listen} for metrics: {error}"))?;
        let address = listener.local_addr()?;
        Ok(Some((address, Server::start(listener, host.metrics_router(), Limits::default()))))
    }
}
