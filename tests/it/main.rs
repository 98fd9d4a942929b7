//! The integration tests: HTTP in, a real receiver out, storage looked at.
//!
//! Where a new test goes: by what a user would call it. `trigger` for what a producer sees, `webhooks` for the management API,
//! `events` for what can be read back, `receivers` for what a receiver does to us, `bodies` for what travels, `claims` for
//! claim checks, `retries` for what comes after a failure, `replays` for what is sent again, `exceptions` for what is our own
//! fault, `tenants` for who may do what, `tokens` for how tokens come and go, `search` and `stats` for events looked for and
//! counted, `patch` for changes of single fields, `auth`, `certificates` and `signing_keys` for how credentials and keys are
//! set, `changes` for what becomes of changes at once, `credentials` for who a request says it is, `trusted` and `signatures`
//! for what a receiver can check, `leaks` for what must be nowhere, `bus` for events from EventBridge, `put_events` for those
//! put on the host's own bus, `subscriptions` for those that name no webhook, `delivery_events` for those that we put there,
//! `shapes` for filters and transforms, `pages` and `browser` for the console, `openapi` for the API's document, of which
//! `tenancy` and `schemathesis` ask every operation, `client`, `typescript` and `cli` for the clients and the commands. What
//! needs a process of its own is in `crash` (the host)
//! and `lambdas` (the function binaries); `standins` is for AWS's services on the host, and `contracts` binds the parts
//! together.
//!
//! What must be the same on AWS is a case in `cases`: it runs on the host, and in `ministack` on the deployed template.

mod auth;
mod bodies;
mod browser;
mod bus;
mod cases;
mod certificates;
mod changes;
mod claims;
mod cli;
mod client;
mod contracts;
mod crash;
mod credentials;
mod delivery_events;
mod events;
mod exceptions;
mod lambdas;
mod leaks;
mod ministack;
mod node;
mod openapi;
mod pages;
mod patch;
mod process;
mod put_events;
mod python;
mod receivers;
mod replays;
mod retries;
mod schemathesis;
mod search;
mod shapes;
mod signatures;
mod signing_keys;
mod standins;
mod stats;
mod subscriptions;
mod template;
mod tenancy;
mod tenants;
mod tokens;
mod trigger;
mod trusted;
mod typescript;
mod webhooks;
mod world;
