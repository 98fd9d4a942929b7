//! The document, assembled from the parts of the crates that have routes, and cleaned up.

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{ArrayBuilder, Object, OneOf, SchemaType};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, Ref, RefOr, Schema};

/// The text of the document.
pub(super) fn generate() -> String {
    let mut document = hookstep_management::openapi();
    // Sending events comes first in the document, reading them after it.
    let own = std::mem::take(&mut document.paths.paths);
    document.merge(hookstep_trigger::openapi());
    let paths = &mut document.paths.paths;
    for (path, item) in own {
        match paths.get_mut(&path) {
            // Both crates have routes of this path.
            Some(known) => known.merge_operations(item),
            None => drop(paths.insert(path, item)),
        }
    }
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            name_scope(operation);
            leave_out(operation);
        }
    }
    let schemas = &mut document.components.as_mut().unwrap().schemas;
    let before = schemas.clone();
    let flat = |name: &str| before.iter().find(|(known, _)| *known == name).map(|(_, schema)| schema.clone());
    for (name, schema) in schemas.iter_mut() {
        flatten(schema, &flat);
        hoist(schema);
        if let (Some(entry), RefOr::T(Schema::Object(page))) = (name.strip_prefix("Page_"), schema) {
            // The derive macro repeats the schema of a generic type's parameter.
            let entries =
                ArrayBuilder::new().items(Ref::from_schema_name(entry)).description(Some("The entries."));
            page.properties.insert("data".to_owned(), entries.into());
        }
    }
    drop_unused(&mut document);
    // Doc comments break lines where the source does.
    document.to_pretty_json().unwrap().replace("\\n", " ") + "\n"
}

/// States in `x-required-scope` what only OpenAPI experts find in `security`.
fn name_scope(operation: &mut Operation) {
    let security = serde_json::to_value(operation.security.take().unwrap_or_default()).unwrap();
    let scope = security[0]["token"][0].as_str().unwrap_or("none");
    operation.security = Some(match scope {
        "none" => Vec::new(),
        scope => vec![SecurityRequirement::new("token", [scope])],
    });
    operation.extensions = Some(Extensions::from_iter([("x-required-scope", scope)]));
}

/// An optional parameter or body is omitted, so it cannot be null.
fn leave_out(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(Parameter { schema: Some(RefOr::T(Schema::Object(object))), .. }) = parameter
            && let SchemaType::Array(types) = &object.schema_type
        {
            object.schema_type = types[0].clone().into();
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for content in body.content.values_mut() {
            if let RefOr::T(content) = content
                && let Some(RefOr::T(Schema::OneOf(OneOf { items, .. }))) = &content.schema
            {
                content.schema = items.first().cloned();
            }
        }
    }
}

/// Merges the parts that serde flattens into one object: each part alone would forbid the fields of the
/// others.
fn flatten(schema: &mut RefOr<Schema>, named: &impl Fn(&str) -> Option<RefOr<Schema>>) {
    let RefOr::T(Schema::AllOf(all)) = schema else { return };
    let mut whole = Object::new();
    for part in &all.items {
        let mut part = match part {
            RefOr::Ref(Ref { ref_location, .. }) => named(name_of(ref_location)).unwrap(),
            RefOr::T(_) => part.clone(),
        };
        flatten(&mut part, named);
        let RefOr::T(Schema::Object(part)) = part else { panic!("only objects can be flattened") };
        whole.properties.extend(part.properties);
        whole.required.extend(part.required);
    }
    whole.description = all.description.take();
    *schema = RefOr::T(Schema::Object(whole));
}

/// Moves a nullable schema's description from one of its alternatives to the schema itself.
fn hoist(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    for property in object.properties.values_mut() {
        if let RefOr::T(Schema::OneOf(OneOf { items, description, .. })) = property
            && let Some(RefOr::Ref(reference)) = items.first_mut()
        {
            *description = Some(std::mem::take(&mut reference.description));
        }
    }
}

/// Drops the schemas that are no longer referenced.
fn drop_unused(document: &mut OpenApi) {
    loop {
        let text = document.to_json().unwrap();
        let schemas = &mut document.components.as_mut().unwrap().schemas;
        let before = schemas.len();
        schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if schemas.len() == before {
            return;
        }
    }
}

fn name_of(location: &str) -> &str {
    location.rsplit('/').next().unwrap()
}
