//! The integration tests: HTTP in, a real receiver out, storage looked at.
//!
//! Where a new test goes: by what a user would call it. `trigger` for what a producer sees, `webhooks` for the management
//! API, `events` for what can be read back, `receivers` for what a receiver does to us, `bodies` for what travels,
//! `claims` for claim checks, `retries` for what comes after a failure, `exceptions` for what is our own fault, `tenants`
//! for who may do what. What needs a process of its own is in `crash` (the host) and `lambdas` (the function binaries);
//! `contracts` binds the parts together.

mod bodies;
mod claims;
mod contracts;
mod crash;
mod events;
mod exceptions;
mod lambdas;
mod process;
mod receivers;
mod retries;
mod tenants;
mod trigger;
mod webhooks;
mod world;
