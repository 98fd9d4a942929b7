//! The catalogue of event types.

use hookstep_contract::{ConfigId, EventId, OnInvalid, Timestamp, TypeContent};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::schema;

/// An event type to be created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEventType {
    /// Its name, to which webhooks subscribe: 1 to 128 characters, without control characters, `*`, `/`, `?`, `#`, `%` and `\\`.
    #[schema(min_length = 1, max_length = 128, examples("order.created"))]
    pub name: String,
    /// What an event of the type means, for people: up to 2,000 characters.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub description: String,
    /// What it is listed with: 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, examples("Orders"))]
    pub group: Option<String>,
    /// Whether it is not to be used any more.
    #[serde(default)]
    pub deprecated: bool,
    /// What happens to an event whose payload does not satisfy the schema.
    #[serde(default)]
    #[schema(value_type = schema::OnInvalid)]
    pub on_invalid: OnInvalid,
    /// The name of its first version: up to 32 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`; by default `1`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-zA-Z0-9_.-]+$", examples("1"))]
    pub version: Option<String>,
    /// What the payloads look like: a JSON Schema (2020-12) of up to 64 KiB that refers to nothing outside itself.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Value>,
    /// A payload that satisfies the schema, up to 64 KiB; null for none.
    #[serde(default)]
    pub sample: Option<Value>,
}

/// A version to be added to an event type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTypeVersion {
    /// The name of the version: up to 32 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`; by default the next number.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 32, pattern = "^[a-zA-Z0-9_.-]+$", examples("1"))]
    pub version: Option<String>,
    /// What its payloads look like: a JSON Schema (2020-12) of up to 64 KiB that refers to nothing outside itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Value>,
    /// A payload that satisfies the schema, up to 64 KiB; null for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Value>,
}

/// The fields of an event type to change. Those that are left out stay as they are, and null sets one to its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventTypePatch {
    /// What an event of the type means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// What it is listed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub group: Option<String>,
    /// Whether it is not to be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<bool>,
    /// What happens to an event whose payload does not satisfy the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::OnInvalid>)]
    pub on_invalid: Option<OnInvalid>,
}

/// An event type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventType {
    /// Its name.
    pub name: String,
    /// What an event of the type means.
    pub description: String,
    /// What it is listed with.
    pub group: Option<String>,
    /// Whether it is not to be used any more.
    pub deprecated: bool,
    /// What happens to an event whose payload does not satisfy the schema.
    #[schema(value_type = schema::OnInvalid)]
    pub on_invalid: OnInvalid,
    /// Its versions, oldest first. The newest is the current one: payloads are checked against it.
    pub versions: Vec<TypeVersionSummary>,
    /// The schema of the current version; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub schema: Option<Value>,
    /// The sample of the current version; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Value>,
    /// When it was created.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
    /// When it, or one of its versions, last changed.
    #[schema(value_type = schema::Timestamp)]
    pub updated_at: Timestamp,
}

/// A version in the list of an event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeVersionSummary {
    /// Its name.
    pub version: String,
    /// Whether it has a schema.
    pub has_schema: bool,
    /// When it was added.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
}

/// A version of an event type. It does not change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TypeVersion {
    /// Its name.
    pub version: String,
    /// A JSON Schema (2020-12), if it has one.
    #[schema(value_type = Option<Object>)]
    pub schema: Option<Value>,
    /// A payload, if it has one.
    pub sample: Option<Value>,
    /// When it was added.
    #[schema(value_type = schema::Timestamp)]
    pub created_at: Timestamp,
}

/// A webhook that listens to an event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeListener {
    /// The webhook.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// Its name.
    pub name: String,
    /// Whether events are sent to it.
    pub enabled: bool,
    /// Those of its subscriptions that match the type.
    pub event_types: Vec<String>,
    /// The version of the type that it pins.
    pub pinned_version: Option<String>,
}

/// A version of an event type that is not there yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractCheck {
    /// The schema of the version: a JSON Schema (2020-12) of up to 64 KiB.
    #[schema(value_type = Object)]
    pub schema: Value,
    /// A payload that satisfies it; by default the first of the schema's `examples`, or its `default`.
    #[serde(default)]
    pub sample: Option<Value>,
}

/// A webhook, and what a new version of an event type would break there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckedWebhook {
    /// The webhook.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// Its name.
    pub name: String,
    /// Whether events are sent to it.
    pub enabled: bool,
    /// How many of its recorded bodies were checked.
    pub bodies: usize,
    /// What would break; empty if nothing would.
    pub breaks: Vec<ContractBreak>,
}

/// What a new version of an event type would break.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContractBreak {
    /// The field of the webhook that fails on the sample, or does not let it pass; or the part of a recorded body that does not satisfy
    /// the new schema, such as `payload.order`.
    pub field: String,
    /// Why.
    pub reason: String,
    /// The event whose body it is, if it is a recorded one.
    #[schema(value_type = Option<schema::EventId>)]
    pub event_id: Option<EventId>,
}

/// The format of an exported catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// OpenAPI 3.1, with `webhooks`.
    #[default]
    OpenApi,
    /// AsyncAPI 3.0.
    AsyncApi,
}

impl ExportFormat {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenApi => "openapi",
            Self::AsyncApi => "asyncapi",
        }
    }
}

/// What an import has done, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TypeImport {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// What became of each event type of the document.
    pub types: Vec<ImportedType>,
}

/// What became of an event type of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportedType {
    /// Its name; empty if that cannot be read.
    pub name: String,
    /// Where it is in the document, or what is wrong there, as a JSON Pointer (RFC 6901).
    pub at: String,
    /// What became of it.
    pub result: ImportResult,
    /// The version that is current, unless it was refused.
    pub version: Option<String>,
    /// The field of the event type that would be wrong, such as `schema.properties.order`.
    pub field: Option<String>,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// What became of an event type that was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportResult {
    /// It was not there.
    Created,
    /// It was another one, or has a new version.
    Updated,
    /// It is as the document says.
    Unchanged,
    /// Nothing was done.
    Refused,
}

impl ImportResult {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// Why a payload does not satisfy the schema of its event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SchemaMismatch {
    /// The version of the type.
    pub version: String,
    /// The part of the payload that is wrong, as a JSON Pointer (RFC 6901); empty for the whole.
    pub path: String,
    /// What is wrong with it, without its value.
    pub reason: String,
}

impl From<hookstep_contract::EventType> for EventType {
    /// Without schema and sample.
    fn from(event_type: hookstep_contract::EventType) -> Self {
        let hookstep_contract::EventType { name, created_at, updated_at, versions, fields, .. } = event_type;
        let hookstep_contract::EventTypeFields { description, group, deprecated, on_invalid } = fields;
        let version = |version: hookstep_contract::TypeVersion| TypeVersionSummary {
            has_schema: version.schema_hash.is_some(),
            version: version.version,
            created_at: version.created_at,
        };
        Self {
            name,
            description,
            group,
            deprecated,
            on_invalid,
            versions: versions.into_iter().map(version).collect(),
            schema: None,
            sample: None,
            created_at,
            updated_at,
        }
    }
}

impl EventType {
    /// The same with what the payloads of the current version look like.
    #[must_use]
    pub fn with(self, content: TypeContent) -> Self {
        Self { schema: content.schema, sample: content.sample, ..self }
    }
}

impl From<hookstep_contract::SchemaMismatch> for SchemaMismatch {
    fn from(mismatch: hookstep_contract::SchemaMismatch) -> Self {
        let hookstep_contract::SchemaMismatch { version, path, reason } = mismatch;
        Self { version, path, reason }
    }
}
