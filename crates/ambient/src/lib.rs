//! What surrounds a program and must reach it through `main` alone: the clock, ids and randomness ([`Sources`]), the settings
//! in the environment ([`mod@env`]), and clients that are made when they are first used ([`OnDemand`]).
//!
//! The crate links no SDK and no runtime, so whoever needs one of these parts needs nothing else for it.

pub mod env;
mod on_demand;
mod sources;

pub use on_demand::OnDemand;
pub use sources::Sources;
