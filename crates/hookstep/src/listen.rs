//! `hookstep listen`: a receiver to try things with.

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

use crate::keys::{KeyArgs, Keys};
use crate::out;
use crate::settings::Outcome;
use crate::when::duration;
use forward::Forward;

pub(crate) const HELP: &str = "\
Requests are printed with a check for each kind of key that is given: v1 for a
secret, v1a for a public key. One that no key makes believable is answered with
401 and not passed on, as a receiver should. Without keys nothing is checked.

The host has to be allowed to call this machine:
  hookstep serve --allow-http-targets --allow-private-targets

Examples:
  hookstep listen --org default                 check v1a
  HOOKSTEP_SIGNING_SECRET=whsec_… hookstep listen --status 503
  hookstep listen --forward http://localhost:3000/hooks --delay 2s";

/// How to receive.
#[derive(Debug, Args)]
pub(crate) struct ListenArgs {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:4800")]
    listen: SocketAddr,

    #[command(flatten)]
    keys: KeyArgs,

    /// Pass every request on to this URL, and its answer back.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,

    /// Answer with this status.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..600), conflicts_with = "forward")]
    status: u16,

    /// Wait so long before the answer.
    #[arg(long, default_value = "0s", value_parser = duration)]
    delay: Duration,
}

/// What every request is met with.
struct Listener {
    keys: Keys,
    forward: Option<Forward>,
    status: StatusCode,
    delay: Duration,
    /// Held while a request is printed: they come together, and are read one by one.
    printing: Mutex<()>,
}

/// The largest body: it is held to be checked and shown.
const BODY_BYTES: usize = 256 * 1024 * 1024;

/// Receives until Ctrl-C.
pub(crate) async fn listen(args: ListenArgs) -> Outcome {
    let keys = args.keys.read().await?;
    let forward = args.forward.map(Forward::to).transpose()?;
    let socket = TcpListener::bind(args.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
    out::note(format_args!("listening on http://{}", socket.local_addr()?));
    if keys.all().is_empty() {
        out::note("signatures are not checked: give --secret, --public-key or --org");
    }
    let status = StatusCode::from_u16(args.status)?;
    let listener = Listener { keys, forward, status, delay: args.delay, printing: Mutex::default() };
    let router = axum::Router::new()
        .fallback(receive)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
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
    let check = |keys: &[_]| verify_at(&headers, &body, keys, DEFAULT_TOLERANCE, now.unix_seconds());
    let checks: Vec<_> = listener.keys.versions().map(|(version, keys)| (version, check(keys))).collect();
    let is_believed = checks.is_empty() || checks.iter().any(|(_, result)| result.is_ok());
    let answer = if is_believed {
        tokio::time::sleep(listener.delay).await;
        match &listener.forward {
            Some(forward) => forward.pass(&method, &headers, body.clone()).await,
            None => listener.status.into_response(),
        }
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    };
    let shown =
        show::Shown { now, method: &method, uri: &uri, headers: &headers, body: &body, checks: &checks };
    let printing = listener.printing.lock().await;
    // A reader that went away is told of by the next write of the process; the sender gets its answer.
    let _ = shown.print(answer.status());
    drop(printing);
    answer
}
