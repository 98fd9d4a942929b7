//! The audit log of the org: who changed what, when and from where.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use hookstep_api_types::{AuditActor, AuditEntry, AuditedChange};
use hookstep_contract::{AuditAction, AuditOutcome, Timestamp};
use hookstep_http_edge::Problem;
use hookstep_management::audit::{self, AuditFilter};
use hookstep_management::{Context, paging};
use maud::{Markup, html};
use serde_json::Value;

use crate::error::PageError;
use crate::form::Query;
use crate::layout::{Section, page};
use crate::parts;
use crate::session::Manager;

/// Rows on a page.
const LIMIT: usize = 50;

/// `GET /console/audit`. `target` chooses what the entries are about.
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    query: Query,
) -> Result<Html<String>, PageError> {
    let given = |name| Some(query.get(name).trim()).filter(|text| !text.is_empty());
    let before = paging::decode_cursor(given("cursor")).map_err(Problem::from)?;
    let target = given("target");
    let filter = AuditFilter { target: target.map(str::to_owned), before, ..AuditFilter::default() };
    let list = audit::page(&ctx, &visitor.caller().owner(), &filter, LIMIT).await?;
    let next = list.next_cursor.as_deref().map(|cursor| {
        let search = target.map(|target| ("target", target));
        format!("/console/audit?{}", parts::query(search.into_iter().chain([("cursor", cursor)])))
    });
    let content = html! {
        (parts::crumbs(&[("API tokens", "/console/tokens")]))
        div.head { h1 { "Audit log" } }
        (search(target.unwrap_or_default()))
        p.muted { "Who changed what, when and from where, newest first. Entries are kept for 396 days, and show no secrets." }
        (table(&list.data, ctx.sources.now(), next.is_some()))
        nav.pages aria-label="Pages" { @if let Some(next) = &next { a.button rel="next" href=(next) { "Next page" } } }
    };
    Ok(page(&visitor, Section::Tokens, "Audit log", content))
}

fn search(target: &str) -> Markup {
    html! {
        form.filters.find method="get" action="/console/audit" role="search" {
            label for="target" { "Id of a webhook, event, token or session" }
            input #target type="search" name="target" value=(target) size="38" autocomplete="off" spellcheck="false";
            button { "Search" }
            @if !target.is_empty() { a.button href="/console/audit" { "Show all" } }
        }
    }
}

fn table(entries: &[AuditEntry], now: Timestamp, has_more: bool) -> Markup {
    html! {
        div.card.scroll {
            @if entries.is_empty() {
                (parts::empty("No entries", html! { p {
                    @if has_more { "None of the entries that were looked at is about it. The next page looks further back." }
                    @else { "Nothing was changed in the last 396 days." }
                } }))
            } @else {
                table.stacking {
                    caption.hidden { "Entries, newest first" }
                    thead { tr {
                        th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Who" } th scope="col" { "Changes" }
                    } }
                    tbody { @for entry in entries { (row(entry, now)) } }
                }
            }
        }
    }
}

fn row(entry: &AuditEntry, now: Timestamp) -> Markup {
    html! {
        tr {
            td data-label="When" { (parts::moment(entry.at, now)) " " (outcome(entry.outcome)) }
            td data-label="What" {
                strong { (did(entry.action)) }
                @if let Some(name) = &entry.target_name { " " bdi.break { (name) } }
                div.mono.muted.small.break { (entry.target_id) }
            }
            td data-label="Who" { (who(&entry.actor)) }
            td data-label="Changes" {
                @if entry.changes.is_empty() { span.muted { "–" } }
                @for change in &entry.changes { div.break { (changed(change)) } }
            }
        }
    }
}

fn who(actor: &AuditActor) -> Markup {
    html! {
        strong.break { bdi { (actor.token_name) } }
        @if actor.is_platform { " " span.badge.skipped { "Platform" } }
        @if let Some(role) = actor.portal_role { " " span.muted { "in the portal, with the role " (role.as_str()) } }
        @else if actor.session_id.is_some() { " " span.muted { "in the console" } }
        div.muted.small.break {
            @if let Some(address) = &actor.address { (address) }
            @match &actor.user_agent {
                // What browsers call themselves is long, and tells nothing.
                Some(program) if program.starts_with("Mozilla/") => { " by a browser" }
                Some(program) => { " by " bdi { (program) } }
                None => {}
            }
        }
    }
}

/// What is worth a remark about how an action ended.
fn outcome(outcome: AuditOutcome) -> Markup {
    html! {
        @match outcome {
            AuditOutcome::Done => {}
            AuditOutcome::Started => { (parts::badge("waiting", "Started")) }
            AuditOutcome::Refused => { (parts::badge("skipped", "Refused")) }
            AuditOutcome::Failed => { (parts::badge("failed", "Failed")) }
        }
    }
}

fn did(action: AuditAction) -> &'static str {
    match action {
        AuditAction::WebhookCreate => "Created the webhook",
        AuditAction::WebhookUpdate => "Changed the webhook",
        AuditAction::WebhookDelete => "Deleted the webhook",
        AuditAction::WebhookRotateSecret => "Rotated the secret of the webhook",
        AuditAction::EventCancel => "Cancelled the event",
        AuditAction::EventErase => "Erased events",
        AuditAction::EventReplay => "Replayed the event",
        AuditAction::ReplayCreate => "Replayed many events",
        AuditAction::TokenCreate => "Created the token",
        AuditAction::TokenRevoke => "Revoked the token",
        AuditAction::SessionOpen => "Signed in",
        AuditAction::SessionEnd => "Ended the session",
        AuditAction::PortalSessionCreate => "Created the portal link",
        AuditAction::NotificationsUpdate => "Changed who is notified",
        AuditAction::EventTypeCreate => "Created the event type",
        AuditAction::EventTypeUpdate => "Changed the event type",
        AuditAction::EventTypeAddVersion => "Added a version to the event type",
        AuditAction::EventTypeDeleteVersion => "Deleted a version of the event type",
        AuditAction::EventTypeDelete => "Deleted the event type",
        AuditAction::SigningKeyRotate => "Replaced the signing key",
        AuditAction::OrgCreate => "Created the org",
        AuditAction::OrgUpdate => "Changed the org",
        AuditAction::OrgDelete => "Deleted the org",
    }
}

fn changed(change: &AuditedChange) -> Markup {
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    html! {
        code { (change.field) }
        @match (&change.before, &change.after) {
            (Some(before), Some(after)) => { ": " bdi { (value(before)) } " → " bdi { (value(after)) } }
            (None, Some(after)) => { ": " bdi { (value(after)) } }
            (Some(before), None) => { ": " bdi { (value(before)) } " → –" }
            (None, None) => { ": not shown" }
        }
    }
}
