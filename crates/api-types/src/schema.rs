//! The schemas of what [`hookstep_contract`] defines: each type here has the name of the one whose JSON it describes.
//!
//! Nobody makes a value of them. They stand where a type of the contract is part of a request or an answer
//! (`#[schema(value_type = schema::EventId)]`), so that the steps of a delivery, which share the contract, do not link what
//! writes OpenAPI. The tests of this crate hold them against the contract's own JSON.

mod auth;
mod authentication;
mod extra_signature;
mod fields;
mod filter;
mod ids;
mod org;
mod reason;
mod theme;
mod timings;
mod variants;
mod webhook;

pub use auth::{Auth, Parameter, Tls};
pub use authentication::AuthReport;
pub use extra_signature::ExtraSignature;
pub use filter::{Condition, Filter, Transform};
pub use ids::{AuditId, ConfigId, ErasureId, EventId, OrgId, SessionId, Timestamp, TokenId};
pub use org::OrgLimits;
pub use reason::{Reason, ReasonCode};
pub use theme::{Palette, Theme};
pub use timings::Timings;
pub use variants::{
    AuditAction, AuditOutcome, ClientAuthentication, CloudEventsMode, Delivery, FieldKind, Locale,
    LogicalOperator, OnInvalid, Operator, OrgStatus, Origin, Outcome, Place, PortalRole, ReplayStatus, Scope,
    Status, ThemeMode, TokenMethod,
};
pub use webhook::{
    CertificateInfo, CloudEvents, ConfigFields, Lifetime, Ordering, RateLimit, Retry, WebhookConfig,
};
