//! Webhooks.

use std::collections::BTreeMap;

use hookstep_contract::limits::{
    DEFAULT_TIMEOUT_SECS, EVENT_TYPE_CHARS, MAX_EVENT_TYPES, MAX_PAUSE_SECS, MAX_RETRIES,
};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Type};

use super::{Auth, ConfigId, Filter, OrgId, Timestamp, Tls, Transform};

/// What the owner of a webhook sets.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFields {
    /// A name for people.
    #[schema(min_length = 1, max_length = 100, examples("Orders to the warehouse"))]
    pub name: String,
    /// The receiver.
    #[schema(format = "uri", max_length = 2048, examples("https://example.com/hooks/orders"))]
    pub url: String,
    /// The HTTP method.
    #[schema(required = false, schema_with = methods)]
    pub method: String,
    /// Whether events are sent; otherwise they are recorded as skipped.
    #[schema(required = false, default = true)]
    pub enabled: bool,
    /// Headers to send along. Not for credentials: the state machine's history shows them.
    #[schema(required = false)]
    pub headers: BTreeMap<String, String>,
    /// How a request says who it is. Left out of a request: as it was.
    pub auth: Option<Auth>,
    /// TLS beyond the public authorities. Left out of a request: as it was.
    pub tls: Option<Tls>,
    /// The longest an attempt may take, the body read included, in seconds.
    #[schema(required = false, minimum = 1, maximum = 840, default = json!(DEFAULT_TIMEOUT_SECS))]
    pub timeout_seconds: u32,
    /// When to send again.
    #[schema(required = false)]
    pub retry: Retry,
    /// Which events of the bus to send, by their type: a name, a prefix (`order.*`), or `*` for all.
    #[schema(required = false, schema_with = event_types)]
    pub event_types: Vec<String>,
    /// Which events are sent; the others are recorded as skipped. Null for all.
    pub filter: Option<Filter>,
    /// What is sent in the place of the body. Null for the body itself.
    pub transform: Option<Transform>,
}

/// A webhook as the table holds it and the API shows it.
#[derive(Debug, ToSchema)]
pub struct WebhookConfig {
    /// Its tenant.
    pub org_id: OrgId,
    /// Its id.
    pub config_id: ConfigId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes. 0 for one that was never written by a version that has credentials.
    #[schema(required = false)]
    pub revision: u64,
    /// Its signing secrets, newest first: not the secrets, only how long each signs.
    #[schema(required = false)]
    pub signing_secrets: Vec<Lifetime>,
    /// What its client certificate says.
    pub certificate: Option<CertificateInfo>,
    /// Why we disabled it, when it was not its owner.
    pub disabled_reason: Option<String>,
    /// What its owner set.
    #[serde(flatten)]
    pub fields: ConfigFields,
}

/// When to send again.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The pause before each attempt after the first, in seconds; empty for no retries.
    #[schema(schema_with = pauses)]
    pub schedule_seconds: Vec<u32>,
}

/// When a signing secret was made, and until when it signs.
#[derive(Debug, ToSchema)]
pub struct Lifetime {
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it signs; absent while no newer one has taken its place.
    pub expires_at: Option<Timestamp>,
}

/// What a client certificate says.
#[derive(Debug, ToSchema)]
pub struct CertificateInfo {
    /// Whose it is.
    pub subject: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
}

/// The methods of a webhook.
fn methods() -> Object {
    let description = "The HTTP method.";
    let methods = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    let names = hookstep_contract::ConfigFields::METHODS;
    methods.enum_values(Some(names)).default(Some(names[0].into())).build()
}

/// The pauses of a [`Retry`]: a derive has no limits for what is in a list.
fn pauses() -> Array {
    let pause =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(MAX_PAUSE_SECS));
    let description = "The pause before each attempt after the first, in seconds; empty for no retries.";
    ArrayBuilder::new().items(pause).max_items(Some(MAX_RETRIES)).description(Some(description)).build()
}

/// What a webhook subscribes to.
fn event_types() -> Array {
    let event_type = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(EVENT_TYPE_CHARS))
        .examples(["order.created", "order.*"]);
    let description = "Which events of the bus to send, by their `detail-type`: a name, a prefix (`order.*`), or `*` for all but \
        those that Hookstep tells of itself.";
    ArrayBuilder::new()
        .items(event_type)
        .max_items(Some(MAX_EVENT_TYPES))
        .description(Some(description))
        .build()
}
