//! The API tokens of the org: lists, creates and revokes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use hookstep_api_types::{Token, TokenFields};
use hookstep_contract::limits::days;
use hookstep_contract::{FieldError, Scope, Timestamp, TokenId};
use hookstep_http_edge::{Problem, TokenPath, no_token};
use hookstep_management::tokens::{self, check_token, list_tokens, new_org_token};
use hookstep_management::{Context, paging};
use hookstep_store::NOTED_EVERY;
use maud::{Markup, html};

use crate::error::PageError;
use crate::extract::{Shown, Submitted};
use crate::form::{Field, Form, FormFault, Query, Wrong};
use crate::layout::{Section, page};
use crate::session::{Manager, Visitor};
use crate::{once, parts};

/// Rows on a page.
const LIMIT: usize = 50;

/// The lifetimes of a token to choose from, in days; 0 for no end.
const LIFETIMES: [(usize, &str); 5] =
    [(90, "90 days"), (30, "30 days"), (7, "7 days"), (365, "1 year"), (0, "Until it is revoked")];

const SCOPES: [(Scope, &str, &str); 3] = [
    (Scope::Trigger, "trigger", "Trigger webhooks and upload bodies: for services that produce events."),
    (Scope::Read, "read", "See webhooks, events and attempts; sign in here and look."),
    (Scope::Manage, "manage", "Create, change and delete webhooks, replay events, manage tokens."),
];

/// `GET /console/tokens`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    query: Query,
) -> Result<Html<String>, PageError> {
    tokens_page(&ctx, &visitor, &query, &Form::default(), FormFault::default()).await
}

/// `POST /console/tokens`: leads to the page with the token; or the form with its errors.
pub(crate) async fn create(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    Submitted(Manager(visitor), form): Submitted<Manager>,
) -> Result<Response, PageError> {
    let now = ctx.sources.now();
    let is_continued = form.is_checked("continue");
    let (fields, faults) = match token_fields(&form, now) {
        _ if is_continued => (None, Vec::new()),
        Ok(fields) => {
            let faults = check_token(&fields, now);
            (Some(fields).filter(|_| faults.is_empty()), faults)
        }
        Err(fault) => (None, vec![fault]),
    };
    let Some(fields) = fields else {
        let page = tokens_page(&ctx, &visitor, &Query::default(), &form, FormFault(&faults)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let made = new_org_token(&ctx, visitor.caller(), visitor.actor(), fields).await?;
    match made.details.token_id {
        Some(token_id) => Ok(once::show_at(&headers, &created_path(token_id), "", &made.token)),
        None => Err(no_token().into()),
    }
}

fn created_path(token_id: TokenId) -> String {
    format!("/console/tokens/{token_id}/created")
}

fn token_fields(form: &Form, now: Timestamp) -> Result<TokenFields, FieldError> {
    let scopes: BTreeSet<Scope> = SCOPES
        .into_iter()
        .filter(|(_, name, _)| form.all("scope").any(|scope| scope == *name))
        .map(|(scope, ..)| scope)
        .collect();
    let lifetime = form.get("days").parse().ok();
    let Some((lifetime, _)) = LIFETIMES.into_iter().find(|(offered, _)| Some(*offered) == lifetime) else {
        return Err(FieldError::new("expires_at", "must be one of the times"));
    };
    let expires_at = (lifetime > 0).then(|| now.plus(days(lifetime)));
    Ok(TokenFields { name: form.get("name").trim().to_owned(), scopes, expires_at })
}

/// `GET /console/tokens/{token_id}/revoke`
pub(crate) async fn ask_revoke(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    Shown(TokenPath(token_id)): Shown<TokenPath>,
) -> Result<Html<String>, PageError> {
    let token = ctx.tokens.by_id(&visitor.caller().owner(), token_id).await?.ok_or_else(no_token)?;
    let is_own = visitor.caller().token_id() == Some(token_id);
    let content = html! {
        (parts::crumbs(&[("API tokens", "/console/tokens")]))
        form.narrow.card method="post" action={"/console/tokens/" (token_id) "/revoke"} {
            h1 { "Revoke the token “" bdi { (token.name) } "”?" }
            p { "Whoever uses it is refused from now on. This cannot be undone." }
            @if is_own { p.alert.waiting { "You are signed in with this token: you will be signed out." } }
            dl.facts.wide {
                div { dt { "Scopes" } dd { @for (scope, name, _) in SCOPES { @if token.scopes.contains(&scope) { span.scope { (name) } " " } } } }
                div { dt { "Created" } dd { (parts::moment(token.created_at, ctx.sources.now())) } }
                div { dt { "Begins with" } dd.mono { (token.prefix.as_deref().unwrap_or("–")) } }
                div { dt { "Last used" } dd { (last_used(token.last_used(), ctx.sources.now())) } }
            }
            div.actions { a.button href="/console/tokens" { "Cancel" } button.primary.danger { "Revoke the token" } }
        }
    };
    Ok(page(&visitor, Section::Tokens, "Revoke a token", content))
}

/// `POST /console/tokens/{token_id}/revoke`
pub(crate) async fn revoke(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    Shown(TokenPath(token_id)): Shown<TokenPath>,
) -> Result<Redirect, PageError> {
    tokens::revoke(&ctx, visitor.caller().owner(), visitor.actor(), token_id).await?;
    Ok(Redirect::to("/console/tokens?done=revoked"))
}

async fn tokens_page(
    ctx: &Context,
    visitor: &Visitor,
    query: &Query,
    form: &Form,
    fault: FormFault<'_>,
) -> Result<Html<String>, PageError> {
    let content = if visitor.can_manage() {
        let cursor = Some(query.get("cursor")).filter(|cursor| !cursor.is_empty());
        let after = paging::decode_cursor(cursor).map_err(Problem::from)?;
        let list = list_tokens(ctx, visitor.caller(), after, LIMIT).await?;
        html! {
            @if query.get("done") == "revoked" { p.alert.succeeded role="status" { "The token is revoked." } }
            (fault.summary())
            div.columns {
                div.wide { (table(&list.data, ctx.sources.now()))
                    nav.pages aria-label="Pages" {
                        @if let Some(cursor) = &list.next_cursor { a.button rel="next" href={"/console/tokens?cursor=" (cursor)} { "Next page" } }
                    }
                }
                (new_token(visitor, form, fault))
            }
        }
    } else {
        parts::empty(
            "Not for this token",
            html! { p { "Tokens are seen and made with a token that has the scope " code { "manage" } "." } },
        )
    };
    let content = html! { div.head { h1 { "API tokens" } @if visitor.can_manage() { a.button href="/console/sessions" { "Sessions" } " " a.button href="/console/audit" { "Audit log" } " " a.button href="/console/erasures" { "Erased events" } } } (content) };
    Ok(page(visitor, Section::Tokens, "API tokens", content))
}

fn table(tokens: &[Token], now: Timestamp) -> Markup {
    html! {
        div.card.scroll {
            @if tokens.is_empty() {
                (parts::empty("No tokens to list", html! { p { "Yours was made before tokens had ids. Create one here." } }))
            } @else {
                table.stacking {
                    caption.hidden { "API tokens, oldest first" }
                    thead { tr {
                        th scope="col" { "Name" } th scope="col" { "Scopes" } th scope="col" { "Last used" } th scope="col" { "Created" }
                        th scope="col" { "Ends" } th scope="col" { span.hidden { "Actions" } }
                    } }
                    tbody { @for token in tokens { (row(token, now)) } }
                }
            }
        }
    }
}

fn row(token: &Token, now: Timestamp) -> Markup {
    html! {
        tr {
            td data-label="Name" {
                strong.break { bdi { (token.name) } } @if token.current { " " span.badge.succeeded { "Yours" } }
                @if let Some(prefix) = &token.prefix { div.mono.muted.small { (prefix) "…" } }
            }
            td data-label="Scopes" { @for (scope, name, _) in SCOPES { @if token.scopes.contains(&scope) { span.scope { (name) } " " } } }
            td data-label="Last used" { (last_used(token.last_used_at, now)) }
            td data-label="Created" { (parts::moment(token.created_at, now)) }
            td data-label="Ends" { @match token.expires_at { Some(end) => { (parts::moment(end, now)) } None => { span.muted { "Never" } } } }
            td.right { @if let Some(token_id) = token.token_id {
                a.danger href={"/console/tokens/" (token_id) "/revoke"} { "Revoke" span.hidden { " " bdi { (token.name) } } } } }
        }
    }
}

/// A use is noted once an hour at most.
fn last_used(at: Option<Timestamp>, now: Timestamp) -> Markup {
    html! {
        @match at {
            Some(at) if now.since(at) < NOTED_EVERY => { "Within the last hour" }
            Some(at) => { (parts::moment(at, now)) }
            None => { span.muted { "Not yet" } }
        }
    }
}

fn new_token(visitor: &Visitor, form: &Form, fault: FormFault) -> Markup {
    html! {
        form.card.stack method="post" action="/console/tokens" novalidate data-keep {
            h2 { "New token" }
            (Field { name: "name", label: "Name", hint: "Who will use it.", fault }.line("text", "name", form.get("name")))
            fieldset.plain #scopes tabindex="-1" {
                legend { "Scopes" }
                @for (_, name, what) in SCOPES.into_iter().filter(|(scope, ..)| visitor.caller().may(*scope)) {
                    label.check { input type="checkbox" name="scope" value=(name) aria-label=(name) aria-describedby={"scope-" (name)} checked[form.all("scope").any(|scope| scope == name)];
                        span { code { (name) } span.hint id={"scope-" (name)} { " " (what) } } }
                }
                @if let Some(wrong) = fault.of("scopes") { (Wrong("scopes", wrong)) }
            }
            (Field { name: "expires_at", label: "Valid for", hint: "", fault }.with(|attributes| html! {
                select id=(attributes.id) name="days" { @for (days, name) in LIFETIMES { option value=(days) selected[form.get("days") == days.to_string()] { (name) } } }
            }))
            button.primary { "Create token" }
        }
    }
}

/// `GET /console/tokens/{token_id}/created`
pub(crate) async fn created(
    State(ctx): State<Arc<Context>>,
    headers: HeaderMap,
    Manager(visitor): Manager,
    Shown(TokenPath(token_id)): Shown<TokenPath>,
) -> Result<Html<String>, PageError> {
    let token = ctx.tokens.by_id(&visitor.caller().owner(), token_id).await?.ok_or_else(no_token)?;
    let content = html! {
        (parts::crumbs(&[("API tokens", "/console/tokens")]))
        form.narrow.card method="post" action=(created_path(token_id)) {
            h1 { "The token “" bdi { (token.name) } "”" }
            @match once::read(&headers) {
                Some(secret) => {
                    p.alert.waiting { "Store it now. This page shows it for " (once::LIFETIME) ", in this browser; then nobody can see it again." }
                    p.secret { (parts::copyable(&secret)) }
                    p { "It goes into the header " code { "Authorization: Bearer …" } " of every request to the API." }
                    div.actions { button.primary { "I have stored it" } }
                }
                None => {
                    p.alert.skipped { "The token is not shown any more. If nobody stored it, revoke it and create another." }
                    div.actions {
                        a.button href={"/console/tokens/" (token_id) "/revoke"} { "Revoke it" }
                        a.button.primary href="/console/tokens" { "To the API tokens" }
                    }
                }
            }
        }
    };
    Ok(page(&visitor, Section::Tokens, "New token", content))
}

/// `POST /console/tokens/{token_id}/created`: the token is stored, and shown no more.
pub(crate) async fn stored(
    headers: HeaderMap,
    _: Manager,
    Shown(TokenPath(token_id)): Shown<TokenPath>,
) -> Response {
    once::forget(&headers, &created_path(token_id), "/console/tokens")
}
