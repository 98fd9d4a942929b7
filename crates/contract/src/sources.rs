//! What a handler may not reach for itself.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::Timestamp;

/// The clock and the dice, handed in by `main` so that tests can hold them still.
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
    /// The present moment.
    pub fn now(&self) -> Timestamp {
        Timestamp::new((self.clock)())
    }
}
