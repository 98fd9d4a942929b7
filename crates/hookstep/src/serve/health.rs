//! `hookstep health`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use clap::Args;
use hookstep_egress::{Body, Client, Keep, Policy, Request};

use crate::settings::CommandResult;

/// Shorter than the timeouts that health checks of containers usually have.
const DEADLINE: Duration = Duration::from_secs(4);

/// The host to ask.
#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// The address that the host listens on, as `serve` takes it.
    #[arg(long, env = "HOOKSTEP_LISTEN", default_value = "127.0.0.1:4700")]
    listen: SocketAddr,
}

/// Succeeds if the host on this machine serves and can take events.
pub(crate) async fn check(args: HealthArgs) -> CommandResult {
    let address = SocketAddr::new(reachable(args.listen.ip()), args.listen.port());
    let client = Client::new(Policy { allow_http_targets: true, allow_private_targets: true })?;
    let request = Request {
        method: Method::GET,
        url: format!("http://{address}/readyz"),
        headers: BTreeMap::new(),
        body: Body::bytes(""),
        deadline: DEADLINE,
        keep: Keep { header_bytes: 0, body_bytes: 0 },
    };
    match client.send(request).await {
        Ok(response) if response.status == StatusCode::OK => Ok(()),
        Ok(response) => Err(format!("the host on {address} answers {}", response.status).into()),
        Err(failure) => {
            let reason = hookstep_contract::error_chain(&failure.error);
            Err(format!("the host on {address} does not answer: {reason}").into())
        }
    }
}

/// A host that listens on every address is reached on the loopback one.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
