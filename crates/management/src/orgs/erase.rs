//! `DELETE /orgs/{org_id}`: the org is refused at once, and what it has is erased in the background.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{Deleting, Org, schema};
use hookstep_contract::{AuditAction, Erasure, OrgFields, OrgStatus};
use hookstep_http_edge::{OrgPath, PlatformCaller, Problem, no_org};

use super::crud::target;
use crate::Context;
use crate::audit::{Act, noted};

/// `DELETE /orgs/{org_id}`
#[utoipa::path(
    delete,
    path = "/orgs/{org_id}",
    operation_id = "delete_org",
    tag = "Orgs",
    summary = "Delete an org with everything that it has",
    description = "From now on everything is refused for the org. Its webhooks with their secrets and keys, its tokens and sessions, and \
        its events with their attempts and bodies are erased in the background; meanwhile the org can be read, with `deleting`, \
        which says how far that is, and afterwards it is not found. It cannot be undone.",
    params(
        ("org_id" = schema::OrgId, Path, description = "The org."),
    ),
    responses(
        (status = 202, description = "The org, which is being deleted.", body = Org),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    caller: PlatformCaller,
    OrgPath(org_id): OrgPath,
) -> Result<(StatusCode, Json<Org>), Problem> {
    let before = ctx.orgs.latest(&org_id).await?.ok_or_else(no_org)?;
    if before.fields.status == OrgStatus::Deleting {
        return Ok((StatusCode::ACCEPTED, Json(with_progress(&ctx, before).await?)));
    }
    let (now, revision) = (ctx.sources.now(), before.revision + 1);
    let fields = OrgFields { status: OrgStatus::Deleting, ..before.fields };
    let org = hookstep_contract::Org { fields, updated_at: now, revision, ..before };
    let act = Act::in_platform(caller.actor(), AuditAction::OrgDelete, target(&org));
    noted(&ctx, act, async {
        match ctx.orgs.begin_erasure(&org, &Erasure::new(org_id, now)).await? {
            true => Ok(()),
            false => {
                let detail = "the org was changed by another request: try again";
                Err(Problem::new(StatusCode::CONFLICT, detail))
            }
        }
    })
    .await?;
    Ok((StatusCode::ACCEPTED, Json(with_progress(&ctx, org).await?)))
}

/// An org and, if it is being deleted, how far that is.
pub(crate) async fn with_progress(ctx: &Context, org: hookstep_contract::Org) -> Result<Org, Problem> {
    let mut view = Org::from(org);
    if view.status == OrgStatus::Deleting
        && let Some(erasure) = ctx.orgs.erasure(&view.org_id).await?
    {
        view.deleting = Some(Deleting {
            requested_at: erasure.requested_at,
            webhooks_left: ctx.configs.count(&view.org_id).await? as u64,
            webhooks_deleted: erasure.webhooks,
            tokens_deleted: erasure.tokens,
            events_deleted: erasure.events,
            large_bodies_deleted: erasure.claims,
        });
    }
    Ok(view)
}
