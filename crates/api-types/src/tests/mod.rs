//! The schemas say what the JSON is.

mod conformance;
mod contract;
mod limits;
mod reading;

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The schemas that a type refers to, itself included, by their names.
fn schemas<T: ToSchema>() -> Map<String, Value> {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    schemas.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap())).collect()
}

/// The schema of a type.
fn schema<T: ToSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap()
}
