//! What is said about a value that does not satisfy a schema, without repeating the value.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

/// The longest path, in characters.
const MAX_PATH_CHARS: usize = 200;

/// The longest text of a schema that is repeated, in characters.
const MAX_QUOTED_CHARS: usize = 100;

/// Where the value is, as a JSON Pointer, which is cut if it is long.
pub(crate) fn path(error: &ValidationError<'_>) -> String {
    let path = error.instance_path().to_string();
    match path.char_indices().nth(MAX_PATH_CHARS) {
        Some((end, _)) => format!("{}…", &path[..end]),
        None => path,
    }
}

/// What is wrong with the value: it may repeat what the schema says, and nothing else.
pub(crate) fn reason(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    match error.kind() {
        Kind::Type { kind: TypeKind::Single(expected) } => format!("must be of the type {expected}"),
        Kind::Type { .. } => "must be of one of the types that the schema names".to_owned(),
        Kind::Required { property: Value::String(name) } => format!("must have the property {}", cut(name)),
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => {
            "must not have properties that the schema does not name".to_owned()
        }
        Kind::AdditionalItems { .. } | Kind::UnevaluatedItems { .. } => {
            "must not have items that the schema does not describe".to_owned()
        }
        Kind::Enum { .. } => "must be one of the values that the schema lists".to_owned(),
        Kind::Constant { .. } => "must be the value that the schema names".to_owned(),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} items"),
        Kind::MaxItems { limit } => format!("must have at most {limit} items"),
        Kind::Pattern { pattern } => format!("must match the pattern {}", cut(pattern)),
        Kind::UniqueItems => "must not contain duplicates".to_owned(),
        Kind::FalseSchema => "is not allowed here".to_owned(),
        Kind::AnyOf { .. } => "must satisfy at least one of the schemas of anyOf".to_owned(),
        Kind::OneOfNotValid { .. } => "must satisfy one of the schemas of oneOf".to_owned(),
        Kind::OneOfMultipleValid { .. } => "must satisfy only one of the schemas of oneOf".to_owned(),
        other => format!("does not satisfy {}", other.keyword()),
    }
}

fn cut(text: &str) -> String {
    let shown: String = text.chars().take(MAX_QUOTED_CHARS).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}
