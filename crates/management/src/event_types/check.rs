//! Which webhooks a new version of an event type would break.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use futures_util::{StreamExt, TryStreamExt, stream};
use hookstep_api_types::{CheckedWebhook, ContractBreak, ContractCheck, Page, Preview, TypeListener};
use hookstep_catalogue::{MAX_CHECKED_BYTES, Schema};
use hookstep_contract::{
    ConfigId, EventId, EventRecord, FieldError, OrgId, Origin, TypeContent, WebhookConfig,
};
use hookstep_http_edge::{ApiJson, ApiQuery, Authorized, EventTypePath, Manage, Problem};
use hookstep_store::{EventFilter, Partitions};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::listeners::listeners;
use super::write::{check_content, stored};
use crate::webhooks::preview;
use crate::{Context, paging};

/// How many webhooks a page has at most: each runs its filter and its transform several times, and a request lasts half a minute.
const MAX_WEBHOOKS: usize = 20;

/// How many webhooks are checked concurrently.
const MAX_CONCURRENT: usize = 4;

/// How many recorded bodies of a webhook are checked, and among how many of its newest events they are looked for.
const MAX_BODIES: usize = 5;
const NEWEST: usize = 20;

/// The content type of samples.
const JSON: &str = "application/json";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckQuery {
    /// The most webhooks of the page.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 20, default = 20)]
    limit: Option<String>,
    /// The `next_cursor` of the previous page; leave it out for the first page.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
}

/// `POST /event-types/{event_type}/check`
#[utoipa::path(
    post,
    path = "/event-types/{event_type}/check",
    operation_id = "check_event_type",
    tag = "Event types",
    summary = "Find the webhooks that a new version would break",
    description = "Nothing is saved or sent. The filter, the transform, the order key and the pinned version of each webhook that listens to the type are tried on \
        the sample of the new version, and the newest recorded bodies of the type are checked against its schema.",
    params(
        ("event_type" = String, Path, description = "The name of the type."),
        CheckQuery,
    ),
    request_body(content = ContractCheck, example = json!({
        "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}, "sample": {"id": "1042"},
    })),
    responses(
        (status = 200, description = "A page of webhooks, each with what would break.", body = Page<CheckedWebhook>),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn check(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    EventTypePath(name): EventTypePath,
    ApiQuery(query): ApiQuery<CheckQuery>,
    ApiJson(new): ApiJson<ContractCheck>,
) -> Result<Json<Page<CheckedWebhook>>, Problem> {
    let org_id = caller.org_id();
    let current = current_sample(&ctx, org_id, &name).await?;
    let limit = match query.limit.as_deref().map(str::parse) {
        None => MAX_WEBHOOKS,
        Some(Ok(limit)) if (1..=MAX_WEBHOOKS).contains(&limit) => limit,
        Some(_) => return Err(FieldError::new("limit", format!("must be 1 to {MAX_WEBHOOKS}")).into()),
    };
    let after: Option<ConfigId> = paging::decode_cursor(query.cursor.as_deref())?;
    let new = NewVersion::read(&name, new, current)?;
    let Page { data, next_cursor } = listeners(&ctx, org_id, &name, after, limit).await?;
    let checked: Vec<_> = data.into_iter().map(|webhook| checked(&ctx, org_id, webhook, &new)).collect();
    let checked: Vec<Option<CheckedWebhook>> =
        stream::iter(checked).buffered(MAX_CONCURRENT).try_collect().await?;
    Ok(Json(Page { data: checked.into_iter().flatten().collect(), next_cursor }))
}

/// The sample of the current version, if it has one.
async fn current_sample(ctx: &Context, org_id: &OrgId, name: &str) -> Result<Option<Value>, Problem> {
    let event_type = stored(ctx, org_id, name).await?;
    let Some(current) = event_type.current() else { return Ok(None) };
    let content = ctx.event_types.content(org_id, name, &current.version).await?;
    Ok(content.and_then(|content| content.sample))
}

/// What webhooks are checked with.
struct NewVersion<'a> {
    event_type: &'a str,
    schema: Schema,
    sample: String,
    /// A sample of what webhooks get today.
    current: Option<String>,
}

impl<'a> NewVersion<'a> {
    fn read(event_type: &'a str, new: ContractCheck, current: Option<Value>) -> Result<Self, FieldError> {
        let ContractCheck { schema, sample } = new;
        let of_schema = || schema["examples"].get(0).or_else(|| schema.get("default")).cloned();
        let sample = sample.or_else(of_schema);
        let content = TypeContent { schema: Some(schema), sample };
        let schema = check_content(&content)?.ok_or_else(|| FieldError::new("schema", "is needed"))?;
        let sample = content.sample.ok_or_else(|| {
            FieldError::new("sample", "is needed, unless the schema has examples or a default")
        })?;
        let current = current.map(|current| current.to_string());
        Ok(Self { event_type, schema, sample: sample.to_string(), current })
    }
}

/// What would break at a webhook; `None` if it was deleted a moment ago.
async fn checked(
    ctx: &Context,
    org_id: &OrgId,
    webhook: TypeListener,
    new: &NewVersion<'_>,
) -> Result<Option<CheckedWebhook>, Problem> {
    let Some(config) = ctx.configs.get(org_id, webhook.config_id).await? else { return Ok(None) };
    let bodies = recorded(ctx, &config, new.event_type).await?;
    let mut breaks = Vec::new();
    let on_sample = evaluate(ctx, &config, &new.sample).await?;
    match on_sample {
        Preview { fault: Some(fault), .. } => {
            breaks.push(ContractBreak { field: fault.field, reason: fault.reason, event_id: None });
        }
        Preview { passes: false, reason, .. } => {
            if passes_today(ctx, &config, new, &bodies).await? {
                let reason = reason.unwrap_or_else(|| "does not let the sample pass".to_owned());
                breaks.push(ContractBreak { field: "filter".to_owned(), reason, event_id: None });
            }
        }
        Preview { .. } => {}
    }
    breaks.extend(broken_pin(ctx, &config, new).await?);
    for (event_id, body) in &bodies {
        if let Err(unsatisfied) = new.schema.check(body.as_bytes()) {
            let FieldError { field, reason } = unsatisfied.in_field("payload");
            breaks.push(ContractBreak { field, reason, event_id: Some(*event_id) });
        }
    }
    let TypeListener { config_id, name, enabled, .. } = webhook;
    Ok(Some(CheckedWebhook { config_id, name, enabled, bodies: bodies.len(), breaks }))
}

/// What the webhook's pin says, if the sample is no payload of the version that it pins.
async fn broken_pin(
    ctx: &Context,
    config: &WebhookConfig,
    new: &NewVersion<'_>,
) -> Result<Option<ContractBreak>, Problem> {
    let Some(version) = config.fields.event_type_versions.get(new.event_type) else { return Ok(None) };
    let broken = |reason: String| {
        let field = format!("event_type_versions.{}", new.event_type);
        Some(ContractBreak { field, reason: format!("pins version {version}: {reason}"), event_id: None })
    };
    let Some(content) = ctx.event_types.content(&config.org_id, new.event_type, version).await? else {
        return Ok(broken("there is no such version any more".to_owned()));
    };
    let pinned = content.schema.as_ref().map(Schema::compile).transpose();
    let Ok(pinned) = pinned else { return Ok(broken("its schema cannot be used any more".to_owned())) };
    let checked = pinned.map_or(Ok(()), |schema| schema.check(new.sample.as_bytes()));
    Ok(checked.err().and_then(|unsatisfied| {
        let FieldError { field, reason } = unsatisfied.in_field("sample");
        broken(format!("{field} {reason}"))
    }))
}

async fn evaluate(ctx: &Context, config: &WebhookConfig, body: &str) -> Result<Preview, Problem> {
    preview::evaluate(ctx, &config.org_id, &config.fields, body.as_bytes(), JSON).await
}

/// Whether the filter lets something pass that comes today.
async fn passes_today(
    ctx: &Context,
    config: &WebhookConfig,
    new: &NewVersion<'_>,
    bodies: &[(EventId, String)],
) -> Result<bool, Problem> {
    for body in new.current.iter().chain(bodies.iter().map(|(_, body)| body)) {
        if evaluate(ctx, config, body).await?.passes {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The newest recorded bodies of a type that producers have sent, as they came. Tests and replays say nothing about producers.
async fn recorded(
    ctx: &Context,
    config: &WebhookConfig,
    event_type: &str,
) -> Result<Vec<(EventId, String)>, Problem> {
    let newest = EventFilter { limit: NEWEST, ..EventFilter::default() };
    let newest = ctx.events.list(&Partitions::of(config), newest).await?.events;
    let now = ctx.sources.now();
    let is_wanted = |event: &EventRecord| {
        event.event_type.as_deref() == Some(event_type)
            && matches!(event.origin, Origin::Api | Origin::EventBridge)
            && event.claim.is_none()
            && !event.has_lost_bodies(now)
            && event.content_encoding.is_none()
            && event.size.is_some_and(|size| size <= MAX_CHECKED_BYTES as u64)
    };
    let mut found = Vec::new();
    for event in newest.iter().filter(|event| is_wanted(event)).take(MAX_BODIES) {
        let body = ctx.bodies.accepted(event).await?;
        let text = body.and_then(|body| body.to_bytes()).and_then(|bytes| String::from_utf8(bytes).ok());
        found.extend(text.map(|text| (event.event_id, text)));
    }
    Ok(found)
}
