//! `hookstep serve`.

pub(crate) mod health;

use std::net::SocketAddr;

use axum::serve::ListenerExt;
use hookstep_host::{FirstToken, Host};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::settings::{BoxError, CommandResult, ServeArgs, admin_token};

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
pub(crate) async fn serve(args: ServeArgs) -> CommandResult {
    let serving = Serving::start(&args).await?;
    introduce(&args, &serving);
    serving.until_stopped().await
}

impl Serving {
    /// Opens the host and begins to serve.
    pub(crate) async fn start(args: &ServeArgs) -> Result<Self, BoxError> {
        raise_file_limit();
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
        let address = listener.local_addr()?;
        let host = Host::open(args.options(address)?).await?;
        let first_token = host.first_token(FIRST_ORG.parse()?, admin_token()?.as_deref()).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        // Responses are small and written at once, so that waiting for more data to send with them only costs time.
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        let server = axum::serve(listener, host.router()).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        Ok(Self { address, host, first_token, stop, server })
    }

    /// Serves until the first Ctrl-C or SIGTERM, then finishes the attempts in flight. A second signal stops at once.
    #[expect(clippy::print_stdout, reason = "the program talks to its operator")]
    pub(crate) async fn until_stopped(self) -> CommandResult {
        signal().await?;
        println!("stopping: finishing the attempts in flight (press Ctrl-C again to stop at once)");
        let _ = self.stop.send(());
        let finish = async {
            // Producers of sync triggers still wait for their answers. Once they have them, no request can start anything new.
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
            println!("                  (org \"{FIRST_ORG}\"; it is shown only this once, so keep it)");
        }
        FirstToken::Known => println!("  admin token     unchanged"),
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

/// Raises the limit of open files: every attempt in flight is a socket, and the usual soft limit is 1,024.
fn raise_file_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}
