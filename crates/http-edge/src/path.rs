//! Ids in a path.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use hookstep_contract::{
    ConfigId, ErasureId, EventId, OrgId, SessionId, TokenId, check_type_name, check_version,
};

use crate::Problem;

/// The `{config_id}` of a path. A text that is no id names no webhook: 404.
#[derive(Clone, Copy, Debug)]
pub struct ConfigPath(pub ConfigId);

/// The `{event_id}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct EventPath(pub EventId);

/// The `{replay_id}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct ReplayPath(pub EventId);

/// The `{token_id}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct TokenPath(pub TokenId);

impl<S: Send + Sync> FromRequestParts<S> for ConfigPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "config_id").await.map(Self).ok_or_else(Problem::no_webhook)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for EventPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "event_id").await.map(Self).ok_or_else(no_event)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ReplayPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "replay_id").await.map(Self).ok_or_else(no_replay)
    }
}

/// 404 for a bulk replay that the webhook does not have.
pub fn no_replay() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this webhook has no replay with this replay_id")
}

/// The session that the path names.
#[derive(Clone, Copy, Debug)]
pub struct SessionPath(pub SessionId);

impl<S: Send + Sync> FromRequestParts<S> for SessionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "session_id").await.map(Self).ok_or_else(no_session)
    }
}

/// 404 for a session that the org does not have.
pub fn no_session() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no session with this session_id")
}

/// The `{publication_id}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct PublicationPath(pub EventId);

impl<S: Send + Sync> FromRequestParts<S> for PublicationPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "publication_id").await.map(Self).ok_or_else(no_publication)
    }
}

/// 404 for a publication that the org does not have.
pub fn no_publication() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no publication with this publication_id")
}

impl<S: Send + Sync> FromRequestParts<S> for TokenPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "token_id").await.map(Self).ok_or_else(no_token)
    }
}

/// 404 for a token that the org does not have.
pub fn no_token() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no token with this token_id")
}

/// The `{erasure_id}` of a path.
#[derive(Clone, Copy, Debug)]
pub struct ErasurePath(pub ErasureId);

impl<S: Send + Sync> FromRequestParts<S> for ErasurePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "erasure_id").await.map(Self).ok_or_else(no_erasure)
    }
}

/// 404 for an erasure that the org does not have.
pub fn no_erasure() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no erasure with this erasure_id")
}

/// The `{org_id}` of a path.
#[derive(Clone, Debug)]
pub struct OrgPath(pub OrgId);

impl<S: Send + Sync> FromRequestParts<S> for OrgPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "org_id").await.map(Self).ok_or_else(no_org)
    }
}

/// 404 for an org that does not exist, or is known by nothing but its tokens.
pub fn no_org() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no org with this org_id")
}

/// The `{event_type}` of a path.
#[derive(Clone, Debug)]
pub struct EventTypePath(pub String);

/// The `{version}` of a path.
#[derive(Clone, Debug)]
pub struct VersionPath(pub String);

impl<S: Send + Sync> FromRequestParts<S> for EventTypePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = param::<_, String>(parts, state, "event_type").await;
        name.filter(|name| check_type_name(name).is_ok()).map(Self).ok_or_else(no_event_type)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for VersionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let version = param::<_, String>(parts, state, "version").await;
        version.filter(|version| check_version(version).is_ok()).map(Self).ok_or_else(no_version)
    }
}

/// 404 for an event type that the catalogue does not have.
pub fn no_event_type() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no event type with this name")
}

/// 404 for a version that the event type does not have.
pub fn no_version() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "the event type has no version with this name")
}

/// 404 for an event that the webhook does not have.
pub fn no_event() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "this webhook has no event with this event_id")
}

async fn param<S: Send + Sync, T: std::str::FromStr>(parts: &mut Parts, state: &S, name: &str) -> Option<T> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().find(|(key, _)| *key == name)?.1.parse().ok()
}
