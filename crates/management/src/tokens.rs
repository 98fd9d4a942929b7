//! `/tokens`: the API tokens of an org. A token creates only tokens that may do no more than itself.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use hookstep_api_types::{NewToken, Page, Sensitive, Token, TokenFields, schema};
use hookstep_contract::{
    Actor, AuditAction, AuditChange, AuditTarget, FieldError, Owner, Timestamp, TokenId, check_name,
};
use hookstep_http_edge::{
    ApiJson, ApiQuery, Authorized, Caller, Manage, Problem, TokenPath, hash_token, new_token, no_token,
};
use serde_json::{Value, json};

use crate::audit::{Act, noted};
use crate::paging::PageQuery;
use crate::{Context, paging};

/// `POST /tokens`
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "create_token",
    tag = "Tokens",
    summary = "Create a token",
    description = "The new token belongs to the org of the token that creates it, and has at most its scopes. It is shown only \
        this once.",
    request_body(content = TokenFields, example = json!({"name": "orders service", "scopes": ["trigger"]})),
    responses(
        (status = 201, description = "The token itself, and its scopes.", body = NewToken),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 413, response = hookstep_http_edge::TooLarge),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiJson(fields): ApiJson<TokenFields>,
) -> Result<impl IntoResponse, Problem> {
    let made = new_org_token(&ctx, &caller, &caller.actor(), fields).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// `GET /tokens`
#[utoipa::path(
    get,
    path = "/tokens",
    operation_id = "list_tokens",
    tag = "Tokens",
    summary = "List the tokens of the org",
    description = "Oldest first.",
    params(
        PageQuery,
    ),
    responses(
        (status = 200, description = "A page of tokens.", body = Page<Token>),
        (status = 400, response = hookstep_http_edge::Invalid),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Result<Json<Page<Token>>, Problem> {
    let (after, limit) = query.read()?;
    Ok(Json(list_tokens(&ctx, &caller, after, limit).await?))
}

/// `DELETE /tokens/{token_id}`: this process refuses the token at once, others within ten seconds.
#[utoipa::path(
    delete,
    path = "/tokens/{token_id}",
    operation_id = "delete_token",
    tag = "Tokens",
    summary = "Revoke a token",
    description = "The token is refused everywhere within ten seconds.",
    params(
        ("token_id" = schema::TokenId, Path, description = "The token."),
    ),
    responses(
        (status = 204, description = "The token is revoked."),
        (status = 404, response = hookstep_http_edge::NotFound),
        hookstep_http_edge::Authenticated,
    ),
    security(("token" = ["manage"])),
)]
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    caller: Authorized<Manage>,
    TokenPath(token_id): TokenPath,
) -> Result<StatusCode, Problem> {
    revoke(&ctx, caller.owner(), &caller.actor(), token_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a token of `owner`.
///
/// # Errors
/// 404 when there is no such token.
pub async fn revoke(ctx: &Context, owner: Owner, actor: &Actor, token_id: TokenId) -> Result<(), Problem> {
    let token = ctx.tokens.by_id(&owner, token_id).await?.ok_or_else(no_token)?;
    let target = AuditTarget::named(token_id, token.name);
    let act = Act::of(owner.clone(), actor, AuditAction::TokenRevoke, target);
    noted(ctx, act, async {
        match ctx.tokens.revoke(&owner, token_id).await? {
            true => Ok(()),
            false => Err(no_token()),
        }
    })
    .await
}

/// Makes a token of the caller's org.
///
/// # Errors
/// 400 that names the wrong field; 403 for a scope that the caller lacks.
pub async fn new_org_token(
    ctx: &Context,
    caller: &Caller,
    actor: &Actor,
    fields: TokenFields,
) -> Result<NewToken, Problem> {
    caller.grants(&fields.scopes)?;
    new_token_of(ctx, caller.owner(), actor, fields).await
}

/// Makes a token of whoever it is; the caller has been asked whether it may grant the scopes.
pub(crate) async fn new_token_of(
    ctx: &Context,
    owner: Owner,
    actor: &Actor,
    fields: TokenFields,
) -> Result<NewToken, Problem> {
    let now = ctx.sources.now();
    if let Some(fault) = check_token(&fields, now).into_iter().next() {
        return Err(fault.into());
    }
    let (token, token_id) = (new_token(&ctx.sources), TokenId((ctx.sources.new_id)()));
    let changes = AuditChange::between(
        &Value::Null,
        &json!({"scopes": fields.scopes, "expires_at": fields.expires_at}),
    );
    let target = AuditTarget::named(token_id, &fields.name);
    let act = Act::of(owner.clone(), actor, AuditAction::TokenCreate, target).changing(changes);
    let record = hookstep_contract::Token {
        token_hash: hash_token(&token),
        prefix: hookstep_contract::Token::prefix_of(&token),
        last_used_at: None,
        token_id: Some(token_id),
        owner,
        scopes: fields.scopes.into_iter().collect(),
        name: fields.name,
        created_at: now,
        expires_at: fields.expires_at.map(Timestamp::unix_seconds),
    };
    noted(ctx, act, async { Ok(ctx.tokens.put(&record).await?) }).await?;
    Ok(NewToken { token: Sensitive::new(token), details: view(record, None) })
}

/// A page of the tokens of the caller's org, oldest first.
///
/// # Errors
/// 500 when the table cannot be read.
pub async fn list_tokens(
    ctx: &Context,
    caller: &Caller,
    after: Option<TokenId>,
    limit: usize,
) -> Result<Page<Token>, Problem> {
    list_of(ctx, &caller.owner(), caller.token_id(), after, limit).await
}

/// A page of an owner's tokens; `current` is the caller's own.
pub(crate) async fn list_of(
    ctx: &Context,
    owner: &Owner,
    current: Option<TokenId>,
    after: Option<TokenId>,
    limit: usize,
) -> Result<Page<Token>, Problem> {
    let (tokens, next) = ctx.tokens.list(owner, after, limit).await?;
    let data = tokens.into_iter().map(|token| view(token, current)).collect();
    Ok(Page { data, next_cursor: next.map(paging::encode_cursor) })
}

/// Every field of a new token that is wrong.
pub fn check_token(fields: &TokenFields, now: Timestamp) -> Vec<FieldError> {
    let mut faults: Vec<_> = check_name(&fields.name).err().into_iter().collect();
    if fields.scopes.is_empty() {
        faults.push(FieldError::new("scopes", "must be at least one of trigger, read and manage"));
    }
    if fields.expires_at.is_some_and(|end| end.unix_seconds() <= now.unix_seconds()) {
        faults.push(FieldError::new("expires_at", "must be in the future"));
    }
    faults
}

fn view(token: hookstep_contract::Token, current: Option<TokenId>) -> Token {
    let last_used_at = token.last_used();
    Token {
        current: current.is_some() && current == token.token_id,
        token_id: token.token_id,
        name: token.name,
        scopes: token.scopes,
        created_at: token.created_at,
        last_used_at,
        prefix: token.prefix,
        expires_at: token.expires_at.and_then(Timestamp::from_unix_seconds),
    }
}
