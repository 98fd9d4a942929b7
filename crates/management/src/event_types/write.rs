//! What creating, changing and deleting event types have in common.

use axum::http::StatusCode;
use hookstep_catalogue::{Schema, schema_hash};
use hookstep_contract::{
    Actor, AuditAction, AuditChange, AuditTarget, EventType, EventTypeFields, FieldError,
    MAX_CATALOGUED_TYPES, MAX_SAMPLE_BYTES, MAX_TYPE_VERSIONS, OrgId, TypeContent, TypeVersion,
    check_type_name, check_version,
};
use hookstep_http_edge::{Problem, no_event_type};
use hookstep_store::{TypeChange, TypeWritten};
use serde_json::{Value, json};

use crate::Context;
use crate::audit::{Act, noted};

/// Checks what the payloads of a version look like, and returns the compiled schema.
///
/// # Errors
/// The field `schema` or `sample`, with the place in it.
pub(super) fn check_content(content: &TypeContent) -> Result<Option<Schema>, FieldError> {
    let TypeContent { schema, sample } = content;
    let compiled =
        schema.as_ref().map(Schema::compile).transpose().map_err(|fault| fault.in_field("schema"))?;
    let Some(sample) = sample else { return Ok(compiled) };
    if sample.to_string().len() > MAX_SAMPLE_BYTES {
        let reason = format!("must be at most {} KiB", MAX_SAMPLE_BYTES / 1024);
        return Err(FieldError::new("sample", reason));
    }
    let checked = compiled.as_ref().map_or(Ok(()), |schema| schema.check_value(sample));
    checked.map_err(|unsatisfied| unsatisfied.in_field("sample"))?;
    Ok(compiled)
}

/// A version with this name and content that is made now.
pub(super) fn version(ctx: &Context, version: String, content: &TypeContent) -> TypeVersion {
    let schema_hash = content.schema.as_ref().map(schema_hash);
    TypeVersion { version, created_at: ctx.sources.now(), schema_hash }
}

/// A new type with its first version, by default `1`.
///
/// # Errors
/// The first field that is invalid.
pub(super) fn new_type(
    ctx: &Context,
    name: String,
    fields: EventTypeFields,
    first: Option<String>,
    content: &TypeContent,
) -> Result<EventType, FieldError> {
    check_type_name(&name)?;
    fields.check()?;
    let first = first.unwrap_or_else(|| "1".to_owned());
    check_version(&first)?;
    check_content(content)?;
    let (now, versions) = (ctx.sources.now(), vec![version(ctx, first, content)]);
    Ok(EventType { name, created_at: now, updated_at: now, revision: 1, last_number: 0, versions, fields })
}

/// The change that adds a new type with the content of its only version.
pub(super) fn added<'a>(event_type: &'a EventType, content: &'a TypeContent) -> TypeChange<'a> {
    let added = event_type.current().map(|first| (first.version.as_str(), content));
    TypeChange { after: Some(event_type), added, ..TypeChange::default() }
}

/// Checks that a type has room for the version.
///
/// # Errors
/// 409 if it has a version of that name, or as many as it may have.
pub(super) fn check_room(event_type: &EventType, version: &str) -> Result<(), Problem> {
    let conflict = |detail: String| Err(Problem::new(StatusCode::CONFLICT, detail));
    if event_type.version(version).is_some() {
        return conflict("the event type has a version of this name, and versions do not change".to_owned());
    }
    if event_type.versions.len() >= MAX_TYPE_VERSIONS {
        return conflict(format!(
            "an event type has at most {MAX_TYPE_VERSIONS} versions: delete an old one"
        ));
    }
    Ok(())
}

/// The type as it is, to be changed.
///
/// # Errors
/// 404 if there is no such type.
pub(super) async fn stored(ctx: &Context, org_id: &OrgId, name: &str) -> Result<EventType, Problem> {
    ctx.event_types.latest(org_id, name).await?.ok_or_else(no_event_type)
}

/// The same type, changed now. It keeps the highest number of its versions, one of which may be about to be deleted.
pub(super) fn touched(ctx: &Context, event_type: EventType) -> EventType {
    EventType {
        updated_at: ctx.sources.now(),
        revision: event_type.revision + 1,
        last_number: event_type.highest_number(),
        ..event_type
    }
}

/// Writes a change, and notes it in the audit log.
///
/// # Errors
/// 409 if somebody else has changed the type, or the catalogue is full; 500.
pub(super) async fn write(
    ctx: &Context,
    org_id: &OrgId,
    actor: &Actor,
    action: AuditAction,
    change: TypeChange<'_>,
) -> Result<(), Problem> {
    let name = change.after.or(change.before).map(|event_type| event_type.name.as_str()).unwrap_or_default();
    let fields = |event_type: Option<&EventType>| event_type.map_or(Value::Null, shown);
    let changes = AuditChange::between(&fields(change.before), &fields(change.after));
    let act = Act::in_org(org_id, actor, action, AuditTarget::new(name)).changing(changes);
    let conflict = |detail: String| Err(Problem::new(StatusCode::CONFLICT, detail));
    noted(ctx, act, async {
        match ctx.event_types.write(org_id, change).await? {
            TypeWritten::Done => Ok(()),
            TypeWritten::Full => {
                conflict(format!("the catalogue of an org has at most {MAX_CATALOGUED_TYPES} event types"))
            }
            TypeWritten::Outdated if change.before.is_none() => {
                conflict("an event type with this name already exists".to_owned())
            }
            TypeWritten::Outdated => {
                conflict("the event type was changed by another request: read it again".to_owned())
            }
        }
    })
    .await
}

/// What the audit log shows of a type: its schemas and samples may be long.
fn shown(event_type: &EventType) -> Value {
    let versions: Vec<_> = event_type.versions.iter().map(|version| &version.version).collect();
    let fields = &event_type.fields;
    json!({
        "description": fields.description, "group": fields.group, "deprecated": fields.deprecated,
        "on_invalid": fields.on_invalid, "versions": versions,
    })
}
