//! Bearer tokens of authorisation servers (RFC 6749 §4.4), shared by all attempts of this process.
//!
//! A connection has a slot. Whoever finds no good token in it exchanges the client's credentials for one while the others wait at
//! the slot, and all of them take what came of it, a failure as well: a server that is down is asked once, not once for each who
//! waited. A token is exchanged for a new one before it expires, or when a receiver refuses it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookstep_secrets::OauthClient;
use tokio::sync::Mutex as Slot;
use tokio::time::{Instant, timeout_at};

use crate::exchange::{self, Exchanged};

/// A token is not used in its last minute, or in the last tenth of a shorter life: it would expire on its way.
const MARGIN: Duration = Duration::from_secs(60);

/// How long a token is used whose server does not say how long it lives.
const UNSAID_LIFETIME: Duration = Duration::from_secs(300);

/// How many connections' tokens are kept at once; more than a process serves in a token's life.
const MOST_SLOTS: usize = 1000;

/// The tokens of this process, by connection.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Arc<Mutex<HashMap<String, SharedSlot>>>);

/// Held while a token is exchanged.
type SharedSlot = Arc<Slot<Option<Last>>>;

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(***)")
    }
}

/// The last exchange of a connection.
struct Last {
    /// With these credentials.
    with: OauthClient,
    ended: Instant,
    result: Result<Kept, Failure>,
}

#[derive(Clone)]
struct Kept {
    header: Arc<str>,
    until: Instant,
}

/// Why there is no token; for the one who owns the webhook. Holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// Whether it may work later.
    pub(crate) transient: bool,
    /// What the token endpoint answered, if it did.
    pub(crate) status_code: Option<u16>,
}

impl Failure {
    fn late() -> Self {
        let reason = "the authorisation server gave no token within the webhook's timeout".to_owned();
        Self { reason, transient: true, status_code: None }
    }
}

impl Tokens {
    /// The `Authorization` header for a connection's client: a kept one that is not `refused`, or a new one.
    pub(crate) async fn header(
        &self,
        connection: &str,
        client: &OauthClient,
        refused: Option<&str>,
        http: &hookstep_egress::Client,
        deadline: Instant,
    ) -> Result<Arc<str>, Failure> {
        let asked = Instant::now();
        let slot = self.slot(connection);
        let exchanging = async {
            let mut last = slot.lock().await;
            if let Some(last) = last.as_ref().filter(|last| last.with == *client)
                && let Some(result) = last.serves(asked, refused)
            {
                return result;
            }
            let exchanged = exchange::exchange(client, http, deadline).await;
            let result = exchanged.map(|exchanged| kept(&exchanged, Instant::now()));
            let answer = result.clone().map(|kept| kept.header);
            *last = Some(Last { with: client.clone(), ended: Instant::now(), result });
            answer
        };
        timeout_at(deadline, exchanging).await.unwrap_or_else(|_| Err(Failure::late()))
    }

    fn slot(&self, connection: &str) -> SharedSlot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST_SLOTS && !slots.contains_key(connection) {
            slots.clear();
        }
        Arc::clone(slots.entry(connection.to_owned()).or_default())
    }
}

impl Last {
    /// What this exchange is to one who asked at `asked`: a token while it is good, a failure only when it came while waiting.
    fn serves(&self, asked: Instant, refused: Option<&str>) -> Option<Result<Arc<str>, Failure>> {
        match &self.result {
            Ok(kept) => {
                let good = Instant::now() < kept.until && refused != Some(&*kept.header);
                good.then(|| Ok(Arc::clone(&kept.header)))
            }
            Err(failure) => (self.ended >= asked).then(|| Err(failure.clone())),
        }
    }
}

fn kept(exchanged: &Exchanged, now: Instant) -> Kept {
    let lifetime = exchanged.expires_in.map_or(UNSAID_LIFETIME, Duration::from_secs);
    let until = now.checked_add(lifetime - MARGIN.min(lifetime / 10));
    Kept { header: exchanged.header.as_str().into(), until: until.unwrap_or(now) }
}
