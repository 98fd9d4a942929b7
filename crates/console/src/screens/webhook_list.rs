//! The list of webhooks: how each one is, those that fail first. Everything is in the page itself, which renews its list.

mod choice;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use hookstep_contract::{EventRecord, Timestamp, WebhookConfig};
use hookstep_management::Context;
use hookstep_management::webhooks::overview::{self, Row};
use hookstep_management::webhooks::webhook_view;
use maud::{Markup, html};

use self::choice::{Choice, LIMIT, SORTS};
use super::{charts, receiver};
use crate::error::PageError;
use crate::form::Query;
use crate::layout::{Section, page};
use crate::parts;
use crate::session::Visitor;

/// From this number of webhooks on, the list renews itself less often.
const MANY: usize = 200;

/// `GET /`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    query: Query,
) -> Result<Html<String>, PageError> {
    let choice = Choice::of(&query);
    let mut configs = overview::configs(&ctx, visitor.org_id()).await?;
    configs.retain(|config| visitor.sees(config.config_id));
    let now = ctx.sources.now();
    let content = html! {
        div.head {
            h1 { "Webhooks" }
            @if visitor.can_manage_all() && !configs.is_empty() {
                div.actions { a.button.primary href="/console/webhooks/new" { "New webhook" } }
            }
        }
        @if query.get("done") == "deleted" { p.alert.succeeded role="status" { "The webhook is deleted." } }
        @if configs.is_empty() { (empty(&visitor)) }
        @else {
            (search(&choice))
            (list(&ctx, configs, &choice, now).await?)
        }
    };
    Ok(page(&visitor, Section::Webhooks, "Webhooks", content))
}

fn empty(visitor: &Visitor) -> Markup {
    if !visitor.sees_all() {
        return parts::empty(
            "No webhooks",
            html! { p { "The webhooks that were shown here have been deleted." } },
        );
    }
    parts::empty(
        "No webhooks yet",
        html! {
            p { "A webhook is a URL that Hookstep sends your events to: signed, retried when it fails, every attempt on record." }
            @if visitor.can_manage_all() {
                p { a.button.primary href="/console/webhooks/new" { "Create the first webhook" } }
            } @else if visitor.portal().is_none() {
                p { "Your token may only read. Sign in with one that has the scope " code { "manage" } " to create one." }
            }
        },
    )
}

/// The search and the order. It is outside of the part that renews itself, so that nothing happens to what is being written.
fn search(choice: &Choice) -> Markup {
    html! {
        form.filters.find method="get" action="/" role="search" data-submit {
            @if !choice.state.is_empty() { input type="hidden" name="state" value=(choice.state); }
            label.hidden for="search" { "Name, URL or event type" }
            input #search type="search" name="q" value=(choice.q) placeholder="Name, URL or event type" spellcheck="false" autocomplete="off";
            label.hidden for="sort" { "Order" }
            select #sort name="sort" { @for (value, name) in SORTS { option value=(value) selected[value == choice.sort] { (name) } } }
            button { "Find" }
        }
    }
}

/// The tabs, the table and the pages.
async fn list(
    ctx: &Context,
    configs: Vec<WebhookConfig>,
    choice: &Choice,
    now: Timestamp,
) -> Result<Markup, PageError> {
    let number_of_all = configs.len();
    let every = if number_of_all < MANY { 10 } else { 60 };
    let found: Vec<_> = configs.into_iter().filter(|config| choice.finds(config)).collect();
    let found = overview::with_stats(ctx, found).await?;
    let chosen = choice.sorted(&found);
    let pages = chosen.len().div_ceil(LIMIT).max(1);
    let number = choice.page.clamp(1, pages);
    let shown: Vec<&Row> = chosen.iter().skip((number - 1) * LIMIT).take(LIMIT).copied().collect();
    let newest = overview::newest_events(ctx, &shown).await?;
    Ok(html! {
        div #webhooks data-live={"/?" (choice.with("page", &number.to_string()))} data-part="#webhooks" data-every=(every) {
            (tabs(&found, choice))
            @if shown.is_empty() {
                (parts::empty("No such webhooks", html! { p { "Nothing matches. " a href="/" { "Show all " (number_of_all) " webhooks" } } }))
            } @else { (table(&shown, &newest, now)) }
            @if pages > 1 {
                nav.pages aria-label="Pages" {
                    span.muted.small { "Page " (number) " of " (pages) }
                    @if number > 1 { a.button rel="prev" href={"/?" (choice.with("page", &(number - 1).to_string()))} { "Previous page" } }
                    @if number < pages { a.button rel="next" href={"/?" (choice.with("page", &(number + 1).to_string()))} { "Next page" } }
                }
            }
        }
    })
}

/// How many webhooks are in which state; states without any are left out.
fn tabs(found: &[Row], choice: &Choice) -> Markup {
    html! {
        nav.tabs.states aria-label="State" {
            @for (value, name, number) in choice::states(found) {
                @if number > 0 || value.is_empty() || value == choice.state {
                    a href={"/?" (choice.with("state", value))} aria-current=[(value == choice.state).then_some("true")] {
                        (name) " " span.number { (number) }
                    }
                }
            }
        }
    }
}

fn table(rows: &[&Row], newest: &[Option<EventRecord>], now: Timestamp) -> Markup {
    html! {
        div.card.scroll {
            table.list.webhooks {
                caption.hidden { "Webhooks" }
                thead { tr {
                    th scope="col" { "Webhook" }
                    th scope="col" { "Health" }
                    th scope="col" { "Last 24 hours" }
                    th.right scope="col" { "Last event" }
                } }
                tbody {
                    @for (row, event) in rows.iter().zip(newest) {
                        tr {
                            td { (name(row)) }
                            td { (health(row, now)) }
                            td { (numbers(row)) }
                            td.right { (last(event.as_ref(), now)) }
                        }
                    }
                }
            }
        }
    }
}

fn name(Row { config, .. }: &Row) -> Markup {
    html! {
        a.row-link href={"/console/webhooks/" (config.config_id)} { bdi { (config.fields.name) } }
        div.target title=(config.fields.url) { span.method { (config.fields.method) } " " (config.fields.url) }
    }
}

fn health(row: &Row, now: Timestamp) -> Markup {
    let warnings = webhook_view::warnings(&row.config, now);
    html! {
        (receiver::badge(row.health))
        @if let Some(reason) = &row.config.disabled_reason { div.muted.small { (reason) } }
        @else if let Some(warning) = warnings.first() {
            " " span.warning.muted.small title=(warning) { "Warning" span.hidden { ": " (warning) } }
        }
    }
}

/// The chart, the share of delivered events, and how many are not.
fn numbers(Row { stats, .. }: &Row) -> Markup {
    let totals = &stats.totals;
    let open = totals.in_progress - totals.retrying;
    let others = [
        (totals.failed, "failed", "bad"),
        (totals.retrying, "retrying", "waits"),
        (open, "being sent", "muted"),
        (totals.scheduled, "scheduled", "muted"),
        (totals.recovered, "recovered", "muted"),
        (totals.skipped, "skipped", "muted"),
    ];
    html! {
        div.spark-row {
            (charts::spark(stats))
            div {
                @if let Some(share) = charts::share(totals) { span.number { (share) } span.muted.small { " of " (totals.succeeded + totals.failed) } }
                @for (number, name, class) in others { @if number > 0 { div.small.(class) { (name) " " span.number { (number) } } } }
                @if totals.events() == 0 { span.muted.small { "No events" } }
                @if !stats.complete { div.muted.small { "not all counted" } }
            }
        }
    }
}

fn last(event: Option<&EventRecord>, now: Timestamp) -> Markup {
    html! {
        @match event {
            Some(event) => { (parts::moment(event.created_at, now)) div { (parts::status(event)) } }
            None => { span.muted { "None yet" } }
        }
    }
}
