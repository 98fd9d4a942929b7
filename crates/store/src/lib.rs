//! What Hookstep keeps: webhooks with their credentials, events with their attempts, tokens and idempotency keys in DynamoDB; claim checks in S3.
//!
//! One small type per table or bucket, each with the few operations the steps need. All go through the AWS SDK clients,
//! on AWS and on the embedded host alike. Every key starts with the org, so no operation can reach another tenant.

mod attempts;
mod bodies;
mod body_loss;
mod claims;
mod configs;
mod credentials;
mod error;
mod events;
mod idempotency;
mod item;
mod lease;
mod object_body;
mod redelivery;
mod replays;
mod resolve;
mod search;
mod stats;
mod tokens;

#[cfg(test)]
mod tests;

pub use attempts::Recorded;
pub use bodies::Bodies;
pub use body_loss::BodyLoss;
pub use claims::{Claims, Upload};
pub use configs::{Configs, Written};
pub use error::StoreError;
pub use events::{EventFilter, Events, Page};
pub use idempotency::{Idempotency, IdempotencyKey};
pub use lease::Lease;
pub use object_body::ObjectBody;
pub use redelivery::Redelivery;
pub use replays::{Replays, Span};
pub use resolve::OpenError;
pub use stats::{CountedDay, CountedHour, EventSketch};
pub use tokens::Tokens;
