//! Creates, lists, reads, changes and deletes event types.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hookstep_api_types::{EventType, EventTypePatch, NewEventType, Page};
use hookstep_contract::{AuditAction, EventTypeFields, FieldError, OrgId, TypeContent, check_type_name};
use hookstep_http_edge::{
    ApiJson, ApiQuery, Authorized, EventTypePath, Manage, Problem, Read, no_event_type, read_json,
};
use hookstep_store::TypeChange;
use serde_json::{Map, Value};

use super::write::{added, new_type, stored, touched, write};
use crate::paging::PageQuery;
use crate::webhooks::patch::merge;
use crate::{Context, paging};

/// `POST /event-types`
#[utoipa::path(
    post,
    path = "/event-types",
    operation_id = "create_event_type",
    tag = "Event types",
    summary = "Add an event type to the catalogue",
    description = "With its first version. A sample that does not satisfy the schema is refused. An org has up to 500 types.",
    request_body(content = NewEventType, example = json!({
        "name": "order.created", "description": "A customer has placed an order.", "group": "Orders", "on_invalid": "reject",
        "schema": {"type": "object", "required": ["order"], "properties": {"order": {"type": "integer"}}},
        "sample": {"order": 1042},
    })),
    responses(
        (status = 201, description = "The event type.", body = EventType),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiJson(new): ApiJson<NewEventType>,
) -> Result<impl IntoResponse, Problem> {
    let NewEventType { name, description, group, deprecated, on_invalid, version: first, schema, sample } =
        new;
    let fields = EventTypeFields { description, group, deprecated, on_invalid };
    let content = TypeContent { schema, sample };
    let event_type = new_type(&ctx, name, fields, first, &content)?;
    let change = added(&event_type, &content);
    write(&ctx, caller.org_id(), &caller.actor(), AuditAction::EventTypeCreate, change).await?;
    Ok((StatusCode::CREATED, Json(EventType::from(event_type).with(content))))
}

/// `GET /event-types`
#[utoipa::path(
    get,
    path = "/event-types",
    operation_id = "list_event_types",
    tag = "Event types",
    summary = "List the event types of the catalogue",
    description = "In the order of their names, without schemas and samples.",
    params(
        PageQuery,
    ),
    responses(
        (status = 200, description = "A page of event types.", body = Page<EventType>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<EventType>>, Problem> {
    let limit = paging::parse_limit(query.limit.as_deref())?;
    Ok(Json(list_of(&ctx, caller.org_id(), query.cursor.as_deref(), limit).await?))
}

/// A page of the event types of an org.
///
/// # Errors
/// 400 when the cursor is of no page, and 500 when the table cannot be read.
pub async fn list_of(
    ctx: &Context,
    org_id: &OrgId,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<EventType>, Problem> {
    let after: Option<String> = paging::decode_cursor(cursor)?;
    if after.as_deref().is_some_and(|name| check_type_name(name).is_err()) {
        return Err(FieldError::new("cursor", "must be the next_cursor of another page").into());
    }
    let (types, next) = ctx.event_types.list(org_id, after.as_deref(), limit).await?;
    let data = types.into_iter().map(EventType::from).collect();
    Ok(Page { data, next_cursor: next.map(paging::encode_cursor) })
}

/// `GET /event-types/{event_type}`
#[utoipa::path(
    get,
    path = "/event-types/{event_type}",
    operation_id = "read_event_type",
    tag = "Event types",
    summary = "Read an event type",
    description = "With the schema and the sample of its current version.",
    params(
        ("event_type" = String, Path, description = "The name of the type."),
    ),
    responses(
        (status = 200, description = "The event type.", body = EventType),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    EventTypePath(name): EventTypePath,
) -> Result<Json<EventType>, Problem> {
    Ok(Json(event_type(&ctx, caller.org_id(), &name).await?))
}

/// An event type with the schema and the sample of its current version.
///
/// # Errors
/// 404 if there is no such type, 500 when the table cannot be read.
pub async fn event_type(ctx: &Context, org_id: &OrgId, name: &str) -> Result<EventType, Problem> {
    let found = stored(ctx, org_id, name).await?;
    let current = found.current().ok_or_else(no_event_type)?;
    let content = ctx.event_types.content(org_id, name, &current.version).await?.unwrap_or_default();
    Ok(EventType::from(found).with(content))
}

/// `PATCH /event-types/{event_type}`
#[utoipa::path(
    patch,
    path = "/event-types/{event_type}",
    operation_id = "change_event_type",
    tag = "Event types",
    summary = "Change an event type",
    description = "A JSON Merge Patch (RFC 7396): fields that are left out stay as they are, and `null` sets a field to its default. \
        A schema or a sample is changed by a new version. On AWS, events are usually checked by it within two seconds.",
    params(
        ("event_type" = String, Path, description = "The name of the type."),
    ),
    request_body(content = EventTypePatch, example = json!({"deprecated": true})),
    responses(
        (status = 200, description = "The event type as it is now.", body = EventType),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn patch(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    EventTypePath(name): EventTypePath,
    ApiJson(patch): ApiJson<Map<String, Value>>,
) -> Result<Json<EventType>, Problem> {
    let before = stored(&ctx, caller.org_id(), &name).await?;
    let fields = apply(&before.fields, patch)?;
    fields.check()?;
    let after = hookstep_contract::EventType { fields, ..touched(&ctx, before.clone()) };
    let change = TypeChange { before: Some(&before), after: Some(&after), ..TypeChange::default() };
    write(&ctx, caller.org_id(), &caller.actor(), AuditAction::EventTypeUpdate, change).await?;
    Ok(Json(event_type(&ctx, caller.org_id(), &name).await?))
}

/// The fields after the patch.
fn apply(before: &EventTypeFields, patch: Map<String, Value>) -> Result<EventTypeFields, Problem> {
    let before = serde_json::to_value(before).map_err(|error| Problem::internal(&error))?;
    let mut merged = merge(Some(before), Value::Object(patch));
    if let Value::Object(fields) = &mut merged {
        // A null for what is not there is kept by the merge, so that unknown fields are reported.
        fields.retain(|name, value| name != "group" || !value.is_null());
    }
    read_json(merged.to_string().as_bytes())
}

/// `DELETE /event-types/{event_type}`
#[utoipa::path(
    delete,
    path = "/event-types/{event_type}",
    operation_id = "delete_event_type",
    tag = "Event types",
    summary = "Delete an event type",
    description = "With all its versions. Webhooks go on to get events of the type, which are not checked any more; but at a webhook \
        that pins a version of it, all events of the type fail until the pin is removed. A type that is created again under the \
        name starts anew.",
    params(
        ("event_type" = String, Path, description = "The name of the type."),
    ),
    responses(
        (status = 204, description = "The event type is deleted."),
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
) -> Result<StatusCode, Problem> {
    let before = stored(&ctx, caller.org_id(), &name).await?;
    let change = TypeChange { before: Some(&before), ..TypeChange::default() };
    write(&ctx, caller.org_id(), &caller.actor(), AuditAction::EventTypeDelete, change).await?;
    Ok(StatusCode::NO_CONTENT)
}
