//! The management of webhooks: the use cases, the API that offers them, and the API's own documentation.
//!
//! A use case is a public function that takes the [`Context`]; the routes of the API call it, and so do the pages of the
//! console, which is a crate on top of this one. The folders: `webhooks` (save, preview, test), `signing` (secrets and
//! keys), `events` (list, read, cancel), `event_types` (the catalogue), `replays` (one event or many), `tokens` and `platform_tokens` (API tokens),
//! `orgs` (of a platform), `platform_overview` (webhooks of all orgs that need somebody), `sessions` (of the console), `portal` (links into
//! it for the people of a platform),
//! `notifications` (who is told about webhooks), `audit` (who changed what), `erasures` (of events), `stats` (counts
//! over time), `docs` (the OpenAPI document as a page).

pub mod audit;
mod context;
mod docs;
pub mod erasures;
pub mod event_types;
pub mod events;
mod health;
pub mod notifications;
mod openapi;
mod orgs;
pub mod paging;
mod platform_overview;
mod platform_tokens;
pub mod portal;
pub mod replays;
mod routes;
pub mod sessions;
pub mod signing;
mod source_addresses;
pub mod stats;
pub mod tokens;
pub mod webhooks;

pub use context::Context;
pub use health::{NotReady, Probe, Readiness};
pub use openapi::openapi;
pub use routes::add_routes;
