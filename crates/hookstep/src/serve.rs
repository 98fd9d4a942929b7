//! `hookstep serve`.

pub(crate) mod health;

use std::net::SocketAddr;

use axum::serve::ListenerExt;
use hookstep_local::{FirstToken, Host};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::settings::{Outcome, ServeArgs, admin_token};

/// The org of the first token.
pub(crate) const FIRST_ORG: &str = "default";

/// A host that is serving.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) host: Host,
    pub(crate) first_token: FirstToken,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn serve(args: ServeArgs) -> Outcome {
    let serving = Serving::start(&args).await?;
    introduce(&args, &serving);
    serving.until_stopped().await
}

impl Serving {
    /// Opens the host and begins to serve.
    pub(crate) async fn start(args: &ServeArgs) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        raise_file_limit();
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
        let address = listener.local_addr()?;
        let host = Host::open(args.options(address)?).await?;
        let first_token = host.first_token(FIRST_ORG.parse()?, admin_token()?.as_deref()).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        // Answers are small and written in one go: waiting for more to send with them only costs time.
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        let server = axum::serve(listener, host.router()).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        Ok(Self { address, host, first_token, stop, server })
    }

    /// Serves until the first Ctrl-C or SIGTERM, then finishes the attempts in flight; a second one ends it at once.
    #[expect(clippy::print_stdout, reason = "the program talks to its operator")]
    pub(crate) async fn until_stopped(self) -> Outcome {
        signal().await?;
        println!("stopping: finishing the attempts in flight (once more to stop at once)");
        let _ = self.stop.send(());
        let finish = async {
            // Sync producers still wait for their answers; only then can no request start anything new.
            let served = self.server.await;
            self.host.stop().await;
            served
        };
        tokio::select! {
            served = finish => Ok(served??),
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
    match &serving.first_token {
        FirstToken::Created(token) => {
            println!("  admin token     {token}");
            println!("                  (org \"{FIRST_ORG}\"; shown this once, so keep it)");
        }
        FirstToken::Known => println!("  admin token     the one you have"),
    }
    if args.allow_http_targets {
        println!("  WARNING: --allow-http-targets: bodies may travel in the clear; for development only");
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

/// Every attempt in flight is a socket: the usual soft limit of 1,024 files would be the first thing to run out.
fn raise_file_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}
