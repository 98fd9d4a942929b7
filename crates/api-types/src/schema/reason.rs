//! Why an event was not delivered, or an attempt failed.

use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Why an event was not delivered, or an attempt failed. Programs go by the code; the detail is for people and may change.
#[derive(Debug, ToSchema)]
pub struct Reason {
    /// The kind of failure. Stable.
    pub code: ReasonCode,
    /// The failure in a sentence.
    pub detail: String,
}

/// The kinds of failure.
#[derive(Debug)]
pub enum ReasonCode {}

impl PartialSchema for ReasonCode {
    fn schema() -> RefOr<Schema> {
        let codes = hookstep_contract::ReasonCode::ALL;
        let rows = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.meaning()));
        let description = format!("The kinds of failure. {}.", rows.collect::<Vec<_>>().join("; "));
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(description))
            .enum_values(Some(codes.iter().map(|code| code.as_str())))
            .into()
    }
}

impl ToSchema for ReasonCode {}
