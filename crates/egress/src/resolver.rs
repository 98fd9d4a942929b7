//! Resolves names to addresses, and checks every address.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use crate::address::BlockedAddress;
use crate::policy::Policy;
use crate::timing;

/// Looks up the addresses of a name.
pub(crate) type Lookup = fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The operating system's resolver.
pub(crate) fn system(host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    // Port 0 means the port of the URL.
    Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
}

/// Why a name could not be resolved to addresses that may be called.
#[derive(Debug, Error)]
pub(crate) enum ResolveError {
    #[error("the look-up failed")]
    Lookup(#[source] io::Error),
    #[error("the answer has no addresses")]
    Empty,
    #[error("the answer has a blocked address")]
    Blocked(#[source] BlockedAddress),
}

/// Resolves with `lookup` and checks with `policy`.
pub(crate) struct CheckingResolver {
    pub(crate) policy: Policy,
    pub(crate) lookup: Lookup,
}

impl Resolve for CheckingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, lookup) = (self.policy, self.lookup);
        Box::pin(async move {
            timing::mark(|marks, now| marks.resolving = Some(now));
            let addresses = lookup(name.as_str().to_owned()).await.map_err(ResolveError::Lookup)?;
            timing::mark(|marks, now| marks.resolved = Some(now));
            if addresses.is_empty() {
                return Err(ResolveError::Empty.into());
            }
            for address in &addresses {
                policy.allows(address.ip()).map_err(ResolveError::Blocked)?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
