//! What a patch of a webhook may have. There is no such type: it is merged as JSON.

use crate::schema::{CloudEvents, ConfigFields, Ordering, RateLimit, Retry};
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The fields of a webhook, none of which has to be there.
#[derive(Debug)]
pub enum WebhookPatch {}

impl PartialSchema for WebhookPatch {
    fn schema() -> RefOr<Schema> {
        let mut patch = object(ConfigFields::schema());
        patch.description = Some("The fields of a webhook to change.".to_owned());
        patch.required.clear();
        for (name, field) in &mut patch.properties {
            match (name.as_str(), field) {
                // Neither has a default.
                ("name" | "url", _) => {}
                ("auth", field) => *field = auth(),
                ("retry", field) => *field = part::<Retry>(),
                ("cloud_events", field) => *field = part::<CloudEvents>(),
                ("rate_limit", field) => *field = part::<RateLimit>(),
                ("ordering", field) => *field = part::<Ordering>(),
                (_, RefOr::T(Schema::Object(field))) => or_null(field),
                (_, RefOr::T(Schema::Array(field))) => {
                    field.schema_type = SchemaType::from_iter([Type::Array, Type::Null]);
                }
                _ => {}
            }
        }
        patch.into()
    }
}

impl ToSchema for WebhookPatch {}

fn object(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        _ => Object::new(),
    }
}

fn auth() -> RefOr<Schema> {
    let description = "The fields to change, or another `type` with all its fields.";
    let types = SchemaType::from_iter([Type::Object, Type::Null]);
    ObjectBuilder::new().schema_type(types).description(Some(description)).into()
}

/// A setting with fields, none of which has to be there.
fn part<T: PartialSchema>() -> RefOr<Schema> {
    let mut part = object(T::schema());
    part.required.clear();
    for field in part.properties.values_mut() {
        match field {
            RefOr::T(Schema::Object(field)) if field.default.is_some() => or_null(field),
            _ => {}
        }
    }
    or_null(&mut part);
    part.into()
}

/// Lets a field be null, and the values in it.
fn or_null(field: &mut Object) {
    field.default = None;
    if let SchemaType::Type(kind) = &field.schema_type {
        field.schema_type = SchemaType::from_iter([kind.clone(), Type::Null]);
    }
    if let Some(values) = &mut field.enum_values {
        values.push(serde_json::Value::Null);
    }
    if let Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(value)))) =
        field.additional_properties.as_deref_mut()
    {
        or_null(value);
    }
}
