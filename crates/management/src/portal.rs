//! `/orgs/{org_id}/portal-sessions`: links into the portal, which is the console for the people of a platform.
//!
//! A link works once, for five minutes, and opens a session that is limited to an org, to a role and, where the link says so, to
//! some webhooks. The session's value is known to the script of the page alone, which sends it in a header: there is no cookie,
//! and the value is in no address ([ADR 62](../../../docs/adr/0062-portal.md)).

mod fields;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use hookstep_api_types::{PortalSession, PortalSessionFields, Sensitive, schema};
use hookstep_contract::{
    Actor, AuditAction, AuditChange, AuditTarget, OrgId, Portal, PortalRole, Scope, Session, SessionId, Theme,
};
use hookstep_http_edge::{ApiJson, AuthorizedIn, Caller, Manage, Problem, Sender, hash_token};
use serde_json::json;

use crate::Context;
use crate::audit::{Act, noted};
use crate::sessions::{NOTED_EVERY, ended};

/// How long a link waits to be opened: the page that asked for it opens it at once.
const LINK_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// `POST /orgs/{org_id}/portal-sessions`
#[utoipa::path(
    post,
    path = "/orgs/{org_id}/portal-sessions",
    operation_id = "create_portal_session",
    tag = "Orgs",
    summary = "Create a link into the portal",
    description = "The portal is the console for people who have no token: a platform asks for a link and opens it for somebody, in a frame \
        of its own page or in a tab. The link works once, within five minutes; its session ends after `expires_in`, and with the token \
        that asked for it. Origins that may show it in a frame are a setting of the deployment. A token of the org itself \
        with the scopes `manage` and `read` may do this, too.",
    params(
        ("org_id" = schema::OrgId, Path, description = "The org."),
    ),
    request_body(content = PortalSessionFields, example = json!({"role": "view", "expires_in": 3600})),
    responses(
        (status = 201, description = "The link.", body = PortalSession),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    AuthorizedIn(caller): AuthorizedIn<Manage>,
    headers: HeaderMap,
    ApiJson(fields): ApiJson<PortalSessionFields>,
) -> Result<impl IntoResponse, Problem> {
    caller.grants(scopes_of(fields.role))?;
    let base = base(&ctx, &headers)?;
    let portal = fields::portal(&ctx, caller.org_id(), fields).await?;
    let (link, now) = (hex::encode(&(ctx.sources.random_bytes)()[..32]), ctx.sources.now());
    let session = Session {
        session_hash: hash_token(&link),
        session_id: SessionId((ctx.sources.new_id)()),
        org_id: caller.org_id().clone(),
        opened_with: caller.token_hash().to_owned(),
        token_name: caller.token_name().to_owned(),
        created_at: now,
        used_at: now,
        ends_at: now.plus(LINK_LIFETIME),
        portal: Some(portal.clone()),
    };
    let actor = caller.actor();
    let target = AuditTarget::new(session.session_id);
    let act = Act::in_org(caller.org_id(), &actor, AuditAction::PortalSessionCreate, target);
    noted(&ctx, act.changing(granted(&portal)), async { Ok(ctx.sessions.open(&session).await?) }).await?;
    let made = PortalSession {
        session_id: session.session_id,
        url: Sensitive::new(format!("{base}/portal#link={link}")),
        link_expires_at: session.ends_at,
        role: portal.role,
        expires_in: portal.lasts_seconds,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// What the link is to open, as the log shows it.
fn granted(portal: &Portal) -> Vec<AuditChange> {
    let after = json!({"role": portal.role, "expires_in": portal.lasts_seconds, "webhooks": portal.webhooks});
    AuditChange::between(&json!({"webhooks": null}), &after)
}

/// Where links lead: what the deployment says or, if it does not, where this request was sent.
fn base(ctx: &Context, headers: &HeaderMap) -> Result<String, Problem> {
    if let Some(url) = &ctx.console_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.map(|host| format!("https://{host}"))
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "the request names no host"))
}

/// A session in the portal that was just opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What the script of the portal sends with each request.
    pub value: Sensitive,
    /// The logo of the theme, as a `data:` URL.
    pub logo: Option<String>,
    /// The org that it shows.
    pub org_id: OrgId,
}

/// Opens the session of a link, which stops working.
///
/// # Errors
/// 401 if the link was used or has expired, or its token is gone; 403 if the org is being deleted; 500 when the table cannot be
/// written.
pub async fn open(ctx: &Context, link: &str, sender: &Sender) -> Result<Opened, Problem> {
    let link_hash = hash_token(link);
    let (found, now) = (ctx.sessions.find(&link_hash).await?, ctx.sources.now());
    let found = found.filter(|found| now < found.ends_at).ok_or_else(ended)?;
    let portal = found.portal.clone().filter(|portal| !portal.is_open).ok_or_else(ended)?;
    let caller = caller(ctx, &found, portal.role).await?;
    let value = hex::encode(&(ctx.sources.random_bytes)()[..32]);
    let (logo, theme) = (portal.theme.logo.clone(), Theme { logo: None, ..portal.theme.clone() });
    let session = Session {
        session_hash: hash_token(&value),
        created_at: now,
        used_at: now,
        ends_at: now.plus(Duration::from_secs(portal.lasts_seconds.into())),
        portal: Some(Portal { is_open: true, theme, ..portal }),
        ..found
    };
    let actor = actor(&caller, sender, &session);
    let target = AuditTarget::new(session.session_id);
    let act = Act::in_org(&session.org_id, &actor, AuditAction::SessionOpen, target);
    noted(ctx, act, async {
        match ctx.sessions.redeem(&link_hash, &session).await? {
            true => Ok(()),
            false => Err(ended()),
        }
    })
    .await?;
    Ok(Opened { value: Sensitive::new(value), logo, org_id: session.org_id })
}

/// Somebody in the portal.
#[derive(Clone, Debug)]
pub struct PortalVisitor {
    /// What the visitor may do in the org, as far as scopes can say it.
    pub caller: Caller,
    /// Who it is, for the audit log.
    pub actor: Actor,
    /// The session.
    pub session_id: SessionId,
    /// What the session allows.
    pub portal: Portal,
}

/// The visitor whose session has this value.
///
/// # Errors
/// 401 if the session or its token has ended, 403 if the org is being deleted, 500 when the table cannot be read.
pub async fn resume(ctx: &Context, value: &str, sender: &Sender) -> Result<PortalVisitor, Problem> {
    let now = ctx.sources.now();
    let session = ctx.sessions.find(&hash_token(value)).await?;
    let session = session.filter(|session| now < session.ends_at).ok_or_else(ended)?;
    let portal = session.portal.clone().filter(|portal| portal.is_open).ok_or_else(ended)?;
    let caller = caller(ctx, &session, portal.role).await?;
    let visitor = PortalVisitor {
        actor: actor(&caller, sender, &session),
        caller,
        session_id: session.session_id,
        portal,
    };
    let is_to_note = now.since(session.used_at) >= NOTED_EVERY;
    if is_to_note && !ctx.sessions.prolong(&Session { used_at: now, ..session }).await? {
        return Err(ended());
    }
    Ok(visitor)
}

async fn caller(ctx: &Context, session: &Session, role: PortalRole) -> Result<Caller, Problem> {
    Caller::in_portal(&session.opened_with, session.org_id.clone(), scopes_of(role), ctx).await
}

/// What a role can do, as far as scopes can say it.
fn scopes_of(role: PortalRole) -> &'static [Scope] {
    match role {
        PortalRole::View => &[Scope::Read],
        PortalRole::Replay | PortalRole::Manage | PortalRole::ManageSecrets => &[Scope::Read, Scope::Manage],
    }
}

fn actor(caller: &Caller, sender: &Sender, session: &Session) -> Actor {
    let portal_role = session.portal.as_ref().map(|portal| portal.role);
    Actor { session_id: Some(session.session_id), portal_role, ..caller.actor(sender) }
}
