//! What `trigger` and `console` share at the HTTP edge: who is asking ([`Caller`]), how a refusal looks ([`Problem`]), and
//! how a body or query is read so that a wrong field is named ([`read_json`], [`read_query`]).

pub mod answer;
mod caller;
mod json;
mod path;
mod problem;
mod query;
mod refusals;

pub use caller::{Caller, hash_token, new_token};
pub use json::read_json;
pub use path::{ConfigPath, EventPath, ReplayPath, TokenPath, no_event, no_replay, no_token};
pub use problem::{Problem, log_failure, with_fallbacks};
pub use query::read_query;
pub use refusals::{
    Authenticated, Conflict, Forbidden, Internal, Invalid, NotFound, TimedOut, TooLarge, Unauthorized,
    Unavailable, refusals,
};
