//! The clock, the ids and the randomness of a simulation.
//!
//! The product takes them as plain functions, so they are kept for each thread; a thread runs one simulation at a time.

use std::cell::RefCell;
use std::time::Duration;

use hookstep_ambient::Sources;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dice::Dice;

/// When every simulation begins. Files have the real time, which is later, so that none of them is too old.
pub(crate) const BEGIN: OffsetDateTime = datetime!(2026-01-05 00:00:00 UTC);

thread_local! {
    static AMBIENT: RefCell<Ambient> = RefCell::new(Ambient::new(0));
}

struct Ambient {
    /// The time that passed in earlier lives of the host and between them.
    passed: Duration,
    /// When the current life began, on the runtime's clock.
    life: Option<Instant>,
    /// By how much the clock was set forward.
    jumped: Duration,
    dice: Dice,
    ids: u16,
}

impl Ambient {
    fn new(seed: u64) -> Self {
        let dice = Dice::of(seed, "ambient", 0);
        Self { passed: Duration::ZERO, life: None, jumped: Duration::ZERO, dice, ids: 0 }
    }

    fn elapsed(&self) -> Duration {
        self.passed + self.life.map_or(Duration::ZERO, |life| Instant::now().duration_since(life))
    }

    fn id(&mut self) -> Uuid {
        let now = (BEGIN + self.elapsed() + self.jumped).unix_timestamp_nanos() / 1_000_000;
        self.ids = self.ids.wrapping_add(1);
        let mut random = [0; 10];
        // The ids of a millisecond rise, as those of the real generator do.
        random[..2].copy_from_slice(&(self.ids & 0x0fff).to_be_bytes());
        random[2..].copy_from_slice(&self.dice.roll().to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(now).unwrap_or(0), &random).into_uuid()
    }

    fn bytes(&mut self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.dice.roll().to_le_bytes()));
        bytes
    }
}

fn with<T>(take: impl FnOnce(&mut Ambient) -> T) -> T {
    AMBIENT.with_borrow_mut(take)
}

/// Begins a simulation on this thread.
pub(crate) fn begin(seed: u64) {
    AMBIENT.set(Ambient::new(seed));
}

/// Begins a life of the host, within its runtime.
pub(crate) fn begin_life() {
    with(|ambient| ambient.life = Some(Instant::now()));
}

/// Ends a life of the host, within its runtime; nothing runs for `pause` after it.
pub(crate) fn end_life(pause: Duration) {
    with(|ambient| {
        ambient.passed = ambient.elapsed() + pause;
        ambient.life = None;
    });
}

/// Sets the clock forward.
pub(crate) fn jump(by: Duration) {
    with(|ambient| ambient.jumped += by);
}

/// The time that has passed since the begin, without what the clock was set forward by.
pub(crate) fn elapsed() -> Duration {
    with(|ambient| ambient.elapsed())
}

/// The clock, ids and randomness of this thread's simulation.
pub(crate) fn sources() -> Sources {
    Sources {
        clock: || with(|ambient| BEGIN + ambient.elapsed() + ambient.jumped),
        new_id: || with(Ambient::id),
        random: || with(|ambient| ambient.dice.fraction()),
        random_bytes: || with(Ambient::bytes),
    }
}
