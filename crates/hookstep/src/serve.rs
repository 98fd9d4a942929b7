//! `hookstep serve`.

mod files;
pub(crate) mod health;
mod limits;
mod mail;
mod metrics;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hookstep_ambient::Sources;
use hookstep_host::{FirstToken, Host, Options, Server};
use hookstep_otlp::{Exporting, Waiting};
use tokio::net::TcpListener;
use tokio::time::Instant;

pub(crate) use limits::LimitArgs;
pub(crate) use mail::MailArgs;
pub(crate) use metrics::MetricsArgs;

use crate::settings::{BoxError, CommandResult, DurabilityName, ServeArgs, admin_token, platform_token};

/// The org of the first token.
pub(crate) const FIRST_ORG: &str = "default";

/// The name of this program in traces and metrics, unless the operator chooses another.
const SERVICE: &str = "hookstep";

/// A host that is serving.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) host: Host,
    pub(crate) first_token: FirstToken,
    server: Server,
    /// Serves the metrics at an address of their own.
    metrics: Option<(SocketAddr, Server)>,
    /// Sends traces and metrics to a collector.
    exporting: Vec<Exporting>,
    stop_timeout: Duration,
}

/// The last part of the time for a stop, which is kept for the engine: its journal is written to the disk.
const ENGINE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a collector has for the last spans and metrics.
const COLLECTOR_TIMEOUT: Duration = Duration::from_secs(2);

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn serve(args: ServeArgs) -> CommandResult {
    let serving = Serving::start(&args).await?;
    introduce(&args, &serving);
    serving.until_stopped().await
}

impl Serving {
    /// Opens the host and begins to serve.
    pub(crate) async fn start(args: &ServeArgs) -> Result<Self, BoxError> {
        let open_files = files::raise_limit();
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
        let address = listener.local_addr()?;
        let (spans, waiting) = hookstep_otlp::spans(SERVICE)?.unzip();
        let host = Host::open(Options { spans, ..args.options(address)? }).await?;
        let (platform, admin) = (platform_token()?, admin_token()?);
        if let Some(token) = &platform {
            host.keep_platform_token(token).await?;
        }
        let first_token = host.first_token(FIRST_ORG.parse()?, admin.as_deref()).await?;
        let server = Server::start(listener, host.router(), args.limits.server(open_files));
        let metrics = args.metrics.serve(&host).await?;
        let sent = hookstep_otlp::metrics(SERVICE, Arc::new(host.metrics_text()), Sources::system())?;
        let exporting = waiting.map(Waiting::in_background).into_iter().chain(sent).collect();
        Ok(Self {
            address,
            host,
            first_token,
            server,
            metrics,
            exporting,
            stop_timeout: args.limits.stop_timeout(),
        })
    }

    /// Serves until the first Ctrl-C or SIGTERM, then finishes what is in flight, for as long as the settings allow. A second
    /// signal stops at once.
    #[expect(clippy::print_stdout, reason = "the program talks to its operator")]
    pub(crate) async fn until_stopped(self) -> CommandResult {
        signal().await?;
        println!(
            "stopping: finishing what is in flight, for {} s at most (press Ctrl-C again to stop at once)",
            self.stop_timeout.as_secs()
        );
        let deadline = Instant::now() + self.stop_timeout;
        let finish = async {
            // Producers of sync triggers still wait for their answers. Once they have them, no request can start anything new.
            let unanswered = self.server.stop(deadline - ENGINE_TIMEOUT.min(self.stop_timeout)).await;
            if unanswered > 0 {
                tracing::warn!(connections = unanswered, "the host stops before all requests were answered");
            }
            if tokio::time::timeout_at(deadline, self.host.stop()).await.is_err() {
                tracing::warn!(
                    "the host stops in the middle of attempts: they are made again at the next start"
                );
            }
            let exported = join_all(self.exporting.into_iter().map(Exporting::finish));
            if tokio::time::timeout(COLLECTOR_TIMEOUT, exported).await.is_err() {
                tracing::warn!("the host stops before all spans and metrics were sent");
            }
        };
        tokio::select! {
            () = finish => Ok(()),
            again = signal() => again.map_err(Into::into),
        }
    }
}

#[expect(clippy::print_stdout, reason = "the program talks to its operator")]
pub(crate) fn introduce(args: &ServeArgs, serving: &Serving) {
    println!("Hookstep serves on http://{}", serving.address);
    println!(
        "  data directory  {}",
        std::path::absolute(&args.data_dir).unwrap_or(args.data_dir.clone()).display()
    );
    if let Some((address, _)) = &serving.metrics {
        println!("  metrics         http://{address}/metrics");
    }
    match &serving.first_token {
        FirstToken::Created(token) => {
            println!("  admin token     {token}");
            println!("                  (org \"{FIRST_ORG}\"; it is shown only this once, so keep it)");
        }
        FirstToken::Known => println!("  admin token     unchanged"),
    }
    if args.durability == DurabilityName::Process {
        println!(
            "  WARNING: --durability process: a power cut loses the events of the last seconds, although they were accepted"
        );
    }
    if args.allow_http_targets {
        println!("  WARNING: --allow-http-targets: bodies may be sent unencrypted; for development only");
    }
    if args.allow_private_targets {
        println!(
            "  WARNING: --allow-private-targets: webhooks can reach this machine's network; for development only"
        );
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
