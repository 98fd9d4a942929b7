//! A client of Hookstep: it triggers webhooks, reads how the events were delivered, and verifies the requests that a receiver gets.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hookstep_client::{Client, ConfigId, SyncAnswer};
//! # use axum::extract::RawQuery;
//! # use axum::http::StatusCode;
//! # let event = r#""event_id": "01939f2e-8a10-7000-8000-2b7d40c5aa12", "status":"#;
//! # let answer = move |RawQuery(query): RawQuery| async move {
//! #     match query.as_deref() {
//! #         Some("sync=true") => (StatusCode::OK, format!(r#"{{{event} "succeeded", "body": "pong"}}"#)),
//! #         _ => (StatusCode::ACCEPTED, format!(r#"{{{event} "in_progress"}}"#)),
//! #     }
//! # };
//! # let router = axum::Router::new().route("/webhook/{config_id}/trigger", axum::routing::post(answer));
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let url = format!("http://{}", listener.local_addr()?);
//! # tokio::spawn(axum::serve(listener, router).into_future());
//!
//! let hookstep = Client::new(&url, "hookstep_…")?;
//! let orders: ConfigId = "01939f2e-7c00-7000-8000-5f2a6c1d9e01".parse()?;
//!
//! // Accepted: Hookstep delivers it, and retries if it has to.
//! let accepted = hookstep.trigger(orders, r#"{"order": 1042}"#).content_type("application/json").await?;
//! println!("event {}", accepted.event_id);
//!
//! // The receiver's own answer, if it arrives within 27 s.
//! match hookstep.trigger(orders, "ping").sync().await? {
//!     SyncAnswer::Ended(delivered) => assert_eq!(delivered.body.as_deref(), Some("pong")),
//!     SyncAnswer::StillInProgress(accepted) => println!("{} goes on", accepted.event_id),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it does for you
//!
//! - Every trigger has an `Idempotency-Key`: a random one unless you set it. Retries after a broken connection, a 429 or a 5xx
//!   use the same key, so they never create a second event. See [`Client::with_retries`].
//! - A body above [`INLINE_BODY_BYTES`] is uploaded first and then triggered. A body in a file ([`Body::file`]) is read while it
//!   is sent, so memory stays constant however large it is.
//! - A refusal is [`Error::Refused`] with Hookstep's own explanation, and the field that is wrong. A receiver that fails is not
//!   an error: it is the [`Status`] of the event.
//!
//! A receiver calls [`verify()`] with the headers and the body as they arrived.
//!
//! # Dependencies
//!
//! `reqwest` over rustls with ring. The client trusts the certificate authorities of the machine, and uses the proxy settings of
//! the environment as `reqwest` does.

mod body;
mod erasures;
mod error;
mod event_types;
mod events;
mod orgs;
mod portal;
mod publish;
mod replays;
mod retry;
mod send;
mod stats;
mod trigger;
mod upload;
mod verify;
mod webhooks;

pub use body::{Body, INLINE_BODY_BYTES};
pub use erasures::Erase;
pub use error::Error;
pub use events::{EventQuery, EventSearch};
pub use hookstep_api_types::{
    Accepted, Attempt, BatchEntry, CheckedWebhook, ContractBreak, ContractCheck, Delivered, DeliveryState,
    Erasure, ErasureStatus, Event, EventType, EventTypePatch, ExportFormat, FoundEvents, ImportResult,
    ImportedType, Jwk, Jwks, NewEventType, NewOrg, NewTypeVersion, Org, OrgPatch, OrgPublicKey, Page,
    PortalSession, PortalSessionFields, ProblemDetails, Publication, Published, PublishedBatch,
    PublishedDelivery, Replay, ReplayForecast, ReplayResults, Replayed, SchemaMismatch, Sensitive, Sent,
    Stats, StatsBucket, StatsStep, TypeImport, TypeListener, TypeVersion, TypeVersionSummary,
};
pub use hookstep_contract::{
    Colour, ConfigId, ErasureId, EventId, Locale, OnInvalid, OrgId, OrgStatus, Origin, Outcome, Palette,
    PortalRole, Reason, ReasonCode, ReplayStatus, Status, Theme, ThemeMode, Timestamp, Timings,
};
pub use hookstep_signing::{DEFAULT_TOLERANCE, Key, PublicKey, Secret, VerifyError};
pub use orgs::OrgQuery;
pub use publish::NewEvent;
pub use replays::{Redelivery, ReplayQuery};
pub use send::Client;
pub use stats::StatsQuery;
pub use trigger::{SyncAnswer, SyncTrigger, Trigger};
pub use verify::{Unverified, verify, verify_at};
pub use webhooks::{TestEvent, Webhook};
