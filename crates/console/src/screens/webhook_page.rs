//! One webhook: its charts, its events and its settings.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use hookstep_contract::{Auth, ConfigFields, EventId, Timestamp, WebhookConfig};
use hookstep_management::Context;
use hookstep_management::webhooks::webhook_view;
use maud::{Markup, html};

use super::event_table::{self, TableRequest};
use super::{charts, lane, receiver};
use crate::error::PageError;
use crate::extract::OnWebhook;
use crate::form::Query;
use crate::layout::{Section, page};
use crate::session::Visitor;
use crate::{parts, payload_rules_words, schedule};

/// `GET /console/webhooks/{config_id}`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    OnWebhook(visitor, config): OnWebhook<Visitor>,
    query: Query,
) -> Result<Response, PageError> {
    let mut request = TableRequest::of(&query);
    let mut fault = None;
    if let Ok(event_id) = query.get("q").trim().parse::<EventId>() {
        if ctx.events.get(&config.org_id, config.config_id, event_id).await?.is_some() {
            let target = format!("/console/webhooks/{}/events/{event_id}", config.config_id);
            return Ok(Redirect::to(&target).into_response());
        }
        fault = Some("This webhook has no event with this id.");
        request = TableRequest::default();
    }
    let lane = async { Ok(lane::section(&ctx, &config).await?) };
    let (table, charts, lane) = tokio::try_join!(
        event_table::table(&ctx, &visitor, config.config_id, &request),
        charts::section(&ctx, &visitor, config.config_id, &request),
        lane
    )?;
    let now = ctx.sources.now();
    let content = html! {
        (head(&visitor, &config))
        (done(&visitor, &config, &query))
        (receiver::section(&visitor, &config, now))
        (lane)
        @for warning in webhook_view::warnings(&config, now) { p.alert.waiting { (parts::sentence(&warning)) } }
        @if let Some(told) = event_table::chosen::told(&query) { (told) }
        div.columns {
            div.wide {
                (charts)
                section.card #events aria-labelledby="events-title" {
                    div.title-row {
                        h2 #events-title { "Events" }
                        @if visitor.can_replay() { a href={"/console/webhooks/" (config.config_id) "/recover"} { "Replay what was missed" } }
                    }
                    (event_table::filters(config.config_id, &request, fault))
                    (table)
                }
            }
            aside aria-label="Settings" { (settings(&visitor, &config, &ctx.static_ips, now)) }
        }
    };
    Ok(page(&visitor, Section::Webhooks, &config.fields.name, content).into_response())
}

fn head(visitor: &Visitor, config: &WebhookConfig) -> Markup {
    let base = format!("/console/webhooks/{}", config.config_id);
    html! {
        (parts::crumbs(&[("Webhooks", "/")]))
        div.head {
            div {
                h1 { bdi { (config.fields.name) } " " (receiver::live_badge(config)) }
                p.target { span.method { (config.fields.method) } " " (parts::copyable(&config.fields.url)) }
            }
            @if visitor.can_replay() {
                div.actions {
                    @if visitor.can_manage() {
                        form method="post" action={(base) "/enabled"} {
                            input type="hidden" name="enabled" value=(!config.fields.enabled);
                            button { @if config.fields.enabled { "Disable" } @else { "Enable" } }
                        }
                        a.button href={(base) "/edit"} { "Edit" }
                    }
                    a.button.primary href={(base) "/test"} { "Send a test" }
                }
            }
        }
    }
}

/// The address of the page after a webhook was saved. If that has enabled it, it names the time since when events were missed.
pub(super) fn after_save(done: &str, before: &WebhookConfig, saved: &ConfigFields) -> String {
    let is_enabled_now = saved.enabled && !before.fields.enabled;
    let since = is_enabled_now.then(|| receiver::missed_since(before).to_string());
    let pairs = [("done", done)].into_iter().chain(since.as_deref().map(|since| ("since", since)));
    format!("/console/webhooks/{}?{}", before.config_id, parts::query(pairs))
}

/// What was done on the page before, and what that leads to.
fn done(visitor: &Visitor, config: &WebhookConfig, query: &Query) -> Markup {
    let done = match query.get("done") {
        "created" => {
            Some("The webhook is created. Its events are signed with a secret that you cannot see here.")
        }
        "saved" => Some("The changes are saved."),
        "enabled" => Some("The webhook is enabled: new events are sent."),
        "disabled" => Some("The webhook is disabled: new events are recorded as skipped."),
        _ => None,
    };
    html! {
        @if let Some(done) = done {
            p.alert.succeeded role="status" {
                (done)
                @if let Some(since) = query.get("since").parse().ok().filter(|_| visitor.can_replay()) { (missed(config, since)) }
            }
        }
    }
}

/// Offers to send what was missed. Failed and skipped events are two replays; what failed is older.
fn missed(config: &WebhookConfig, since: Timestamp) -> Markup {
    html! {
        " What it missed since " (parts::clock(since)) " is not sent by itself: replay "
        a href=(receiver::recover_link(config, "failed", since)) { "what failed" } ", then "
        a href=(receiver::recover_link(config, "skipped", since)) { "what was skipped" } "."
    }
}

fn settings(visitor: &Visitor, config: &WebhookConfig, static_ips: &str, now: Timestamp) -> Markup {
    let fields = &config.fields;
    html! {
        section.card {
            h2 { "Delivery" }
            dl.facts {
                dt { "Webhook id" } dd { (parts::copyable(&config.config_id.to_string())) }
                dt { "Timeout" } dd { (fields.timeout_seconds) " s" }
                @if let Some(delivery) = lane::delivery(config) { dt { "Attempts are made" } dd { (delivery) } }
                dt { "Retries" } dd {
                    (schedule::sentence(&fields.retry.schedule_seconds))
                    @if !fields.retry.schedule_seconds.is_empty() { div.muted.small { (schedule::words(&fields.retry.schedule_seconds)) } }
                }
                @let limits = lane::limits(fields);
                @if !limits.is_empty() { dt { "Limits" } dd { @for limit in limits { div { (limit) } } } }
                @if !fields.event_types.is_empty() {
                    dt { "Subscribes to" } dd { @for event_type in &fields.event_types { div.mono.small.break { (event_type) } } }
                }
                @if fields.shards() > 1 { dt { "Partitions" } dd { (fields.shards()) } }
                @if !fields.headers.is_empty() {
                    dt { "Headers" } dd { @for (name, value) in &fields.headers { div.mono.small { (name) ": " (value) } } }
                }
                @if !static_ips.is_empty() {
                    dt { "Called from" } dd { @for ip in static_ips.split(',') { div { (parts::copyable(ip.trim())) } } }
                }
                dt { "Created" } dd { (parts::moment(config.created_at, now)) }
                dt { "Changed" } dd { (parts::moment(config.updated_at, now)) }
            }
        }
        @if fields.filter.is_some() || fields.transform.is_some() {
            section.card.stack {
                h2 { "Filter and transform" }
                @if let Some(filter) = &fields.filter { div { (payload_rules_words::filter(filter)) } }
                @if let Some(transform) = &fields.transform { (payload_rules_words::transform(transform)) }
            }
        }
        section.card { h2 { "Authentication" } (authentication(visitor, config)) (certificate(config, now)) }
        section.card { h2 { "Signing secret" } (signing(visitor, config, now)) }
        @if visitor.can_manage() {
            p { a.danger href={"/console/webhooks/" (config.config_id) "/delete"} { "Delete this webhook" } }
        }
    }
}

/// The name of a kind of authentication.
pub(crate) fn auth_kind(auth: Option<&Auth>) -> &'static str {
    match auth {
        None | Some(Auth::None) => "None",
        Some(Auth::Basic { .. }) => "Basic",
        Some(Auth::ApiKey { .. }) => "API key",
        Some(Auth::OauthClientCredentials { .. }) => "OAuth client credentials",
        Some(Auth::Connection { .. }) => "EventBridge connection",
    }
}

fn authentication(visitor: &Visitor, config: &WebhookConfig) -> Markup {
    let auth = config.fields.auth.as_ref();
    html! {
        dl.facts {
            dt { "Kind" } dd { (auth_kind(auth)) }
            @match auth {
                Some(Auth::Basic { username, .. }) => { dt { "User" } dd.mono { (username) } }
                Some(Auth::ApiKey { name, .. }) => { dt { "Header" } dd.mono { (name) } }
                Some(Auth::OauthClientCredentials { token_url, client_id, scope, client_authentication, key_id, .. }) => {
                    dt { "Token URL" } dd.mono { (token_url) }
                    dt { "Client id" } dd.mono { (client_id) }
                    @if let Some(scope) = scope { dt { "Scope" } dd.mono { (scope) } }
                    @if let Some(by) = client_authentication { dt { "Authenticated by" } dd.mono { (by.as_str()) } }
                    @if let Some(key_id) = key_id { dt { "Key id" } dd.mono { (key_id) } }
                }
                Some(Auth::Connection { connection_arn }) => { dt { "Connection" } dd.mono { (connection_arn) } }
                None | Some(Auth::None) => {}
            }
        }
        @if visitor.can_manage() && auth.is_some() {
            form method="post" action={"/console/webhooks/" (config.config_id) "/test-auth"} { button.small { "Test authentication" } }
        }
    }
}

fn certificate(config: &WebhookConfig, now: Timestamp) -> Markup {
    html! {
        @if let Some(certificate) = &config.certificate {
            dl.facts {
                dt { "Client certificate" } dd.mono { (certificate.subject) }
                dt { "Expires" } dd { (parts::moment(certificate.not_after, now)) }
            }
        }
        @if config.fields.tls.as_ref().is_some_and(|tls| tls.ca.is_some()) {
            p.muted.small { "Only certificates of its own authority are trusted." }
        }
    }
}

fn signing(visitor: &Visitor, config: &WebhookConfig, now: Timestamp) -> Markup {
    html! {
        @match config.signing_secrets.split_first() {
            None => { p.muted { "None yet." } }
            Some((newest, older)) => {
                dl.facts {
                    dt { "Current" } dd { code { "whsec_•••" } " made " (parts::moment(newest.created_at, now)) }
                    @for lifetime in older.iter().filter(|lifetime| lifetime.holds(now)) {
                        @if let Some(end) = lifetime.expires_at { dt { "Previous" } dd { "also signs until " (parts::moment(end, now)) } }
                    }
                }
            }
        }
        @if visitor.can_see_secrets() {
            p { a.button.small href={"/console/webhooks/" (config.config_id) "/rotate-secret"} { "Rotate" } }
        }
    }
}
