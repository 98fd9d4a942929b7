//! The requests and answers of the HTTP API: what a client sends and what Hookstep answers, each type once.
//!
//! The server and the clients share these types, so each of them can be written as JSON and read from it. A request with an
//! unknown field is refused. An answer may have more fields than its reader knows, so that a client keeps working with a newer
//! Hookstep.
//!
//! The OpenAPI document is generated from the same types: their doc comments are its descriptions. Types of
//! `hookstep_contract` (ids, statuses, the fields of a webhook) know nothing of OpenAPI; their schemas are in [`schema`].

mod audit;
mod erasure;
mod event;
mod event_type;
mod found_events;
mod names;
mod notifications;
mod org;
mod page;
mod platform;
mod portal;
mod preview;
mod problem;
mod publication;
mod replay;
pub mod schema;
mod sensitive;
mod session;
mod signing;
mod stats;
mod token;
mod trigger;
mod webhook;

#[cfg(test)]
mod tests;

pub use audit::{AuditActor, AuditEntry, AuditedChange};
pub use erasure::{Erasure, ErasureFields, ErasureStatus};
pub use event::{Attempt, Event, Sent};
pub use event_type::{
    CheckedWebhook, ContractBreak, ContractCheck, EventType, EventTypePatch, ExportFormat, ImportResult,
    ImportedType, NewEventType, NewTypeVersion, SchemaMismatch, TypeImport, TypeListener, TypeVersion,
    TypeVersionSummary,
};
pub use found_events::FoundEvents;
pub use notifications::{NotificationFields, Notifications};
pub use org::{Deleting, NewOrg, Org, OrgPatch, PlatformTokenFields};
pub use page::Page;
pub use platform::{ExpiringCertificate, FailingReceiver, PlatformOverview, WaitingWebhook};
pub use portal::{PortalSession, PortalSessionFields};
pub use preview::{Preview, PreviewFault, PreviewRequest, PreviewedRequest, Tested};
pub use problem::ProblemDetails;
pub use publication::{
    BatchEntry, DeliveryState, Publication, PublishBatch, PublishFields, Published, PublishedBatch,
    PublishedDelivery,
};
pub use replay::{Replay, ReplayForecast, ReplayOptions, ReplayRequest, ReplayResults, Replayed};
pub use sensitive::Sensitive;
pub use session::Session;
pub use signing::{
    DEFAULT_OVERLAP_SECS, Jwk, Jwks, KeyRotation, MAX_OVERLAP_SECS, OrgPublicKey, Rotated, RotatedKey,
    Rotation, SecretEncoding, SourceAddresses,
};
pub use stats::{Stats, StatsBucket, StatsStep};
pub use token::{NewToken, Token, TokenFields};
pub use trigger::{Accepted, Delivered, Upload, UploadFields};
pub use webhook::{CircuitState, Health, LaneStatus, LearnedLimits, Receiver, Webhook, WebhookPatch};
