//! `/platform/tokens`: the tokens of the platform itself, which belong to no org. Only one of them makes another.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hookstep_api_types::{NewToken, Page, PlatformTokenFields, Token, TokenFields, schema};
use hookstep_contract::{Owner, Scope};
use hookstep_http_edge::{ApiJson, ApiQuery, PlatformCaller, Problem, TokenPath};

use crate::Context;
use crate::paging::PageQuery;
use crate::tokens::{list_of, new_token_of, revoke};

/// `POST /platform/tokens`
#[utoipa::path(
    post,
    path = "/platform/tokens",
    operation_id = "create_platform_token",
    tag = "Orgs",
    summary = "Create a token of the platform",
    description = "The new token may do what the token that creates it may do: make, change and delete orgs, and everything in each of \
        them. It is shown only this once. To rotate a token, create another one and revoke the old one when nobody uses it.",
    request_body(content = PlatformTokenFields, example = json!({"name": "control plane"})),
    responses(
        (status = 201, description = "The token itself.", body = NewToken),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    caller: PlatformCaller,
    ApiJson(fields): ApiJson<PlatformTokenFields>,
) -> Result<impl IntoResponse, Problem> {
    let PlatformTokenFields { name, expires_at } = fields;
    let fields = TokenFields { name, scopes: [Scope::Platform].into(), expires_at };
    let made = new_token_of(&ctx, Owner::Platform, caller.actor(), fields).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// `GET /platform/tokens`
#[utoipa::path(
    get,
    path = "/platform/tokens",
    operation_id = "list_platform_tokens",
    tag = "Orgs",
    summary = "List the tokens of the platform",
    description = "Oldest first.",
    params(
        PageQuery,
    ),
    responses(
        (status = 200, description = "A page of tokens.", body = Page<Token>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: PlatformCaller,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<Token>>, Problem> {
    let (after, limit) = query.read()?;
    Ok(Json(list_of(&ctx, &Owner::Platform, caller.token_id(), after, limit).await?))
}

/// `DELETE /platform/tokens/{token_id}`
#[utoipa::path(
    delete,
    path = "/platform/tokens/{token_id}",
    operation_id = "delete_platform_token",
    tag = "Orgs",
    summary = "Revoke a token of the platform",
    description = "The token is refused everywhere within ten seconds.",
    params(
        ("token_id" = schema::TokenId, Path, description = "The token."),
    ),
    responses(
        (status = 204, description = "The token is revoked."),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["platform"])),
)]
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    caller: PlatformCaller,
    TokenPath(token_id): TokenPath,
) -> Result<StatusCode, Problem> {
    revoke(&ctx, Owner::Platform, caller.actor(), token_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
