//! `/tokens`: who may speak for an org. Whoever may manage its webhooks may also make a token that does more than his own: he
//! could read whatever the org has by changing where its webhooks send it.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{Caller, Problem, TokenPath, hash_token, new_token, no_token, read_json, read_query};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use contract::{FieldError, OrgId, Scope, Timestamp, Token, TokenId};
use serde::{Deserialize, Serialize};

use crate::Context;
use crate::page::{self, Page};

/// A token that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenFields {
    /// What it is for: 1 to 100 characters.
    pub(crate) name: String,
    /// What it may do; at least one.
    pub(crate) scopes: BTreeSet<Scope>,
    /// When it ends, to the second; without it, when it is revoked.
    #[serde(default)]
    pub(crate) expires_at: Option<Timestamp>,
}

/// A token as the API shows it.
#[derive(Debug, Serialize)]
pub(crate) struct TokenView {
    pub(crate) token_id: Option<TokenId>,
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    /// Whether it is the one that this request was sent with.
    pub(crate) current: bool,
}

/// A token that was just made. Not `Debug`: it has the token itself.
#[derive(Serialize)]
pub(crate) struct NewTokenView {
    /// Shown this once.
    pub(crate) token: String,
    #[serde(flatten)]
    pub(crate) view: TokenView,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

/// `POST /tokens`
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let made = make(&ctx, caller.org_id(), read_json(&body?)?).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// `GET /tokens`: oldest first.
pub(crate) async fn list(
    State(ctx): State<Arc<Context>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Page<TokenView>>, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let query: ListQuery = read_query(&uri)?;
    let limit = page::limit(query.limit.as_deref())?;
    let after = page::decode_cursor(query.cursor.as_deref())?;
    Ok(Json(page_of(&ctx, &caller, after, limit).await?))
}

/// `DELETE /tokens/{token_id}`: it is refused at once here, and within ten seconds everywhere.
pub(crate) async fn delete(
    State(ctx): State<Arc<Context>>,
    token_id: Result<TokenPath, Problem>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let caller = Caller::authenticate(&headers, &ctx.tokens, Scope::Manage).await?;
    let TokenPath(token_id) = token_id?;
    match ctx.tokens.revoke(caller.org_id(), token_id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_token()),
    }
}

/// Makes a token of an org.
pub(crate) async fn make(ctx: &Context, org_id: &OrgId, asked: TokenFields) -> Result<NewTokenView, Problem> {
    let now = ctx.sources.now();
    check(&asked, now)?;
    let token = new_token(&ctx.sources);
    let record = Token {
        token_hash: hash_token(&token),
        token_id: Some(TokenId((ctx.sources.new_id)())),
        org_id: org_id.clone(),
        scopes: asked.scopes.into_iter().collect(),
        name: asked.name,
        created_at: now,
        expires_at: asked.expires_at.map(Timestamp::unix_seconds),
    };
    ctx.tokens.put(&record).await?;
    Ok(NewTokenView { token, view: view(record, None) })
}

/// A page of the tokens of the caller's org.
pub(crate) async fn page_of(
    ctx: &Context,
    caller: &Caller,
    after: Option<TokenId>,
    limit: usize,
) -> Result<Page<TokenView>, Problem> {
    let (tokens, next) = ctx.tokens.list(caller.org_id(), after, limit).await?;
    let data = tokens.into_iter().map(|token| view(token, caller.token_id())).collect();
    Ok(Page { data, next_cursor: next.map(page::encode_cursor) })
}

fn check(asked: &TokenFields, now: Timestamp) -> Result<(), FieldError> {
    let name_chars = asked.name.trim().chars().count();
    if !(1..=100).contains(&name_chars) || asked.name.chars().any(char::is_control) {
        return Err(FieldError::new("name", "must be 1 to 100 characters, without control characters"));
    }
    if asked.scopes.is_empty() {
        return Err(FieldError::new("scopes", "must be at least one of trigger, read and manage"));
    }
    if asked.expires_at.is_some_and(|end| end.unix_seconds() <= now.unix_seconds()) {
        return Err(FieldError::new("expires_at", "must be in the future"));
    }
    Ok(())
}

fn view(token: Token, current: Option<TokenId>) -> TokenView {
    TokenView {
        current: current.is_some() && current == token.token_id,
        token_id: token.token_id,
        name: token.name,
        scopes: token.scopes,
        created_at: token.created_at,
        expires_at: token.expires_at.and_then(Timestamp::from_unix_seconds),
    }
}
