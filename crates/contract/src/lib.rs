//! Everything that crosses the boundaries between the parts of Hookstep, as named types: what the state
//! machine passes between its steps, and what the tables store. No I/O, no clock, no AWS. The requests and
//! responses of the HTTP API are in `hookstep-api-types`.
//!
//! The main types, in the order of a delivery: a producer's request becomes a [`WorkflowInput`];
//! `fetch-config` turns a [`WebhookConfig`] into a [`Plan`]; `hydrate` turns a claim check into a pinned
//! object, which is a [`Body`]; `deliver` makes an [`Attempt`], which has an [`Outcome`]; `update-status`
//! returns [`Next`]. An internal failure is a [`StepError`].

mod audit;
mod auth;
mod auth_checks;
mod auth_fields;
mod body;
mod body_loss;
mod catalogue;
mod claim;
mod cloud_events;
mod config;
mod content;
mod credentials;
mod delay;
mod delivery_event;
mod erasure;
mod error;
mod event;
mod event_erasure;
mod event_headers;
mod event_metadata;
mod event_types;
mod extra_signature;
mod frame_origins;
mod health;
mod health_rules;
mod ids;
mod json_path;
mod lane;
mod learned;
pub mod limits;
mod load;
mod machine_kind;
mod max_in_flight;
mod name;
mod notifications;
mod object;
mod ordering;
mod org;
mod outcome;
mod pace;
mod payload_rules;
mod portal;
mod publication;
mod queue_batch;
mod queued;
mod reason;
mod reason_code;
mod record_item;
mod redact_path;
mod redaction;
mod replay;
mod replay_chain;
mod resume;
mod secret;
mod session;
mod store_error;
mod tally;
mod test_auth;
mod theme;
mod timestamp;
mod tls;
mod token;
mod update_status;
mod workflow;

pub use audit::{AUDIT_LIFETIME, Actor, AuditAction, AuditChange, AuditEntry, AuditOutcome, AuditTarget};
pub use auth::{
    Auth, ClientAuthentication, Parameter, Place, TokenMethod, connection_name, connection_prefix,
    missing_value,
};
pub use body::{Body, BodyPart, Source, StoredBody, Unresolved};
pub use body_loss::BodyLoss;
pub use catalogue::{
    EventType, EventTypeFields, MAX_CATALOGUED_TYPES, MAX_SAMPLE_BYTES, MAX_SCHEMA_BYTES, MAX_TYPE_VERSIONS,
    OnInvalid, SchemaMismatch, TypeContent, TypeVersion, check_group, check_type_name, check_version,
};
pub use claim::{Claim, PinnedObject};
pub use cloud_events::{CloudEvent, CloudEvents, CloudEventsMode};
pub use config::{ConfigFields, FieldError, Retry, WebhookConfig};
pub use content::{Content, ShownBody};
pub use credentials::{
    Ciphertext, Connection, ConnectionKind, Credentials, KeyClient, KeyClientParameter, Lifetime, OrgKey,
    PreviousOrgKey, SigningKey, TlsKeys, encryption_context,
};
pub use delay::Delay;
pub use delivery_event::{
    DeliveryDetail, DeliveryEvent, DetailType, InvalidPublish, Publish, WebhookNews, is_ours,
};
pub use erasure::{Erasure, ErasurePass};
pub use error::{ErrorName, StepError, error_chain};
pub use event::{EventRecord, Origin, Redaction, Restarts, Sent, Status};
pub use event_erasure::{ErasureSubject, EventErasure, WebhookPass};
pub use event_headers::{HeaderFault, HeaderTemplate, check_event_headers};
pub use event_metadata::{EventMetadata, Mode, is_traceparent};
pub use event_types::subscribes;
pub use extra_signature::{ExtraSignature, HmacAlgorithm, SignatureEncoding, SignatureKind};
pub use frame_origins::{FrameOrigins, InvalidFrameOrigin};
pub use health::{Circuit, Gate, Health, HealthState};
pub use health_rules::{HealthChange, HealthRules, LastAttempt, Recent, Row};
pub use ids::{AuditId, ConfigId, ErasureId, EventId, InvalidId, OrgId, SessionId, TokenId};
pub use json_path::{JsonLevel, JsonLevels, JsonPath};
pub use lane::{Lane, LaneLimits, Period, RateLimit};
pub use learned::{Learned, Seen};
pub use load::{Load, LoadSign};
pub use machine_kind::{InvalidMachineKind, MachineKind};
pub use max_in_flight::MaxInFlight;
pub use name::check_name;
pub use notifications::{EmailAddress, InvalidEmailAddress, NotificationSettings};
pub use ordering::{Held, OnFailure, Ordering};
pub use org::{Org, OrgFields, OrgLimits, OrgStatus, check_new_org_id};
pub use outcome::{Attempt, Outcome, Timings};
pub use pace::{Pace, Spacing};
pub use payload_rules::{Condition, FieldKind, Filter, LogicalOperator, Operator, PayloadRules, Transform};
pub use portal::{Locale, Portal, PortalRole};
pub use publication::{Publication, PublishedDelivery, check_event_type};
pub use queue_batch::{Batch, BatchFailure, BatchResponse, Message, MessageAttributes};
pub use queued::{Delivery, QueuedAttempt, QueuedInput, is_slow_now};
pub use reason::Reason;
pub use reason_code::ReasonCode;
pub use record_item::RecordKey;
pub use redaction::{NotRedactable, REDACTED, Redacted, RedactedValues, Redactor};
pub use replay::{ReplayInput, ReplayJob, ReplayKey, ReplayOutput, ReplayStatus, Selection};
pub use replay_chain::{ReplayChain, is_due};
pub use resume::{ResumeInput, Resumed};
pub use secret::Secret;
pub use session::Session;
pub use store_error::StoreError;
pub use tally::{Histogram, Tally};
pub use test_auth::{AuthReport, TestAuth};
pub use theme::{Colour, Palette, Theme, ThemeMode};
pub use timestamp::Timestamp;
pub use tls::{CertificateInfo, CertificateWarning, Tls};
pub use token::{Owner, Scope, TOKEN_START, Token};
pub use update_status::{Exception, MissedAttempt, UnkeptBody, Unrecorded, UpdateStatusInput};
pub use workflow::{
    DeliverCall, DeliverInput, DeliverOutput, Delivered, FetchConfigInput, FetchConfigOutput, FetchedConfig,
    HealthLook, HydrateInput, Next, Plan, RefreshedPlan, RequestPlan, TransformData, WorkflowInput,
    WorkflowOutput,
};
