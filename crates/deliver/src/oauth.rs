//! Bearer tokens from authorisation servers (RFC 6749 §4.4), shared by all attempts in this process.
//!
//! Each connection has a slot. An attempt that finds no valid token in the slot exchanges the client's
//! credentials for a token while other attempts wait at the slot. All of them share the result, including a
//! failure: a server that is down gets one request, not one for each waiting attempt. A token is replaced
//! before it expires, or when a receiver refuses it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_secrets::OauthClient;
use tokio::sync::Mutex as Slot;
use tokio::time::{Instant, timeout_at};

use crate::exchange::{self, GrantedToken, TokenFailure};

/// A token is not used in its last minute, or in the last tenth of a shorter lifetime: it could expire in
/// transit.
const MARGIN: Duration = Duration::from_secs(60);

/// How long a token is used if the server does not say how long it is valid.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

/// How many connections' tokens are kept at once; more than a process needs during a token's lifetime.
const MAX_SLOTS: usize = 1000;

/// The tokens of this process, by connection.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Arc<Mutex<HashMap<String, SharedSlot>>>);

/// Locked while a token is exchanged.
type SharedSlot = Arc<Slot<Option<Last>>>;

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(***)")
    }
}

/// The last token exchange of a connection.
struct Last {
    /// The credentials that were exchanged.
    with: OauthClient,
    ended: Instant,
    result: Result<CachedToken, TokenFailure>,
}

#[derive(Clone)]
struct CachedToken {
    header: Arc<str>,
    until: Instant,
}

impl Tokens {
    /// The `Authorization` header for a connection's client: a cached token that is not `refused`, or a new
    /// one.
    pub(crate) async fn header(
        &self,
        slot: &str,
        client: &OauthClient,
        refused: Option<&str>,
        http: &hookstep_egress::Client,
        deadline: Instant,
        sources: &Sources,
    ) -> Result<Arc<str>, TokenFailure> {
        let requested = Instant::now();
        let slot = self.slot(slot);
        let exchanging = async {
            let mut last = slot.lock().await;
            if let Some(last) = last.as_ref().filter(|last| last.with == *client)
                && let Some(result) = last.serves(requested, refused)
            {
                return result;
            }
            let exchanged = exchange::exchange(client, http, deadline, sources).await;
            let result = exchanged.map(|granted| CachedToken::new(&granted, Instant::now()));
            let answer = result.clone().map(|cached| cached.header);
            *last = Some(Last { with: client.clone(), ended: Instant::now(), result });
            answer
        };
        timeout_at(deadline, exchanging).await.unwrap_or_else(|_| Err(TokenFailure::late()))
    }

    fn slot(&self, connection: &str) -> SharedSlot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_SLOTS && !slots.contains_key(connection) {
            slots.clear();
        }
        Arc::clone(slots.entry(connection.to_owned()).or_default())
    }
}

impl Last {
    /// The result of this exchange, if it is valid for a request made at `requested`: a token until it
    /// expires, a failure only if it occurred while the request was waiting.
    fn serves(&self, requested: Instant, refused: Option<&str>) -> Option<Result<Arc<str>, TokenFailure>> {
        match &self.result {
            Ok(cached) => {
                let good = Instant::now() < cached.until && refused != Some(&*cached.header);
                good.then(|| Ok(Arc::clone(&cached.header)))
            }
            Err(failure) => (self.ended >= requested).then(|| Err(failure.clone())),
        }
    }
}

impl CachedToken {
    fn new(granted: &GrantedToken, now: Instant) -> Self {
        let lifetime = granted.expires_in.map_or(DEFAULT_LIFETIME, Duration::from_secs);
        let until = now.checked_add(lifetime - MARGIN.min(lifetime / 10));
        Self { header: granted.header.as_str().into(), until: until.unwrap_or(now) }
    }
}
