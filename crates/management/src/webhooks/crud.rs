//! `/webhook` and `/webhook/{config_id}`: create, read, replace, delete and list webhooks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hookstep_api_types::{Page, Webhook, schema};
use hookstep_contract::{ConfigFields, FieldError};
use hookstep_http_edge::{ApiJson, ApiQuery, Authorized, Manage, Problem, Read};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Context;
use crate::paging;
use crate::webhooks::lane;
use crate::webhooks::overview;
use crate::webhooks::save;
use crate::webhooks::stored_webhook::StoredWebhook;
use crate::webhooks::webhook_view::{view, view_saved};
use crate::webhooks::write::{self, run_to_completion};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The most entries of the page.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
    /// The `next_cursor` of the previous page; leave it out for the first page.
    #[param(value_type = String, required = false)]
    cursor: Option<String>,
    /// `stats`: also how the deliveries of the last 24 hours went.
    #[param(value_type = String, required = false, pattern = "^stats$")]
    include: Option<String>,
}

/// `POST /webhook`
#[utoipa::path(
    post,
    path = "/webhook",
    operation_id = "create_webhook",
    tag = "Webhooks",
    summary = "Create a webhook",
    description = "The answer contains the secret that signs the requests of the webhook. It is shown only this once.",
    request_body(
        content = schema::ConfigFields,
        example = json!({
            "name": "Orders to the warehouse",
            "url": "https://example.com/hooks/orders",
            "auth": {"type": "basic", "username": "hookstep", "password": "correct horse"},
        }),
    ),
    responses(
        (status = 201, description = "The webhook, with its signing secret.", body = Webhook),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiJson(fields): ApiJson<ConfigFields>,
) -> Result<impl IntoResponse, Problem> {
    let (org_id, actor) = (caller.org_id().clone(), caller.actor());
    let now = ctx.sources.now();
    let saved = run_to_completion(async move { save::create(&ctx, org_id, &actor, fields).await }).await?;
    Ok((StatusCode::CREATED, Json(view_saved(saved, now))))
}

/// `GET /webhook/{config_id}`
#[utoipa::path(
    get,
    path = "/webhook/{config_id}",
    operation_id = "read_webhook",
    tag = "Webhooks",
    summary = "Read a webhook",
    description = "`health` and `receiver` say how its receiver does. For a webhook with `max_in_flight` or `rate_limit`, or \
        whose events wait for its receiver, the answer also has `lane`: how many events wait, and about how long it takes until \
        they have been sent.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    responses(
        (status = 200, description = "The webhook, without its secrets.", body = Webhook),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    StoredWebhook { config, .. }: StoredWebhook<Read>,
) -> Result<Json<Webhook>, Problem> {
    let lane = lane::status(&ctx, &config).await?;
    Ok(Json(Webhook { lane, ..view(config, ctx.sources.now()) }))
}

/// `PUT /webhook/{config_id}`
#[utoipa::path(
    put,
    path = "/webhook/{config_id}",
    operation_id = "replace_webhook",
    tag = "Webhooks",
    summary = "Replace a webhook",
    description = "All fields are replaced. Fields that are left out get their defaults, except `auth`, `tls` and the \
        secrets in them: these stay as they are, and `null` clears them.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    request_body(
        content = schema::ConfigFields,
        example = json!({
            "name": "Orders to the warehouse",
            "url": "https://example.com/hooks/orders",
            "timeout_seconds": 10,
        }),
    ),
    responses(
        (status = 200, description = "The webhook as it is now.", body = Webhook),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        (status = 413, response = hookstep_http_edge::TooLarge),
        (status = 503, response = hookstep_http_edge::Unavailable),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn replace(
    State(ctx): State<Arc<Context>>,
    StoredWebhook { config: before, actor, .. }: StoredWebhook<Manage>,
    ApiJson(fields): ApiJson<ConfigFields>,
) -> Result<Json<Webhook>, Problem> {
    let now = ctx.sources.now();
    let saved = run_to_completion(async move { save::replace(&ctx, before, &actor, fields).await }).await?;
    Ok(Json(view_saved(saved, now)))
}

/// `DELETE /webhook/{config_id}`
#[utoipa::path(
    delete,
    path = "/webhook/{config_id}",
    operation_id = "delete_webhook",
    tag = "Webhooks",
    summary = "Delete a webhook",
    description = "Its keys and credentials are deleted, too. Its events can be read until their retention ends; events \
        that wait for a retry are not sent again.",
    params(
        ("config_id" = schema::ConfigId, Path, description = "The webhook."),
    ),
    responses(
        (status = 204, description = "The webhook is deleted."),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 409, response = hookstep_http_edge::Conflict),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    StoredWebhook { config, actor, .. }: StoredWebhook<Manage>,
) -> Result<StatusCode, Problem> {
    run_to_completion(async move { write::delete(&ctx, &config, &actor).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /webhook`
#[utoipa::path(
    get,
    path = "/webhook",
    operation_id = "list_webhooks",
    tag = "Webhooks",
    summary = "List webhooks",
    description = "Oldest first, each with the `health` of its receiver. With `include=stats`, each has the numbers of its \
        deliveries in the last 24 hours, too, so that a list needs one request.",
    params(
        ListQuery,
    ),
    responses(
        (status = 200, description = "A page of webhooks.", body = Page<Webhook>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["read"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Read>,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> Result<Json<Page<Webhook>>, Problem> {
    let limit = paging::parse_limit(query.limit.as_deref())?;
    let after = paging::decode_cursor(query.cursor.as_deref())?;
    let (configs, next) = ctx.configs.list(caller.org_id(), after, limit).await?;
    let now = ctx.sources.now();
    let data = match query.include.as_deref() {
        None => configs.into_iter().map(|config| view(config, now)).collect(),
        Some("stats") => {
            let rows = overview::with_stats(&ctx, configs).await?;
            rows.into_iter().map(|row| row.view(now)).collect()
        }
        Some(_) => return Err(FieldError::new("include", "must be stats").into()),
    };
    Ok(Json(Page { data, next_cursor: next.map(paging::encode_cursor) }))
}
