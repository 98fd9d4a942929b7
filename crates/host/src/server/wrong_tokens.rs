//! Slows down those who guess tokens, by address.
//!
//! Only the refusals wait: a right token is answered at once, even if it comes from the address of somebody who guesses, as
//! behind the NAT of a company.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::clients::Client;

/// How many wrong tokens of an address are refused at once, within [`WINDOW`]: somebody has mixed up two tokens.
const FREE: u32 = 10;

/// How long wrong tokens are remembered.
const WINDOW: Duration = Duration::from_secs(60);

/// How long later refusals are held back.
const PAUSE: Duration = Duration::from_secs(1);

/// How many refusals are held back for one address at once. Any more are answered at once, and shorter.
const MAX_HELD_BACK: u32 = 16;

/// The most addresses that are remembered: some hundred kilobytes.
const MAX_CLIENTS: usize = 10_000;

/// The wrong tokens of each client.
#[derive(Clone, Debug, Default)]
pub(super) struct WrongTokens(Arc<Mutex<HashMap<Client, Record>>>);

#[derive(Debug)]
struct Record {
    since: Instant,
    count: u32,
    held_back: u32,
}

/// What becomes of the refusal of a wrong token.
pub(super) enum Verdict {
    /// It is sent.
    AtOnce,
    /// It is sent after a pause.
    Later(Pause),
    /// It is replaced by a shorter one.
    TooMany,
}

/// The pause before a refusal.
pub(super) struct Pause {
    client: Client,
    records: WrongTokens,
}

impl WrongTokens {
    /// Counts a wrong token.
    pub(super) fn note(&self, client: Client) -> Verdict {
        let mut records = self.records();
        if records.len() >= MAX_CLIENTS && !records.contains_key(&client) {
            records.retain(|_, record| record.since.elapsed() < WINDOW);
            if records.len() >= MAX_CLIENTS {
                records.clear();
            }
        }
        let new = || Record { since: Instant::now(), count: 0, held_back: 0 };
        let record = records.entry(client).or_insert_with(new);
        if record.since.elapsed() >= WINDOW {
            *record = Record { held_back: record.held_back, ..new() };
        }
        record.count = record.count.saturating_add(1);
        if record.count == FREE + 1 {
            let address = client.address();
            tracing::warn!(client.address = %address, "many wrong tokens come from one address: their refusals are held back");
        }
        if record.count <= FREE {
            return Verdict::AtOnce;
        }
        if record.held_back >= MAX_HELD_BACK {
            return Verdict::TooMany;
        }
        record.held_back += 1;
        Verdict::Later(Pause { client, records: self.clone() })
    }

    fn records(&self) -> MutexGuard<'_, HashMap<Client, Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pause {
    /// Returns when the pause is over.
    pub(super) async fn over(self) {
        tokio::time::sleep(PAUSE).await;
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        if let Some(record) = self.records.records().get_mut(&self.client) {
            record.held_back = record.held_back.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn client(number: u32) -> Client {
        Client::of(IpAddr::V4(number.into()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_refusals_come_at_once_and_later_ones_after_a_pause() {
        let tokens = WrongTokens::default();
        for _ in 0..FREE {
            assert!(matches!(tokens.note(client(1)), Verdict::AtOnce));
        }
        let held: Vec<Verdict> = (0..MAX_HELD_BACK).map(|_| tokens.note(client(1))).collect();
        assert!(held.iter().all(|verdict| matches!(verdict, Verdict::Later(_))));
        assert!(matches!(tokens.note(client(1)), Verdict::TooMany));
        assert!(matches!(tokens.note(client(2)), Verdict::AtOnce), "others are not affected");
        drop(held);
        assert!(matches!(tokens.note(client(1)), Verdict::Later(_)));
        tokio::time::advance(WINDOW).await;
        assert!(matches!(tokens.note(client(1)), Verdict::AtOnce));
    }

    #[test]
    fn memory_is_bounded() {
        let tokens = WrongTokens::default();
        for number in 0..30_000 {
            tokens.note(client(number));
            assert!(tokens.records().len() <= MAX_CLIENTS);
        }
    }
}
