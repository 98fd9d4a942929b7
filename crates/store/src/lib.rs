//! The data that Hookstep keeps in DynamoDB: webhooks with their credentials, events with their attempts,
//! tokens, sessions and idempotency keys.
//!
//! One small type per table, with the few operations that the steps need. All of them use the AWS SDK client,
//! on AWS and on the embedded host alike. Every key starts with the org id, so no operation can reach another
//! tenant; only the watch list and the list of expiring bodies are one for all, which no request of a tenant
//! reads.

mod across;
mod attempt_item;
mod attempts;
mod audit;
mod bodies;
mod body_batch;
mod chains;
mod config_cache;
mod configs;
mod credentials;
mod erase;
mod erase_event;
mod erasures;
mod error;
mod event_erasures;
mod event_search;
mod event_types;
mod events;
mod expiring_bodies;
mod health;
mod idempotency;
mod item;
mod lanes;
mod learned;
mod lease;
mod notifications;
mod org_webhooks;
mod orgs;
mod overdue;
mod partitions;
mod publications;
mod published_bodies;
mod recent_attempts;
mod recent_bodies;
mod redacted_attempts;
mod redacted_bodies;
mod redelivery;
mod remarkable;
mod replay_counts;
mod replays;
mod search;
mod sessions;
mod stats;
mod subscriptions;
mod tokens;
mod watch;

#[cfg(test)]
mod tests;

pub use across::Across;
pub use attempts::Recorded;
pub use audit::{AuditFilter, AuditLog};
pub use bodies::Bodies;
pub use configs::{Configs, Written};
pub use erase::Found;
pub use erasures::Belonging;
pub use event_erasures::EventErasures;
pub use event_search::{CodeFilter, EventSearch, TypeFilter};
pub use event_types::{EventTypes, TypeChange, TypeWritten};
pub use events::{EventFilter, Events, Page, Side};
pub use expiring_bodies::{EXPIRING_SPREAD, Expiring, ExpiringBodies, Listed, SharedBody};
pub use hookstep_contract::StoreError;
pub use idempotency::{Idempotency, IdempotencyKey};
pub use lanes::{InLane, Lanes};
pub use lease::Lease;
pub use notifications::{Notification, Notifications};
pub use orgs::{OrgFilter, Orgs};
pub use partitions::Partitions;
pub use publications::{Open, Publications};
pub use redacted_bodies::KeptBody;
pub use redelivery::Redelivery;
pub use replay_counts::Candidate;
pub use replays::{Replays, Span};
pub use sessions::Sessions;
pub use stats::{ChangedHour, CountedDay, CountedHour, EventSketch};
pub use subscriptions::{Listener, Subscribed, Subscriber};
pub use tokens::{NOTED_EVERY, Tokens};
pub use watch::{LastWatched, WATCH_SPREAD, WatchCursor, WatchList, Watched, WatchedPublication};
