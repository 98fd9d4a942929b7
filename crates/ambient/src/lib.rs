//! A program's access to its environment, which only `main` sets up: the clock, ids
//! and randomness ([`Sources`]), settings from environment variables ([`mod@env`]), and
//! clients that are created when they are first used ([`OnDemand`]), and what may be
//! logged at all ([`may_log`]).
//!
//! The crate links no SDK and no runtime, so using one of these parts adds no other dependencies.

pub mod env;
mod logs;
mod on_demand;
mod sources;

pub use logs::may_log;
pub use on_demand::OnDemand;
pub use sources::Sources;
