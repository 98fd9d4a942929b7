//! What the HTTP functions `trigger` and `console` share: who is asking ([`Caller`], [`Authorized`], [`PlatformCaller`]),
//! how a refusal looks ([`Problem`]), and extractors that answer what they cannot read with a problem that names the
//! wrong field ([`ApiJson`], [`ApiQuery`], [`ConfigPath`]).
//!
//! Extractors run in the order of a handler's arguments. Ours stand in one order everywhere: the caller, the ids of the
//! path, the query, the body; so 401 comes before 404, and 404 before 400.

pub mod answer;
mod authorized;
mod body;
mod caller;
mod lane;
mod path;
mod problem;
mod protection;
mod query;
mod read;
mod refusals;
mod sender;

pub use authorized::{Authorized, AuthorizedIn, HasTokens, Manage, Read, RequiredScope, Trigger};
pub use body::{ApiBytes, ApiJson};
pub use caller::{Caller, ORG_HEADER, PlatformCaller, hash_token, new_token};
pub use lane::after_lane;
pub use path::{
    ConfigPath, ErasurePath, EventPath, EventTypePath, OrgPath, PublicationPath, ReplayPath, SessionPath,
    TokenPath, VersionPath, no_erasure, no_event, no_event_type, no_org, no_publication, no_replay,
    no_session, no_token, no_version,
};
pub use problem::{Problem, WrongToken, finished, log_failure};
pub use protection::{Transport, log_wrong_tokens};
pub use query::ApiQuery;
pub use read::read_json;
pub use refusals::{
    Authenticated, Conflict, Forbidden, Internal, Invalid, NotFound, TimedOut, TooLarge, Unauthorized,
    Unavailable, refusals,
};
pub use sender::{ClientAddress, Sender, with_client_addresses};
