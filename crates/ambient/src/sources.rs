//! The clock, ids and randomness.

use hookstep_contract::Timestamp;
use time::OffsetDateTime;
use uuid::Uuid;

/// The clock, ids and randomness, handed down by `main` so that tests can hold them still.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    /// The time of day.
    pub clock: fn() -> OffsetDateTime,
    /// A new UUIDv7.
    pub new_id: fn() -> Uuid,
    /// A number in `0.0..1.0`, for jitter.
    pub random: fn() -> f64,
    /// Bytes that nobody can guess, for keys.
    pub random_bytes: fn() -> [u8; 64],
}

impl Sources {
    /// The clock and the random number generator of this machine.
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    pub fn system() -> Self {
        Self {
            clock: OffsetDateTime::now_utc,
            new_id: Uuid::now_v7,
            random: rand::random,
            random_bytes: rand::random,
        }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        Timestamp::new((self.clock)())
    }
}
