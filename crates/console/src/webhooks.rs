//! `/webhook`: create, read, replace, delete and list webhooks.

use std::sync::Arc;

use api::{Caller, ConfigPath, Problem, read_json, read_query};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use contract::{ConfigFields, ConfigId, FieldError, Scope, WebhookConfig};
use egress::{Policy, Refusal};
use serde::Deserialize;

use crate::Context;
use crate::page::{self, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

/// `POST /webhook`
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let fields = checked(&body?, &ctx.policy)?;
    let now = ctx.sources.now();
    let config = WebhookConfig {
        org_id: caller.org_id().clone(),
        config_id: ConfigId((ctx.sources.new_id)()),
        created_at: now,
        updated_at: now,
        disabled_reason: None,
        fields,
    };
    ctx.configs.create(&config).await?;
    Ok((StatusCode::CREATED, Json(config)))
}

/// `GET /webhook/{config_id}`
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
) -> Result<Json<WebhookConfig>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Read).await?;
    Ok(Json(existing(&ctx, &caller, config_id?).await?))
}

/// `PUT /webhook/{config_id}`: all fields are replaced; those left out get their defaults.
pub(crate) async fn replace(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<WebhookConfig>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let before = existing(&ctx, &caller, config_id?).await?;
    let fields = checked(&body?, &ctx.policy)?;
    let disabled_reason = before.disabled_reason.filter(|_| !fields.enabled);
    let config = WebhookConfig { updated_at: ctx.sources.now(), disabled_reason, fields, ..before };
    if ctx.configs.replace(&config).await? { Ok(Json(config)) } else { Err(Problem::no_webhook()) }
}

/// `DELETE /webhook/{config_id}`: its events stay until their retention ends.
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let ConfigPath(config_id) = config_id?;
    if ctx.configs.delete(caller.org_id(), config_id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::no_webhook())
    }
}

/// `GET /webhook`: oldest first.
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Page<WebhookConfig>>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Read).await?;
    let query: ListQuery = read_query(&uri)?;
    let limit = page::limit(query.limit.as_deref())?;
    let after = page::decode_cursor(query.cursor.as_deref())?;
    let (data, next) = ctx.configs.list(caller.org_id(), after, limit).await?;
    Ok(Json(Page { data, next_cursor: next.map(page::encode_cursor) }))
}

/// The caller's webhook of this id.
async fn existing(
    ctx: &Context,
    caller: &Caller,
    ConfigPath(config_id): ConfigPath,
) -> Result<WebhookConfig, Problem> {
    ctx.configs.get(caller.org_id(), config_id).await?.ok_or_else(Problem::no_webhook)
}

fn checked(body: &[u8], policy: &Policy) -> Result<ConfigFields, Problem> {
    let fields: ConfigFields = read_json(body)?;
    fields.check()?;
    policy.check_url(&fields.url).map_err(|refusal| FieldError::new("url", refusal.to_string()))?;
    policy.check_headers(&fields.headers).map_err(|refusal| {
        FieldError::new(format!("headers.{}", refusal.name), Refusal::from(refusal).to_string())
    })?;
    Ok(fields)
}
