//! `GET /.well-known/source-addresses`: from where receivers are called.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, header};
use hookstep_api_types::SourceAddresses;
use sha2::{Digest, Sha256};

use crate::Context;

/// An hour: addresses change seldom, and firewalls are told of a new one before it is used.
const CACHE_CONTROL: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=3600")];

/// The bytes of the version: enough for the few lists that a deployment ever has.
const VERSION_BYTES: usize = 8;

/// `GET /.well-known/source-addresses`: needs no token.
#[utoipa::path(
    get,
    path = "/.well-known/source-addresses",
    operation_id = "read_source_addresses",
    tag = "Signatures",
    summary = "Read from which addresses receivers are called",
    description = "For the firewalls of receivers. Needs no token. The version changes with the addresses, and only then. The list is empty \
        if the deployment has no static addresses.",
    responses(
        (status = 200, description = "The addresses.", body = SourceAddresses),
    ),
    security(()),
)]
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
) -> ([(HeaderName, &'static str); 1], Json<SourceAddresses>) {
    (CACHE_CONTROL, Json(source_addresses(&ctx.static_ips)))
}

/// The addresses of a list with commas, each once and in order.
fn source_addresses(static_ips: &str) -> SourceAddresses {
    let addresses: BTreeSet<_> = static_ips
        .split(',')
        .map(str::trim)
        .filter(|address| !address.is_empty())
        .map(str::to_owned)
        .collect();
    let addresses: Vec<_> = addresses.into_iter().collect();
    let hash = Sha256::digest(addresses.join(","));
    SourceAddresses { version: hex::encode(&hash[..VERSION_BYTES]), addresses }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_changes_with_the_addresses_and_only_then() {
        let two = source_addresses("203.0.113.7, 198.51.100.9");
        assert_eq!(two.addresses, ["198.51.100.9", "203.0.113.7"]);
        assert_eq!(source_addresses(" 198.51.100.9,203.0.113.7,,203.0.113.7 "), two);
        assert_ne!(source_addresses("203.0.113.7").version, two.version);
        assert_eq!((source_addresses("").addresses.len(), two.version.len()), (0, 16));
    }
}
