//! The settings for what clients may do.

use std::time::Duration;

use clap::Args;
use clap::builder::{TypedValueParser, ValueParserFactory};
use hookstep_host::{DEFAULT_TRUSTED_PROXIES, Limits};
use ipnet::IpNet;

/// What clients may do.
#[derive(Clone, Debug, Args)]
pub(crate) struct LimitArgs {
    /// The most connections at once; half of the files that may be open, if that is less.
    #[arg(long, env = "HOOKSTEP_MAX_CONNECTIONS", default_value_t = 10_000, value_parser = at_least_one())]
    max_connections: usize,

    /// The most connections at once from one address (for IPv6, from one /64), unless it is a trusted proxy.
    #[arg(long, env = "HOOKSTEP_MAX_CONNECTIONS_PER_CLIENT", default_value_t = 256, value_parser = at_least_one())]
    max_connections_per_client: usize,

    /// The proxies whose X-Forwarded-For counts, as networks separated by commas.
    #[arg(long, env = "HOOKSTEP_TRUSTED_PROXIES", value_delimiter = ',', default_values = DEFAULT_TRUSTED_PROXIES)]
    trusted_proxies: Vec<IpNet>,

    /// The seconds that a client has for the headers of a request.
    #[arg(long, env = "HOOKSTEP_HEADER_TIMEOUT", default_value_t = 15, value_parser = seconds())]
    header_timeout: u64,

    /// The seconds that a client has for the next part of a body, or to take the next part of an answer.
    #[arg(long, env = "HOOKSTEP_BODY_TIMEOUT", default_value_t = 30, value_parser = seconds())]
    body_timeout: u64,

    /// The seconds that a connection without a request is kept; a proxy in front must keep it for less.
    #[arg(long, env = "HOOKSTEP_IDLE_TIMEOUT", default_value_t = 75, value_parser = seconds())]
    idle_timeout: u64,

    /// The seconds within which a stop ends. What is still in flight then is made again at the next start.
    #[arg(long, env = "HOOKSTEP_STOP_TIMEOUT", default_value_t = 30, value_parser = seconds())]
    stop_timeout: u64,
}

fn seconds() -> impl TypedValueParser<Value = u64> {
    u64::value_parser().range(1..=3600)
}

fn at_least_one() -> impl TypedValueParser<Value = usize> {
    u32::value_parser().range(1..).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

impl LimitArgs {
    /// The limits of the server of a process that may have this many files open.
    pub(super) fn server(&self, open_files: u64) -> Limits {
        // The other half is for receivers, the databases and claim checks.
        let half = usize::try_from(open_files / 2).unwrap_or(usize::MAX);
        Limits {
            header_timeout: Duration::from_secs(self.header_timeout),
            idle_timeout: Duration::from_secs(self.idle_timeout),
            body_timeout: Duration::from_secs(self.body_timeout),
            connections: self.max_connections.min(half),
            connections_per_client: self.max_connections_per_client,
            trusted_proxies: self.trusted_proxies.clone(),
        }
    }

    pub(super) fn stop_timeout(&self) -> Duration {
        Duration::from_secs(self.stop_timeout)
    }
}
