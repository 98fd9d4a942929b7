//! The sessions of the org: who is signed in, and how to end a session.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, Redirect};
use hookstep_api_types::Session;
use hookstep_contract::Timestamp;
use hookstep_http_edge::{Problem, SessionPath};
use hookstep_management::sessions::{self, list_sessions};
use hookstep_management::{Context, paging};
use maud::{Markup, html};

use crate::error::PageError;
use crate::extract::Shown;
use crate::form::Query;
use crate::layout::{Section, page};
use crate::parts;
use crate::session::{Manager, Visitor};

/// Rows on a page.
const LIMIT: usize = 50;

/// `GET /console/sessions`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    query: Query,
) -> Result<Html<String>, PageError> {
    let cursor = Some(query.get("cursor")).filter(|cursor| !cursor.is_empty());
    let after = paging::decode_cursor(cursor).map_err(Problem::from)?;
    let list = list_sessions(&ctx, visitor.caller(), after, LIMIT).await?;
    let content = html! {
        (parts::crumbs(&[("API tokens", "/console/tokens")]))
        div.head { h1 { "Sessions" } }
        @if query.get("done") == "ended" { p.alert.succeeded role="status" { "The session has ended." } }
        p.muted { "Who is signed in to this console. A session ends with its token, after two hours without use, and after twelve hours." }
        (table(&visitor, &list.data, ctx.sources.now()))
        nav.pages aria-label="Pages" {
            @if let Some(cursor) = &list.next_cursor { a.button rel="next" href={"/console/sessions?cursor=" (cursor)} { "Next page" } }
        }
    };
    Ok(page(&visitor, Section::Tokens, "Sessions", content))
}

fn table(visitor: &Visitor, sessions: &[Session], now: Timestamp) -> Markup {
    html! {
        div.card.scroll {
            table {
                caption.hidden { "Sessions, oldest first" }
                thead { tr {
                    th scope="col" { "Opened with the token" } th scope="col" { "Opened" } th.spare scope="col" { "Last used" }
                    th scope="col" { "Ends" } th scope="col" { span.hidden { "Actions" } }
                } }
                tbody { @for session in sessions { (row(visitor, session, now)) } }
            }
        }
    }
}

fn row(visitor: &Visitor, session: &Session, now: Timestamp) -> Markup {
    html! {
        tr {
            td { strong.break { (session.token_name) } @if let Some(role) = session.portal_role { div.muted.small { "Portal: " (role.as_str()) } } @if session.session_id == visitor.session_id() { " " span.badge.succeeded { "This one" } } }
            td { (parts::moment(session.created_at, now)) }
            td.spare { (parts::moment(session.used_at, now)) }
            td { (parts::moment(session.ends_at, now)) }
            td.right {
                form method="post" action={"/console/sessions/" (session.session_id) "/end"} {
                    button.danger { "End" span.hidden { " the session of " (session.token_name) } }
                }
            }
        }
    }
}

/// `POST /console/sessions/{session_id}/end`
pub(crate) async fn end(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    Shown(SessionPath(session_id)): Shown<SessionPath>,
) -> Result<Redirect, PageError> {
    sessions::end(&ctx, visitor.org_id(), visitor.actor(), session_id).await?;
    Ok(Redirect::to("/console/sessions?done=ended"))
}
