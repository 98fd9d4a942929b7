//! A client of Hookstep: triggers webhooks, reads what became of the events, and checks what arrives.
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
//! // On its way: Hookstep delivers it, and again if need be.
//! let accepted = hookstep.trigger(orders, r#"{"order": 1042}"#).content_type("application/json").await?;
//! println!("event {}", accepted.event_id);
//!
//! // The receiver's own answer, if it comes within 27 s.
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
//! - Every trigger has an `Idempotency-Key`, of its own making unless you name one, and keeps it when it is sent again: a
//!   connection that breaks, a 429 or a 5xx makes another attempt, never another event. See [`Client::with_retries`].
//! - A body above [`INLINE_BODY_BYTES`] is uploaded first and then triggered. One that is in a file ([`Body::file`]) is read
//!   while it is sent, so memory stays constant however large it is.
//! - Refusals are [`Error::Refused`] with Hookstep's own words, and the field they are about. What a receiver does is never
//!   an error: it is the event's [`Status`].
//!
//! On the other side, a receiver calls [`verify()`] with the headers and the body as they came.
//!
//! # What it brings along
//!
//! `reqwest` over rustls with ring. The machine's own authorities are trusted. The proxy variables of the environment are
//! read as `reqwest` reads them.

mod body;
mod error;
mod events;
mod replays;
mod retry;
mod send;
mod trigger;
mod upload;
mod verify;
mod webhooks;

pub use body::{Body, INLINE_BODY_BYTES};
pub use error::{Error, Problem};
pub use events::{Attempt, Event, EventQuery, Page, Sent};
pub use hookstep_contract::{
    ConfigId, EventId, OrgId, Origin, Outcome, ReplayStatus, Status, Timestamp, Timings,
};
pub use hookstep_signing::{DEFAULT_TOLERANCE, Key, PublicKey, Secret, VerifyError};
pub use replays::{Again, Replay, ReplayQuery, Replayed};
pub use send::Client;
pub use trigger::{Accepted, Delivered, SyncAnswer, SyncTrigger, Trigger};
pub use verify::{Unverified, verify, verify_at};
pub use webhooks::{OrgPublicKey, Webhook};
