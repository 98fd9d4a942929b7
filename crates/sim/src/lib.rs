//! A deterministic simulation of the embedded host, and of what the services of AWS may do to it.
//!
//! # Theory of operation
//!
//! A [`Scenario`] is everything that will happen to a host from outside in a week: what producers send, what receivers do with it, what
//! operators do, which tasks and tables fail, when the process is killed and when the power is cut. It is made from a seed, and is
//! plain data.
//!
//! [`run()`] puts the real host through it, on one thread: the same definitions, interpreter, engine with its journal, storage, step
//! functions, lanes, schedules, reconciler and API as in production, assembled by the same code ([`hookstep_host::Host::open`]). Four
//! things are simulated. The **clock** is the paused clock of tokio, which jumps to the next moment for which something waits, so that
//! days take seconds. **Randomness and ids** come from the seed. The **network** is a port of `hookstep-egress`, behind which receivers
//! are values. The **disk** is a port of `hookstep-storage`: the simulation does the work of the storage's threads, says how long a
//! sync takes, and after a power cut hands the next life what would be on the disk.
//!
//! Whoever kills the host drops everything that runs, together with its runtime. The places where that can happen are the steps: before
//! and after each task, commit, sync and request.
//!
//! When the week is over, `check` compares what the API says with what receivers, producers and operators know. A scenario that
//! fails is made smaller by leaving out its parts ([`shrink()`]), and told as a [`Story`].
//!
//! A scenario may also be one on AWS: the same host, with what the services of AWS may do by their documentation ([`Platform`]).
//!
//! What is simulated, what is not, and why: `docs/adr/0059-simulation.md`. What it means for users: `docs/reliability.md`.

mod ambient;
mod api;
mod aws;
mod check;
mod complaints;
mod dice;
mod directed;
mod disk;
mod doubles;
mod faults;
mod generate;
mod ledger;
mod life;
mod messages;
mod observe;
mod operator;
mod past;
mod plan;
mod plants;
mod producer;
mod receivers;
mod report;
mod rest;
mod run;
mod shrink;
mod states;
mod story;
mod throttles;
mod world;

pub use aws::{Platform, Throttle};
pub use check::{Counts, Violation};
pub use dice::Dice;
pub use plan::{
    Action, Behaviour, Break, End, Event, How, Jump, Limit, Mode, Operation, Phase, Plant, Scenario,
    TableFault, TaskFault, Trouble, Webhook,
};
pub use report::Report;
pub use run::{Outcome, run};
pub use shrink::shrink;
pub use states::{READING, STATES, UNREACHED, pairs};
pub use story::Story;
pub use world::Line;
