//! `PATCH /orgs/{org_id}`: a JSON Merge Patch (RFC 7396). It also suspends an org, and resumes it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hookstep_api_types::{Org, OrgPatch, schema};
use hookstep_contract::{AuditAction, OrgFields, OrgStatus};
use hookstep_http_edge::{ApiJson, OrgPath, PlatformCaller, Problem, no_org, read_json};
use serde_json::{Map, Value};

use super::crud::{org_changes, target};
use crate::Context;
use crate::audit::{Act, noted};
use crate::webhooks::allowance::check_schedules;
use crate::webhooks::patch::merge;

/// `PATCH /orgs/{org_id}`
#[utoipa::path(
    patch,
    path = "/orgs/{org_id}",
    operation_id = "change_org",
    tag = "Orgs",
    summary = "Change, suspend or resume an org",
    description = "A JSON Merge Patch (RFC 7396): fields that are left out stay as they are, and `null` sets a field to its default. \
        Nothing is taken from a suspended org or sent for it, and its own tokens may only read; the platform may still change it. \
        On AWS it takes up to twenty seconds until that holds everywhere.",
    params(
        ("org_id" = schema::OrgId, Path, description = "The org."),
    ),
    request_body(content = OrgPatch, example = json!({"metadata": {"plan": "paid"}})),
    responses(
        (status = 200, description = "The org as it is now.", body = Org),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn patch(
    State(ctx): State<Arc<Context>>,
    caller: PlatformCaller,
    OrgPath(org_id): OrgPath,
    ApiJson(patch): ApiJson<Map<String, Value>>,
) -> Result<Json<Org>, Problem> {
    let before = ctx.orgs.latest(&org_id).await?.ok_or_else(no_org)?;
    let conflict = |detail| Problem::new(StatusCode::CONFLICT, detail);
    if before.fields.status == OrgStatus::Deleting {
        return Err(conflict("the org is being deleted"));
    }
    let fields = apply(&before.fields, patch)?;
    fields.check(ctx.events.retention())?;
    if fields.retention_days != before.fields.retention_days {
        check_schedules(&ctx, &org_id, fields.retention_days).await?;
    }
    let (updated_at, revision) = (ctx.sources.now(), before.revision + 1);
    let changes = org_changes(Some(&before.fields), &fields)?;
    let body_retention_since = hookstep_contract::Org::listed_since(Some(&before), &fields, updated_at);
    let org = hookstep_contract::Org { fields, updated_at, revision, body_retention_since, ..before };
    let act = Act::in_platform(caller.actor(), AuditAction::OrgUpdate, target(&org));
    noted(&ctx, act.changing(changes), async {
        match ctx.orgs.replace(&org).await? {
            true => Ok(Json(org.into())),
            false => Err(conflict("the org was changed by another request: read it again")),
        }
    })
    .await
}

/// The settings after the patch.
fn apply(stored: &OrgFields, patch: Map<String, Value>) -> Result<OrgFields, Problem> {
    let stored = serde_json::to_value(stored).map_err(|error| Problem::internal(&error))?;
    let mut merged = merge(Some(stored), Value::Object(patch));
    if let Value::Object(fields) = &mut merged {
        // A null for what is not there is kept by the merge, so that unknown fields are reported.
        for name in ["metadata", "limits", "retention_days", "body_retention_hours", "redact_paths", "status"]
        {
            if fields.get(name).is_some_and(Value::is_null) {
                fields.remove(name);
            }
        }
        if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
            metadata.retain(|_, value| !value.is_null());
        }
    }
    read_json(merged.to_string().as_bytes())
}
