//! The versions of an event type. They do not change: what was said about a payload stays true.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hookstep_api_types::{NewTypeVersion, TypeVersion};
use hookstep_contract::{AuditAction, TypeContent, check_version};
use hookstep_http_edge::{
    ApiJson, Authorized, EventTypePath, Manage, Problem, Read, VersionPath, no_version,
};
use hookstep_store::TypeChange;

use super::write::{check_content, check_room, stored, touched, version, write};
use crate::Context;

/// `POST /event-types/{event_type}/versions`
#[utoipa::path(
    post,
    path = "/event-types/{event_type}/versions",
    operation_id = "create_event_type_version",
    tag = "Event types",
    summary = "Add a version to an event type",
    description = "It is the current version from then on. A type has up to 50 versions. Without a name, it gets a \
        number that no version of the type has had. On AWS, payloads are usually \
        checked against it within two seconds.",
    params(
        ("event_type" = String, Path, description = "The name of the type."),
    ),
    request_body(content = NewTypeVersion, example = json!({
        "version": "2",
        "schema": {"type": "object", "required": ["order"], "properties": {"order": {"type": "integer", "minimum": 1}}},
        "sample": {"order": 1042},
    })),
    responses(
        (status = 201, description = "The version.", body = TypeVersion),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    EventTypePath(name): EventTypePath,
    ApiJson(new): ApiJson<NewTypeVersion>,
) -> Result<impl IntoResponse, Problem> {
    let before = stored(&ctx, caller.org_id(), &name).await?;
    let added = new.version.unwrap_or_else(|| before.next_version());
    check_version(&added)?;
    let content = TypeContent { schema: new.schema, sample: new.sample };
    check_content(&content)?;
    check_room(&before, &added)?;
    let made = version(&ctx, added, &content);
    let mut after = touched(&ctx, before.clone());
    after.versions.push(made.clone());
    let change = TypeChange {
        before: Some(&before),
        after: Some(&after),
        added: Some((&made.version, &content)),
        removed: None,
    };
    write(&ctx, caller.org_id(), &caller.actor(), AuditAction::EventTypeAddVersion, change).await?;
    Ok((StatusCode::CREATED, Json(view(made, content))))
}

/// `GET /event-types/{event_type}/versions/{version}`
#[utoipa::path(
    get,
    path = "/event-types/{event_type}/versions/{version}",
    operation_id = "read_event_type_version",
    tag = "Event types",
    summary = "Read a version of an event type",
    params(
        ("event_type" = String, Path, description = "The name of the type."),
        ("version" = String, Path, description = "The name of the version."),
    ),
    responses(
        (status = 200, description = "The version.", body = TypeVersion),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    EventTypePath(name): EventTypePath,
    VersionPath(version): VersionPath,
) -> Result<Json<TypeVersion>, Problem> {
    let event_type = stored(&ctx, caller.org_id(), &name).await?;
    let found = event_type.version(&version).ok_or_else(no_version)?;
    let content = ctx.event_types.content(caller.org_id(), &name, &version).await?.ok_or_else(no_version)?;
    Ok(Json(view(found.clone(), content)))
}

/// `DELETE /event-types/{event_type}/versions/{version}`
#[utoipa::path(
    delete,
    path = "/event-types/{event_type}/versions/{version}",
    operation_id = "delete_event_type_version",
    tag = "Event types",
    summary = "Delete a version of an event type",
    description = "Every version but the last one that is left can be deleted. Without the current version, the one before it is current. \
        At a webhook that pins the deleted version, all events of the type fail until the pin is another one.",
    params(
        ("event_type" = String, Path, description = "The name of the type."),
        ("version" = String, Path, description = "The name of the version."),
    ),
    responses(
        (status = 204, description = "The version is deleted."),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    EventTypePath(name): EventTypePath,
    VersionPath(version): VersionPath,
) -> Result<StatusCode, Problem> {
    let before = stored(&ctx, caller.org_id(), &name).await?;
    before.version(&version).ok_or_else(no_version)?;
    let mut after = touched(&ctx, before.clone());
    after.versions.retain(|known| known.version != version);
    if after.versions.is_empty() {
        let detail = "this is the only version of the event type: delete the type";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let (before, after) = (Some(&before), Some(&after));
    let change = TypeChange { before, after, added: None, removed: Some(&version) };
    write(&ctx, caller.org_id(), &caller.actor(), AuditAction::EventTypeDeleteVersion, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn view(version: hookstep_contract::TypeVersion, content: TypeContent) -> TypeVersion {
    let hookstep_contract::TypeVersion { version, created_at, schema_hash: _ } = version;
    TypeVersion { version, schema: content.schema, sample: content.sample, created_at }
}
