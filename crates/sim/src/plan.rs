//! A scenario as plain data: everything that will happen to a host from outside.
//!
//! A scenario is made from its seed, and can be made smaller by leaving out any of its parts. What remains happens as before,
//! because every part draws its randomness from its own number ([`crate::Dice`]).

use serde::{Deserialize, Serialize};

use crate::aws::{Platform, Throttle};

/// A scenario. Times are milliseconds since its begin, without what the clock is set forward by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// The seed that it was made from, and of what is left to chance in it.
    pub seed: u64,
    /// How many days it lasts: a week, unless it was made smaller.
    pub days: u64,
    /// The webhooks, each with its receiver.
    pub webhooks: Vec<Webhook>,
    /// What producers send.
    pub events: Vec<Event>,
    /// What operators do.
    pub operations: Vec<Operation>,
    /// Faults of tasks of the state machine.
    pub task_faults: Vec<TaskFault>,
    /// Faults of calls of the tables.
    pub table_faults: Vec<TableFault>,
    /// Ends of the process.
    pub breaks: Vec<Break>,
    /// When the clock is set forward, and by how much.
    pub jumps: Vec<Jump>,
    /// Troubles of the disk.
    pub troubles: Vec<Trouble>,
    /// How long a sync of the disk takes at most, in microseconds.
    pub sync_micros: u64,
    /// How many executions in a hundred are started a second time, as AWS may.
    pub doubled: u8,
    /// What plays the services below the product.
    pub platform: Platform,
    /// When partitions of the tables are throttled.
    pub throttles: Vec<Throttle>,
    /// A bug that is planted in the product, to see that it is found.
    pub plant: Option<Plant>,
}

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its number.
    pub number: u32,
    /// The pauses between attempts, in seconds.
    pub schedule: Vec<u32>,
    /// The longest time of an attempt, in seconds.
    pub timeout: u32,
    /// What holds up its events.
    pub limit: Limit,
    /// Into how many orders a key divides its events, if these are ordered; 1 without a key.
    pub orders: u32,
    /// Whether it has a filter, which every third event does not pass, and a transform, which marks the body.
    pub rules: bool,
    /// What its receiver does, from which time on; before the first, it is quick.
    pub phases: Vec<Phase>,
}

/// What holds up the events of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// Nothing.
    None,
    /// At most so many attempts in flight.
    InFlight(u32),
    /// At most so many attempts begin in a minute.
    PerMinute(u32),
    /// One event after the other; the others wait behind one that has failed, or do not.
    Ordered {
        /// Whether they wait.
        blocks: bool,
    },
}

/// What a receiver does from a time on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// From when.
    pub at: u64,
    /// What it does.
    pub behaviour: Behaviour,
}

/// What a receiver does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Behaviour {
    /// Takes it within a second.
    Quick,
    /// Takes it after so many milliseconds.
    Slow(u64),
    /// Takes it, and never answers.
    Hang,
    /// Cannot be connected to.
    Refuse,
    /// Answers nothing to connects.
    Unreachable,
    /// Breaks the connection; in half of the cases it has taken the event.
    Reset,
    /// Answers with this status.
    Status(u16),
    /// Answers with this status and `Retry-After`, in seconds.
    Busy(u16, u32),
    /// Takes it so many times in a hundred, and otherwise answers 500.
    Flap(u8),
    /// Takes it, and its answer breaks off.
    BreaksOff,
}

/// An event of a producer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number, which its body and its correlation id have.
    pub number: u32,
    /// When it is sent.
    pub at: u64,
    /// To which webhook.
    pub webhook: u32,
    /// How it is sent.
    pub mode: Mode,
    /// Whether it has an idempotency key. If so, it is sent until it is accepted, and sometimes again.
    pub keyed: bool,
    /// Whether it is sent again with its key after it was accepted, within two hours.
    pub repeated: bool,
}

/// How an event is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Nobody waits.
    Async,
    /// The producer waits for the receiver's answer.
    Sync,
    /// It is to be delivered so many seconds later.
    Delayed(u32),
    /// It is published by the type to which its webhook subscribes.
    Published,
    /// It is published in a batch, beside one that nobody subscribes to.
    Batch,
    /// It is put on the bus.
    Bus,
}

/// What an operator does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// When.
    pub at: u64,
    /// What.
    pub action: Action,
}

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Changes a header of a webhook, and so its revision.
    Edit(u32),
    /// Disables a webhook.
    Disable(u32),
    /// Enables a webhook.
    Enable(u32),
    /// Deletes a webhook.
    Delete(u32),
    /// Gives a webhook a new signing secret.
    Rotate(u32),
    /// Cancels an event.
    Cancel(u32),
    /// Replays an event.
    Replay(u32),
    /// Replays all failed events of a webhook.
    ReplayAll(u32),
}

/// A fault of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFault {
    /// The state whose task it is.
    pub state: String,
    /// The event whose calls are meant, by its number; `None` for those of all events.
    pub event: Option<u32>,
    /// Which of these calls of the state is the first to meet it, from 0.
    pub call: u32,
    /// How many calls of the state in a row meet it.
    pub times: u32,
    /// What happens.
    pub how: How,
}

/// What happens to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum How {
    /// It is refused before it is run, as by a service that has too much to do.
    Throttled,
    /// It fails before it is run, with an error that nobody expects.
    Failed,
    /// It cannot read its input, as one of another version.
    Unreadable,
    /// It is run, and its answer is lost.
    Lost,
    /// It is run twice.
    Twice,
    /// It is run after so many seconds.
    Slow(u32),
    /// It is never answered and not run.
    Stalled,
    /// It is run and never answered.
    StalledAfter,
}

/// A fault of calls of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFault {
    /// The table.
    pub table: String,
    /// Which write or read of it in this scenario is the first to meet it, from 0.
    pub call: u32,
    /// How many in a row meet it.
    pub times: u32,
    /// Whether a call is carried out and its answer lost; otherwise it is refused.
    pub lost: bool,
}

/// An end of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// From when on.
    pub at: u64,
    /// After how many more steps (of tasks, commits, syncs and requests) it comes.
    pub steps: u32,
    /// How it ends.
    pub end: End,
    /// How long the host is down.
    pub down: u64,
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It is stopped, and finishes what is in flight.
    Stop,
    /// It is killed: what it has written is there.
    Kill,
    /// The power is cut: so much of what was not synced is lost, in percent of the bytes.
    PowerCut(u8),
}

/// The clock is set forward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jump {
    /// When.
    pub at: u64,
    /// By how many milliseconds.
    pub by: u64,
}

/// A trouble of the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// When it begins.
    pub at: u64,
    /// How many milliseconds it lasts.
    pub lasts: u64,
    /// Whether the disk is full, so that what is new is refused; otherwise it writes nothing, and what is written waits.
    pub is_full: bool,
}

/// A bug that is planted by what stands between the product and the simulation. The product itself does not know of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Plant {
    /// `RecordEvent` writes without its condition.
    NoCondition,
    /// Commits are answered before they are on the disk.
    SyncLies,
    /// A retry forgets to count: every attempt is recorded under the number before.
    MiscountedAttempt,
    /// A schedule is not made, and nobody notices.
    LostSchedule,
    /// A schedule is not deleted after it has started its execution.
    ScheduleStays,
    /// A retry is scheduled for a time that has passed.
    TooEarly,
    /// The note that an event waits in a lane is never deleted.
    LaneNoteStays,
    /// The message of an event in a lane is not deleted after its turn.
    MessageStays,
    /// An event that has succeeded keeps its place in its order.
    PlaceStays,
    /// Events do not go to the lane of their webhook.
    NoLane,
    /// A success is recorded as a failure.
    SuccessForgotten,
    /// Each attempt is made twice.
    SentTwice,
    /// An idempotency key is not stored.
    KeyForgotten,
    /// Events are not put on the watch list.
    WatchForgotten,
    /// A body that was stored is not there any more.
    BodyGone,
    /// An event is said to be cancelled, and goes on.
    CancelIgnored,
    /// A circuit that was opened is never closed.
    CircuitStays,
    /// A retry is sent by the plan of the attempt before.
    OldPlan,
    /// An event is sent with the body of another.
    OtherBody,
    /// An event is sent to the receiver of another webhook.
    OtherReceiver,
    /// The filter and the transform of a webhook are not heeded.
    RulesIgnored,
}

impl Webhook {
    /// The key of the order that an event is in.
    pub fn order_of(&self, event: u32) -> u32 {
        event % self.orders
    }

    /// Whether its filter rejects an event.
    pub fn rejects(&self, event: u32) -> bool {
        self.rules && event.is_multiple_of(3)
    }
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::NoCondition,
        Self::SyncLies,
        Self::MiscountedAttempt,
        Self::LostSchedule,
        Self::ScheduleStays,
        Self::TooEarly,
        Self::LaneNoteStays,
        Self::MessageStays,
        Self::PlaceStays,
        Self::NoLane,
        Self::SuccessForgotten,
        Self::SentTwice,
        Self::KeyForgotten,
        Self::WatchForgotten,
        Self::BodyGone,
        Self::CancelIgnored,
        Self::CircuitStays,
        Self::OldPlan,
        Self::OtherBody,
        Self::OtherReceiver,
        Self::RulesIgnored,
    ];
}

impl How {
    /// The kind of the fault, without its numbers.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
            Self::Lost => "lost",
            Self::Twice => "twice",
            Self::Slow(_) => "slow",
            Self::Stalled => "stalled",
            Self::StalledAfter => "stalled after",
        }
    }

    /// A fault of this kind.
    pub(crate) fn of(kind: &str) -> Self {
        match kind {
            "throttled" => Self::Throttled,
            "unreadable" => Self::Unreadable,
            "lost" => Self::Lost,
            "twice" => Self::Twice,
            "slow" => Self::Slow(3),
            "stalled" => Self::Stalled,
            "stalled after" => Self::StalledAfter,
            _ => Self::Failed,
        }
    }

    /// All kinds.
    pub const KINDS: [&'static str; 8] =
        ["throttled", "failed", "unreadable", "lost", "twice", "slow", "stalled", "stalled after"];
}
