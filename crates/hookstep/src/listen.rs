//! `hookstep listen`: a receiver for development.

mod forward;
mod show;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use clap::Args;
use hookstep_client::{DEFAULT_TOLERANCE, verify_at};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::keys::{KeyArgs, VerifyKeys};
use crate::out;
use crate::settings::CommandResult;
use crate::when::duration;
use forward::Forward;

pub(crate) const HELP: &str = "\
Each request is printed, with the result of verifying its signatures: v1 if a
secret is given, v1a if a public key is given. A request without a valid
signature is answered with 401 and not forwarded. Without keys, signatures are
not verified.

A host only calls this machine if it is allowed to:
  hookstep serve --allow-http-targets --allow-private-targets

Examples:
  hookstep listen --org default                 verify v1a
  HOOKSTEP_SIGNING_SECRET=whsec_… hookstep listen --status 503
  hookstep listen --forward http://localhost:3000/hooks --delay 2s";

/// The arguments of `hookstep listen`.
#[derive(Debug, Args)]
pub(crate) struct ListenArgs {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:4800")]
    listen: SocketAddr,

    #[command(flatten)]
    keys: KeyArgs,

    /// Forward every request to this URL, and return its response.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,

    /// The status to respond with.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..600), conflicts_with = "forward")]
    status: u16,

    /// How long to wait before the response.
    #[arg(long, default_value = "0s", value_parser = duration)]
    delay: Duration,
}

/// How requests are handled.
struct Listener {
    keys: VerifyKeys,
    forward: Option<Forward>,
    status: StatusCode,
    delay: Duration,
    /// Held while a request is printed, so that requests that arrive together are printed one after the other.
    printing: Mutex<()>,
}

/// The largest body. It is kept in memory to be verified and printed.
const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

/// Receives until Ctrl-C.
pub(crate) async fn listen(args: ListenArgs) -> CommandResult {
    let keys = args.keys.read().await?;
    let forward = args.forward.map(Forward::to).transpose()?;
    let socket = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
    out::note(format_args!("listening on http://{}", socket.local_addr()?));
    if keys.all().is_empty() {
        out::note("signatures are not verified: give --secret, --public-key or --org");
    }
    let status = StatusCode::from_u16(args.status)?;
    let listener = Listener { keys, forward, status, delay: args.delay, printing: Mutex::default() };
    let router = axum::Router::new()
        .fallback(receive)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::new(listener));
    Ok(axum::serve(socket, router).await?)
}

async fn receive(
    State(listener): State<Arc<Listener>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = hookstep_ambient::Sources::system().now();
    let verify = |keys: &[_]| verify_at(&headers, &body, keys, DEFAULT_TOLERANCE, now.unix_seconds());
    let checks: Vec<_> = listener.keys.versions().map(|(version, keys)| (version, verify(keys))).collect();
    let is_accepted = checks.is_empty() || checks.iter().any(|(_, result)| result.is_ok());
    let answer = if is_accepted {
        tokio::time::sleep(listener.delay).await;
        match &listener.forward {
            Some(forward) => forward.send(&method, &headers, body.clone()).await,
            None => listener.status.into_response(),
        }
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    };
    let shown = show::ReceivedRequest {
        now,
        method: &method,
        uri: &uri,
        headers: &headers,
        body: &body,
        checks: &checks,
    };
    let printing = listener.printing.lock().await;
    // A failed write means that the reader has gone away. The sender gets its response all the same.
    let _ = shown.print(answer.status());
    drop(printing);
    answer
}
