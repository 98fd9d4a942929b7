//! What a server allows its clients.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

/// The networks that are trusted unless the operator names others: this machine, where proxies usually run.
pub const DEFAULT_TRUSTED_PROXIES: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// What a server allows its clients.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From the first byte of a request until its headers are complete.
    pub header_timeout: Duration,
    /// How long a connection may be kept without a request. Longer than the keep-alive of the usual proxies (60 s), which would
    /// otherwise send requests into connections that are just being closed.
    pub idle_timeout: Duration,
    /// How long a client may take for the next part of a body, or to take the next part of an answer. A body must also arrive at
    /// 1 KiB/s on average.
    pub body_timeout: Duration,
    /// The most connections at once.
    pub connections: usize,
    /// The most connections at once from one address, unless it is a trusted proxy.
    pub connections_per_client: usize,
    /// The proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            connections: 10_000,
            connections_per_client: 256,
            trusted_proxies: DEFAULT_TRUSTED_PROXIES.iter().filter_map(|net| net.parse().ok()).collect(),
        }
    }
}

impl Limits {
    /// Whether the address is that of a trusted proxy.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|net| net.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_trusted_and_no_other() {
        let limits = Limits::default();
        assert_eq!(limits.trusted_proxies.len(), DEFAULT_TRUSTED_PROXIES.len());
        for (address, trusted) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("::2", false),
        ] {
            assert_eq!(limits.trusts(address.parse().unwrap()), trusted, "{address}");
        }
    }
}
