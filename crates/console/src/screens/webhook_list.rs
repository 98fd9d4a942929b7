//! The list of webhooks. The counts of each row are loaded separately.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use hookstep_contract::{Timestamp, WebhookConfig};
use hookstep_http_edge::Problem;
use hookstep_management::webhooks::webhook_view;
use hookstep_management::{Context, paging};
use hookstep_store::EventFilter;
use maud::{Markup, html};

use super::charts;
use crate::error::PageError;
use crate::extract::OnWebhook;
use crate::form::Query;
use crate::layout::{Section, page};
use crate::parts;
use crate::session::Visitor;

/// Rows on a page.
const LIMIT: usize = 25;

/// `GET /`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    query: Query,
) -> Result<Html<String>, PageError> {
    let cursor = Some(query.get("cursor")).filter(|cursor| !cursor.is_empty());
    let after = paging::decode_cursor(cursor).map_err(Problem::from)?;
    let (configs, next) = ctx.configs.list(visitor.org_id(), after, LIMIT).await?;
    let now = ctx.sources.now();
    let content = html! {
        div.head {
            h1 { "Webhooks" }
            @if visitor.can_manage() && !(configs.is_empty() && after.is_none()) {
                div.actions { a.button.primary href="/console/webhooks/new" { "New webhook" } }
            }
        }
        @if query.get("done") == "deleted" { p.alert.succeeded role="status" { "The webhook is deleted." } }
        @if configs.is_empty() && after.is_none() { (empty(&visitor)) }
        @else { (table(&configs, now)) }
        nav.pages aria-label="Pages" {
            @if after.is_some() { a.button href="/" { "First page" } }
            @if let Some(next) = next { a.button href={"/?cursor=" (paging::encode_cursor(next))} rel="next" { "Next page" } }
        }
    };
    Ok(page(&visitor, Section::Webhooks, "Webhooks", content))
}

fn empty(visitor: &Visitor) -> Markup {
    parts::empty(
        "No webhooks yet",
        html! {
            p { "A webhook is a URL that Hookstep sends your events to: signed, retried when it fails, every attempt on record." }
            @if visitor.can_manage() {
                p { a.button.primary href="/console/webhooks/new" { "Create the first webhook" } }
            } @else {
                p { "Your token may only read. Sign in with one that has the scope " code { "manage" } " to create one." }
            }
        },
    )
}

fn table(configs: &[WebhookConfig], now: Timestamp) -> Markup {
    html! {
        div.card.scroll {
            table.list.webhooks {
                caption.hidden { "Webhooks, oldest first" }
                thead { tr {
                    th scope="col" { "Webhook" }
                    th scope="col" { "State" }
                    th scope="col" { "Last 24 hours" }
                    th.right scope="col" { "Last event" }
                } }
                tbody {
                    @for config in configs {
                        tr data-load={"/console/webhooks/" (config.config_id) "/row"} {
                            (name_and_state(config, now))
                            td { span.muted { "…" } }
                            td.right { span.muted { "…" } }
                        }
                    }
                }
            }
        }
    }
}

fn name_and_state(config: &WebhookConfig, now: Timestamp) -> Markup {
    let warnings = webhook_view::warnings(config, now);
    html! {
        td {
            a.row-link href={"/console/webhooks/" (config.config_id)} { (config.fields.name) }
            div.target { span.method { (config.fields.method) } " " (config.fields.url) }
        }
        td {
            (parts::enabled(config.fields.enabled))
            @if let Some(reason) = &config.disabled_reason { div.muted.small { (reason) } }
            @else if let Some(warning) = warnings.first() {
                " " span.badge.waiting title=(warning) { "Warning" span.hidden { ": " (warning) } }
            }
        }
    }
}

/// `GET /console/webhooks/{config_id}/row`: a row with the counts of the webhook.
pub(crate) async fn row(
    State(ctx): State<Arc<Context>>,
    OnWebhook(visitor, config): OnWebhook<Visitor>,
) -> Result<Html<String>, PageError> {
    let newest = EventFilter { limit: 1, ..EventFilter::default() };
    let (listed, stats) = tokio::join!(
        ctx.events.list(&config.org_id, config.config_id, newest),
        charts::last_day(&ctx, &visitor, config.config_id)
    );
    let (events, stats) = (listed?.events, stats?);
    let now = ctx.sources.now();
    let row = html! {
        tr {
            (name_and_state(&config, now))
            td { (charts::spark(&stats)) }
            td.right {
                @match events.first() {
                    Some(event) => { (parts::moment(event.created_at, now)) div { (parts::status(event)) } }
                    None => { span.muted { "None yet" } }
                }
            }
        }
    };
    Ok(Html(row.into_string()))
}
