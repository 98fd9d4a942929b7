//! `/webhook`: create, read, replace, delete and list webhooks.

use std::sync::Arc;

use api::{Caller, ConfigPath, Problem, read_json, read_query};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use contract::Scope;
use serde::Deserialize;

use crate::Context;
use crate::page::{self, Page};
use crate::save::{self, to_the_end};
use crate::view::WebhookView;

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
    let (org_id, asked) = (caller.org_id().clone(), read_json(&body?)?);
    let now = ctx.sources.now();
    let saved = to_the_end(async move { save::create(&ctx, org_id, asked).await }).await?;
    Ok((StatusCode::CREATED, Json(WebhookView::saved(saved, now))))
}

/// `GET /webhook/{config_id}`
pub(crate) async fn read(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
) -> Result<Json<WebhookView>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Read).await?;
    let config = save::latest(&ctx, &caller, config_id?).await?;
    Ok(Json(WebhookView::of(config, ctx.sources.now())))
}

/// `PUT /webhook/{config_id}`: all fields are replaced; those left out get their defaults, but for `auth`, `tls` and the secrets
/// in them, which stay.
pub(crate) async fn replace(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<WebhookView>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let before = save::latest(&ctx, &caller, config_id?).await?;
    let asked = read_json(&body?)?;
    let now = ctx.sources.now();
    let saved = to_the_end(async move { save::replace(&ctx, before, asked).await }).await?;
    Ok(Json(WebhookView::saved(saved, now)))
}

/// `DELETE /webhook/{config_id}`: its events stay until their retention ends.
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    config_id: Result<ConfigPath, Problem>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let config = save::latest(&ctx, &caller, config_id?).await?;
    to_the_end(async move { save::delete(&ctx, &config).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /webhook`: oldest first.
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Page<WebhookView>>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Read).await?;
    let query: ListQuery = read_query(&uri)?;
    let limit = page::limit(query.limit.as_deref())?;
    let after = page::decode_cursor(query.cursor.as_deref())?;
    let (configs, next) = ctx.configs.list(caller.org_id(), after, limit).await?;
    let now = ctx.sources.now();
    let data = configs.into_iter().map(|config| WebhookView::of(config, now)).collect();
    Ok(Json(Page { data, next_cursor: next.map(page::encode_cursor) }))
}
