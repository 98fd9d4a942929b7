//! `/sessions`: who is signed in to the console.
//!
//! A session is opened with an API token and has a random value of its own, which only the visitor's cookie holds. The value
//! is no token: the API does not know it. What the session may do is looked up in the token at each request, so a session
//! ends with its token. It also ends after two hours without use, and after twelve hours in any case. Sessions in the portal are
//! listed and ended here, and opened in `portal`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{Page, Session, schema};
use hookstep_contract::{Actor, AuditAction, AuditTarget, OrgId, Scope, SessionId, Timestamp};
use hookstep_http_edge::{
    ApiQuery, Authorized, Caller, Manage, Problem, Sender, SessionPath, hash_token, no_session,
};

use crate::audit::{Act, noted};
use crate::paging::PageQuery;
use crate::{Context, paging};

/// How long a session lasts at most: a working day.
pub const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// How long a session lasts without use.
const IDLE: Duration = Duration::from_secs(2 * 3600);

/// How often the use of a session is written down.
pub(crate) const NOTED_EVERY: Duration = Duration::from_secs(5 * 60);

/// `GET /sessions`
#[utoipa::path(
    get,
    path = "/sessions",
    operation_id = "list_sessions",
    tag = "Tokens",
    summary = "List the sessions in the console",
    description = "Who is signed in to the console in this org or uses it in the portal, oldest first. A link into the portal that was not opened yet is among them.",
    params(
        PageQuery,
    ),
    responses(
        (status = 200, description = "A page of sessions.", body = Page<Session>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<Session>>, Problem> {
    let (after, limit) = query.read()?;
    Ok(Json(list_sessions(&ctx, &caller, after, limit).await?))
}

/// `DELETE /sessions/{session_id}`
#[utoipa::path(
    delete,
    path = "/sessions/{session_id}",
    operation_id = "delete_session",
    tag = "Tokens",
    summary = "End a session in the console",
    description = "The next request of its browser leads to the sign-in or, in the portal, says that the session has ended. A link into the portal that was not opened yet stops working.",
    params(
        ("session_id" = schema::SessionId, Path, description = "The session."),
    ),
    responses(
        (status = 204, description = "The session has ended."),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    SessionPath(session_id): SessionPath,
) -> Result<StatusCode, Problem> {
    end(&ctx, caller.org_id(), &caller.actor(), session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session of the org.
///
/// # Errors
/// 404 when there is no such session.
pub async fn end(ctx: &Context, org_id: &OrgId, actor: &Actor, session_id: SessionId) -> Result<(), Problem> {
    let act = Act::in_org(org_id, actor, AuditAction::SessionEnd, AuditTarget::new(session_id));
    noted(ctx, act, async {
        match ctx.sessions.end(org_id, session_id).await? {
            true => Ok(()),
            false => Err(no_session()),
        }
    })
    .await
}

/// Opens a session for whoever has this token, and returns the value for the cookie.
///
/// # Errors
/// 401 for an unknown token, 403 for one without the scope `read`.
pub async fn open(ctx: &Context, token: &str, sender: &Sender) -> Result<String, Problem> {
    let caller = Caller::by_token(token, ctx, Scope::Read).await?;
    let (value, now) = (hex::encode(&(ctx.sources.random_bytes)()[..32]), ctx.sources.now());
    let session = hookstep_contract::Session {
        session_hash: hash_token(&value),
        session_id: SessionId((ctx.sources.new_id)()),
        org_id: caller.org_id().clone(),
        opened_with: hash_token(token),
        token_name: caller.token_name().to_owned(),
        created_at: now,
        used_at: now,
        ends_at: now.plus(IDLE),
        portal: None,
    };
    let actor = Actor { session_id: Some(session.session_id), ..caller.actor(sender) };
    let target = AuditTarget::new(session.session_id);
    let act = Act::in_org(&session.org_id, &actor, AuditAction::SessionOpen, target);
    noted(ctx, act, async { Ok(ctx.sessions.open(&session).await?) }).await?;
    Ok(value)
}

/// The caller whose cookie has this value, with the id of the session.
///
/// # Errors
/// 401 if the session or its token has ended, 403 if the token no longer has the scope `read`.
pub async fn resume(ctx: &Context, value: &str) -> Result<(Caller, SessionId), Problem> {
    let now = ctx.sources.now();
    let session = ctx.sessions.find(&hash_token(value)).await?;
    let session =
        session.filter(|session| now < session.ends_at && session.portal.is_none()).ok_or_else(ended)?;
    let caller = Caller::by_hash(&session.opened_with, ctx, Scope::Read).await?;
    let session_id = session.session_id;
    if now.since(session.used_at) >= NOTED_EVERY && !ctx.sessions.prolong(&prolonged(session, now)).await? {
        return Err(ended());
    }
    Ok((caller, session_id))
}

/// 401 for a session that has ended.
pub(crate) fn ended() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "the session has ended")
}

fn prolonged(session: hookstep_contract::Session, now: Timestamp) -> hookstep_contract::Session {
    let ends_at = now.plus(IDLE).min(session.created_at.plus(LIFETIME));
    hookstep_contract::Session { used_at: now, ends_at, ..session }
}

/// Ends the session of the cookie with this value.
///
/// # Errors
/// 500 when the table cannot be written.
pub async fn close(ctx: &Context, value: &str) -> Result<(), Problem> {
    Ok(ctx.sessions.delete(&hash_token(value)).await?)
}

/// A page of the sessions of the caller's org, oldest first.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn list_sessions(
    ctx: &Context,
    caller: &Caller,
    after: Option<SessionId>,
    limit: usize,
) -> Result<Page<Session>, Problem> {
    let (sessions, next) = ctx.sessions.list(caller.org_id(), after, limit).await?;
    let now = ctx.sources.now();
    // The table's TTL may take days.
    let alive = sessions.into_iter().filter(|session| now < session.ends_at);
    let data = alive.map(view).collect();
    Ok(Page { data, next_cursor: next.map(paging::encode_cursor) })
}

fn view(session: hookstep_contract::Session) -> Session {
    let hookstep_contract::Session { session_id, token_name, created_at, used_at, ends_at, portal, .. } =
        session;
    let portal_role = portal.map(|portal| portal.role);
    Session { session_id, token_name, portal_role, created_at, used_at, ends_at }
}
