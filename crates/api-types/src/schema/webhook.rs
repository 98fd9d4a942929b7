//! Webhooks.

use std::collections::BTreeMap;

use hookstep_contract::limits::{
    DEFAULT_TIMEOUT_SECS, EVENT_TYPE_CHARS, MAX_EVENT_TYPES, MAX_IN_FLIGHT, MAX_PAUSE_SECS, MAX_RETRIES,
};
use hookstep_contract::{MaxInFlight, OnFailure, Period};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, Type};

use super::{
    Auth, CloudEventsMode, ConfigId, Delivery, ExtraSignature, Filter, OrgId, Timestamp, Tls, Transform,
};

/// The settings of a webhook.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFields {
    /// A name for people.
    #[schema(min_length = 1, max_length = 100, examples("Orders to the warehouse"))]
    pub name: String,
    /// The URL of the receiver.
    #[schema(format = "uri", max_length = 2048, examples("https://example.com/hooks/orders"))]
    pub url: String,
    /// The HTTP method.
    #[schema(required = false, schema_with = methods)]
    pub method: String,
    /// Whether events are sent; otherwise they are recorded as skipped.
    #[schema(required = false, default = true)]
    pub enabled: bool,
    /// Additional headers. Do not put credentials here: they appear in the history of executions.
    #[schema(required = false)]
    pub headers: BTreeMap<String, String>,
    /// Up to 10 headers whose values are made from the event: text with placeholders, of up to 256 characters. There are
    /// `{{event.type}}`, `{{event.id}}`, `{{event.correlation_id}}`, `{{attempt}}`, `{{org_id}}`, `{{config_id}}`, `{{webhook_id}}` and, of a
    /// JSON body as it is sent, `{{body.order.id}}` with any path to a string, a number or a boolean. A header is left out if
    /// one of its placeholders has no value.
    #[schema(required = false, example = json!({"X-Order": "{{body.order.id}}"}))]
    pub event_headers: BTreeMap<String, String>,
    /// How events are sent as CloudEvents 1.0. Null sends the body as it is.
    pub cloud_events: Option<CloudEvents>,
    /// One more signature of each request, in a format that the receiver verifies already. Null is none: the signatures of
    /// Standard Webhooks are always there.
    pub extra_signature: Option<ExtraSignature>,
    /// How requests to the receiver are authenticated. Left out of a request, it stays as it is.
    pub auth: Option<Auth>,
    /// A client certificate, or a private certificate authority. Left out of a request, it stays as it is.
    pub tls: Option<Tls>,
    /// The timeout of an attempt in seconds, including the receiver's body.
    #[schema(required = false, minimum = 1, maximum = 840, default = json!(DEFAULT_TIMEOUT_SECS))]
    pub timeout_seconds: u32,
    /// When to retry.
    #[schema(required = false)]
    pub retry: Retry,
    /// How many attempts may be in flight at once.
    #[schema(schema_with = max_in_flight)]
    pub max_in_flight: Option<u32>,
    /// How many attempts may begin in a second or in a minute; the other events wait in the webhook's lane until their turn.
    /// Null is no limit. A webhook with this limit has a `timeout_seconds` of at most 120.
    pub rate_limit: Option<RateLimit>,
    /// The order in which events are sent: the next one only when the one before it has succeeded, has failed for good, or was
    /// cancelled. Null is no order: events are sent side by side. A webhook with an order has a `timeout_seconds` of at most 120.
    pub ordering: Option<Ordering>,
    /// How attempts are made on AWS: `direct`, each by a function of its own, or `queued`, several by one function, which costs less
    /// if the receiver is slow. Null is direct, or queued while the median of the latest attempts is above three seconds. A
    /// webhook with a limit uses its lane instead.
    pub delivery: Option<Delivery>,
    /// Over how many partitions of the table new events are spread: one takes about 330 to 500 deliveries a second. It
    /// can be raised and not lowered. Left out of a request, it stays as it is.
    #[schema(minimum = 1, maximum = 64, default = 1)]
    pub shards: Option<u16>,
    /// Which events of the bus to send, by their type.
    #[schema(required = false, schema_with = event_types)]
    pub event_types: Vec<String>,
    /// Up to 20 versions of event types that the webhook pins, by the names of the types. An event of such a type whose payload does not
    /// satisfy the schema of the pinned version fails with `schema_mismatch`, and is not sent.
    #[schema(required = false, example = json!({"order.created": "1"}))]
    pub event_type_versions: BTreeMap<String, String>,
    /// Which events to send; the others are recorded as skipped. Null sends all.
    pub filter: Option<Filter>,
    /// What to send instead of the body. Null sends the body itself.
    pub transform: Option<Transform>,
}

/// A webhook as the table holds it and the API shows it.
#[derive(Debug, ToSchema)]
pub struct WebhookConfig {
    /// The org that it belongs to.
    pub org_id: OrgId,
    /// Its id.
    pub config_id: ConfigId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes. 0 for a webhook that an early version wrote last.
    #[schema(required = false)]
    pub revision: u64,
    /// How long each of its signing secrets signs, newest first. The secrets themselves are not shown.
    #[schema(required = false)]
    pub signing_secrets: Vec<Lifetime>,
    /// Its client certificate.
    pub certificate: Option<CertificateInfo>,
    /// Why Hookstep disabled it; null if its owner did.
    pub disabled_reason: Option<String>,
    /// Since when its receiver is known to be slow; left out if it is not.
    pub slow_since: Option<Timestamp>,
    /// What its owner set.
    #[serde(flatten)]
    pub fields: ConfigFields,
}

/// When to retry.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The pause before each attempt after the first, in seconds; empty for no retries.
    #[schema(schema_with = pauses)]
    pub schedule_seconds: Vec<u32>,
}

/// How many attempts may begin in a period.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many attempts may begin in each period.
    #[schema(minimum = 1, maximum = 10_000, examples(50))]
    pub events: u32,
    /// The period.
    #[schema(required = false, schema_with = periods)]
    pub per: String,
    /// How many attempts may begin at once after a pause. With 1, attempts are evenly spaced.
    #[schema(required = false, minimum = 1, maximum = 10_000, default = 1)]
    pub burst: u32,
}

/// The order in which events are sent.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ordering {
    /// A JSONata expression over the accepted body, which makes a string, a number or a boolean. Events with the same key are sent
    /// in order, and those for which it makes nothing in none. Null sends all events of the webhook in one order.
    #[schema(min_length = 1, max_length = 15_000, examples("customer.id"))]
    pub key: Option<String>,
    /// What becomes of the events behind one that has failed for good: with `continue` they are sent, with `block` they wait until
    /// a person has cancelled it, or a replay of it has succeeded.
    #[schema(required = false, schema_with = on_failure)]
    pub on_failure: String,
}

/// How events are sent as CloudEvents 1.0.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudEvents {
    /// Where the attributes are.
    pub mode: CloudEventsMode,
    /// The attribute `source`, a URI or a path; by default `/webhook/{config_id}`.
    #[schema(
        min_length = 1,
        max_length = 512,
        pattern = r"^[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+$",
        examples("https://example.com/orders")
    )]
    pub source: Option<String>,
    /// The attribute `type` of events that have no type of their own; by default `hookstep.event`.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 128, examples("com.example.order"))]
    pub event_type: Option<String>,
}

/// When a signing secret was created, and until when it signs.
#[derive(Debug, ToSchema)]
pub struct Lifetime {
    /// When it was created.
    pub created_at: Timestamp,
    /// Until when it signs; absent until it is replaced.
    pub expires_at: Option<Timestamp>,
}

/// A client certificate.
#[derive(Debug, ToSchema)]
pub struct CertificateInfo {
    /// Its subject.
    pub subject: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// Its SHA-256 fingerprint, in hex.
    pub fingerprint: String,
}

/// The methods of a webhook.
fn methods() -> Object {
    let description = "The HTTP method.";
    let methods = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    let names = hookstep_contract::ConfigFields::METHODS;
    methods.enum_values(Some(names)).default(Some(names[0].into())).build()
}

/// A number, or `auto`.
fn max_in_flight() -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX_IN_FLIGHT))
        .examples([10]);
    let auto = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([MaxInFlight::AUTO]));
    let description = "How many attempts may be in flight at once; the other events wait in the webhook's lane until their turn. \
        With `auto`, as many as the receiver takes, and as often, which is learned from its answers. Null is no limit. A webhook \
        with this limit has a `timeout_seconds` of at most 120.";
    let null = ObjectBuilder::new().schema_type(Type::Null);
    let one_of = OneOfBuilder::new().item(number).item(auto).item(null).description(Some(description));
    Schema::OneOf(one_of.build())
}

/// The periods of a [`RateLimit`].
fn periods() -> Object {
    let periods = ObjectBuilder::new().schema_type(Type::String).description(Some("The period."));
    let names = [Period::Second, Period::Minute].map(|period| period.as_str());
    periods.enum_values(Some(names)).default(Some(Period::default().as_str().into())).build()
}

/// What becomes of the events behind one that has failed: see [`Ordering`].
fn on_failure() -> Object {
    let ways = ObjectBuilder::new().schema_type(Type::String);
    let ways = ways.description(Some("What becomes of the events behind one that has failed for good."));
    let names = [OnFailure::Continue, OnFailure::Block].map(OnFailure::as_str);
    ways.enum_values(Some(names)).default(Some(OnFailure::default().as_str().into())).build()
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
    let description = "Which events of the bus to send, by their `detail-type`: a name, a prefix (`order.*`), or `*` for all except \
        those that Hookstep itself publishes.";
    ArrayBuilder::new()
        .items(event_type)
        .max_items(Some(MAX_EVENT_TYPES))
        .description(Some(description))
        .build()
}
