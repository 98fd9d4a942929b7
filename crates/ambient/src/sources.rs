//! The clock, ids and randomness.

use hookstep_contract::Timestamp;
use time::OffsetDateTime;
use uuid::Uuid;

/// The clock, ids and randomness, passed down from `main` so that tests can fix them.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    /// Returns the current time.
    pub clock: fn() -> OffsetDateTime,
    /// Returns a new UUIDv7.
    pub new_id: fn() -> Uuid,
    /// Returns a random number in `0.0..1.0`, for jitter.
    pub random: fn() -> f64,
    /// Returns unpredictable bytes, for keys.
    pub random_bytes: fn() -> [u8; 64],
}

impl Sources {
    /// The clock and random number generator of this machine.
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    pub fn system() -> Self {
        Self {
            clock: OffsetDateTime::now_utc,
            new_id: Uuid::now_v7,
            random: rand::random,
            random_bytes: rand::random,
        }
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        Timestamp::new((self.clock)())
    }
}
