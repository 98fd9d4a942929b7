//! One event, with its attempts.

pub(crate) mod attempt;
mod compare;
mod curl;
pub(crate) mod event_bodies;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{Html, Redirect};
use hookstep_contract::{
    Attempt, Circuit, Content, EventId, EventRecord, LaneLimits, Origin, ReasonCode, Status, Timestamp,
    WebhookConfig,
};
use hookstep_http_edge::{ConfigPath, EventPath, no_event};
use hookstep_management::Context;
use hookstep_management::events::cancel;
use hookstep_management::events::views::shown_attempts;
use hookstep_management::replays::single;
use hookstep_store::{Partitions, Side};
use maud::{Markup, html};

use crate::advice::{Advice, advice};
use crate::error::PageError;
use crate::extract::Shown;
use crate::form::{Form, Query};
use crate::layout::{Section, page};
use crate::parts;
use crate::session::{Replayer, Visitor};
use event_bodies::EventBodies;

/// A scheduled event that is not due within this time is looked at less often.
const SOON: Duration = Duration::from_secs(60);
const SECONDS_BETWEEN_LOOKS_AT_A_SCHEDULED_EVENT: u32 = 30;

/// `GET /console/webhooks/{config_id}/events/{event_id}`. `attempt` chooses the attempt that is shown in full.
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    Shown(EventPath(event_id)): Shown<EventPath>,
    query: Query,
) -> Result<Html<String>, PageError> {
    let org_id = visitor.org_id();
    let base = format!("/console/webhooks/{config_id}/events/{event_id}");
    let (found, config) =
        tokio::try_join!(ctx.events.get(org_id, config_id, event_id), ctx.configs.get(org_id, config_id))?;
    let deleted = || Partitions::of_deleted(org_id.clone(), config_id);
    let partitions = config.as_ref().map_or_else(deleted, Partitions::of);
    let name = config.as_ref().map_or("Deleted webhook", |config| &config.fields.name);
    let content = match found {
        Some(event) => whole(&ctx, &visitor, &event, config.as_ref(), &base, &query).await?,
        // The event was started a moment ago, and the workflow has not written its record yet.
        None if query.is_checked("new") && config.is_some() => not_yet(&base),
        None => return Err(no_event().into()),
    };
    let content = html! {
        div.crumbs-row {
            (parts::crumbs(&[("Webhooks", "/"), (name, &format!("/console/webhooks/{config_id}"))]))
            (neighbours(&ctx, &partitions, event_id).await?)
        }
        (content)
    };
    Ok(page(&visitor, Section::Webhooks, "Event", content))
}

/// Links to the events that were accepted just before and just after this one.
async fn neighbours(ctx: &Context, partitions: &Partitions, event_id: EventId) -> Result<Markup, PageError> {
    let config_id = partitions.config_id();
    let find = |side| ctx.events.neighbour(partitions, event_id, side);
    let (before, after) = tokio::try_join!(find(Side::Before), find(Side::After))?;
    let link = |id: EventId, rel: &str, text: &str| html! { a rel=(rel) href={"/console/webhooks/" (config_id) "/events/" (id)} { (text) } };
    Ok(html! {
        nav.neighbours aria-label="Other events" {
            @if let Some(id) = before { (link(id, "prev", "← Previous event")) }
            @if let Some(id) = after { (link(id, "next", "Next event →")) }
        }
    })
}

async fn whole(
    ctx: &Context,
    visitor: &Visitor,
    event: &EventRecord,
    config: Option<&WebhookConfig>,
    base: &str,
    query: &Query,
) -> Result<Markup, PageError> {
    let now = ctx.sources.now();
    let attempts = shown_attempts(ctx, event).await?;
    let may_have_place = match event.status {
        Status::InProgress => true,
        Status::Failed => config.is_some_and(|config| config.fields.ordering.is_some()),
        _ => false,
    };
    let has_place = may_have_place && ctx.lanes.has(&event.org_id, event.config_id, event.event_id).await?;
    let in_lane = has_place && event.status == Status::InProgress;
    let is_whole = query.is_checked("whole");
    let bodies = EventBodies::of(ctx, event).await?;
    let body = bodies.cards(base, is_whole);
    let chosen: Option<u32> = query.get("attempt").parse().ok();
    let live = (event.status.is_open() && !is_whole).then(|| match chosen {
        Some(number) => format!("{base}?attempt={number}"),
        None => base.to_owned(),
    });
    // What is to be sent much later does not change every two seconds.
    let is_far =
        event.status == Status::Scheduled && event.next_attempt_at.is_some_and(|at| at.since(now) > SOON);
    let every = is_far.then_some(SECONDS_BETWEEN_LOOKS_AT_A_SCHEDULED_EVENT);
    Ok(html! {
        div #event data-live=[live] data-every=[every] data-part="#event" {
            div.head {
                div {
                    h1 { "Event " @if in_lane { (parts::badge("waiting", "Waiting")) } @else { (parts::status(event)) } }
                    p { (parts::copyable(&event.event_id.to_string())) }
                }
                @if visitor.can_replay() { (buttons(event, has_place, config, &bodies, base, visitor.portal().is_none())) }
            }
            @if has_place && !in_lane {
                div.alert.failed role="status" {
                    strong { "The events behind it in its order wait. " }
                    "Cancel it to go on without it, or replay it: when a replay succeeds, they are sent."
                }
            }
            (explanation(event, in_lane.then(|| turn(config, now)), now))
            @if visitor.can_manage() && config.is_some() { (way_to_try(event)) }
            (facts(event, now))
            @let other = query.get("with").parse().ok().and_then(|number: u32| attempts.iter().find(|attempt| attempt.number == number));
            (attempt_list(base, &attempts, AttemptView { chosen, other, is_whole, sent: bodies.sent() }, &body, now))
        }
    })
}

/// The actions on an event, without those that would be refused.
fn buttons(
    event: &EventRecord,
    has_place: bool,
    config: Option<&WebhookConfig>,
    bodies: &EventBodies,
    base: &str,
    can_erase: bool,
) -> Markup {
    let has_rules =
        config.is_some_and(|config| config.fields.filter.is_some() || config.fields.transform.is_some());
    // The body as received belongs to the first event of a chain of replays; the replay itself finds out whether it is still
    // stored.
    let can_reapply =
        (has_rules || bodies.differ()) && (bodies.has_received_body() || event.webhook_id.is_some());
    // An event that the filter stopped would be stopped again: the filter has to be changed first.
    let is_meant = !matches!(event.status, Status::Succeeded | Status::Recovered) && !is_filtered(event);
    html! {
        div.actions {
            @if event.status == Status::Scheduled
                || has_place && (event.attempt_count == 0 || event.status == Status::Failed) {
                form method="post" action={(base) "/cancel"} { button { "Cancel the event" } }
            } @else if event.status == Status::InProgress {
                @if event.next_attempt_at.is_some() || has_place { form method="post" action={(base) "/cancel"} { button { "Cancel the retries" } } }
            }
            @if can_erase { a.button href={"/console/erasures?" (erasing(event))} { "Erase…" } }
            @if !event.status.is_open() && config.is_some() {
                @if can_reapply {
                    form method="post" action={(base) "/replay"} {
                        input type="hidden" name="reapply" value="1";
                        button { "Replay through today’s filter and transform" }
                    }
                }
                @if bodies.can_replay() {
                    form method="post" action={(base) "/replay"} { button.primary[is_meant] { "Replay" } }
                }
            }
        }
    }
}

/// What the question names before the event is erased: the publication that it shares its body with, or the event itself.
fn erasing(event: &EventRecord) -> String {
    match event.publication_id {
        Some(publication_id) => parts::query([("publication_id", &*publication_id.to_string())]),
        None => {
            let (config_id, event_id) = (event.config_id.to_string(), event.event_id.to_string());
            parts::query([("config_id", &*config_id), ("event_id", &*event_id)])
        }
    }
}

fn not_yet(base: &str) -> Markup {
    html! {
        div #event data-live={(base) "?new=1"} data-part="#event" {
            div.head { h1 { "Event " (parts::badge("waiting", "In progress")) } }
            div.alert.waiting role="status" { "Being delivered; this page updates itself." }
        }
    }
}

/// `POST …/events/{event_id}/replay`: then shows the new event.
pub(crate) async fn replay(
    State(ctx): State<Arc<Context>>,
    Replayer(visitor): Replayer,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    Shown(EventPath(event_id)): Shown<EventPath>,
    form: Form,
) -> Result<Redirect, PageError> {
    let replayed = single::start(
        &ctx,
        visitor.org_id(),
        visitor.actor(),
        config_id,
        event_id,
        form.is_checked("reapply"),
    )
    .await?;
    Ok(Redirect::to(&format!("/console/webhooks/{config_id}/events/{}?new=1", replayed.event_id)))
}

/// `POST …/events/{event_id}/cancel`: ends the retries, or a scheduled event. There is no question first, because the event can still be replayed.
pub(crate) async fn cancel(
    State(ctx): State<Arc<Context>>,
    Replayer(visitor): Replayer,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    Shown(EventPath(event_id)): Shown<EventPath>,
) -> Result<Redirect, PageError> {
    cancel::stop(&ctx, visitor.org_id(), visitor.actor(), config_id, event_id).await?;
    Ok(Redirect::to(&format!("/console/webhooks/{config_id}/events/{event_id}")))
}

/// The status of the event in plain words, with advice.
fn explanation(event: &EventRecord, turn: Option<&str>, now: Timestamp) -> Markup {
    let explained = event.reason.as_ref().map(|reason| advice(reason, event.outcome, event.status_code));
    html! {
        @match (event.status, &event.reason, explained) {
            (Status::Succeeded, ..) => {}
            (Status::Recovered, ..) => {
                div.alert.succeeded { strong { "It failed, and a replay of it was delivered." }
                    @if let Some(reason) = &event.reason { p { "It had failed because " (reason.detail) "." } } }
            }
            (Status::Skipped, Some(reason), Some(Advice { todo, .. })) => {
                div.alert.skipped { strong { "Not sent: " (reason.detail) "." } p { (todo) } }
            }
            (Status::Failed | Status::InProgress, _, Some(Advice { what, todo })) => {
                div.alert.(if event.status == Status::Failed { "failed" } else { "waiting" }) {
                    strong { (what) } p { (todo) }
                    @if let Some(turn) = turn { p { (turn) } }
                    @else if let Some(at) = event.next_attempt_at { p { "The next attempt is due " (parts::moment(at, now)) "." } }
                }
            }
            (Status::Scheduled, ..) => {
                div.alert.scheduled {
                    strong { "Not sent yet." }
                    @if let Some(at) = event.next_attempt_at { p { "It will be sent " (parts::moment(at, now)) ", as its webhook is by then." } }
                }
            }
            (Status::InProgress, ..) => { div.alert.waiting { (turn.unwrap_or("Being delivered; this page updates itself.")) } }
            (Status::Skipped, ..) => { div.alert.skipped { strong { "Not sent." } } }
            (Status::Failed, ..) => { div.alert.failed { strong { "It failed before an attempt." } } }
        }
    }
}

/// What an event in a lane waits for.
fn turn(config: Option<&WebhookConfig>, now: Timestamp) -> &'static str {
    match config.and_then(|config| config.circuit(now)) {
        Some(Circuit::Open { .. }) => {
            "It waits for the receiver, which takes no events now, and fails if that lasts longer than its retries would have \
             taken. This page updates itself."
        }
        Some(Circuit::Ramping { .. }) => {
            "It waits for its turn, because the receiver has only just begun to take events again. This page updates itself."
        }
        None if config.is_some_and(|config| config.fields.ordering.is_some()) => {
            "It waits until those before it in its order are over, or for its own next attempt. This page updates itself."
        }
        None if config.is_some_and(|config| LaneLimits::of(&config.fields).is_none()) => {
            "It waits for its turn. This page updates itself."
        }
        None => "It waits for its turn, because the webhook has a limit. This page updates itself.",
    }
}

fn is_filtered(event: &EventRecord) -> bool {
    event.reason.as_ref().is_some_and(|reason| reason.code == ReasonCode::FilterMissed)
}

/// A link to the form where the filter or transform that stopped the event can be tried on its body.
fn way_to_try(event: &EventRecord) -> Markup {
    let is_stopped = event.reason.as_ref().is_some_and(|reason| is_about_rules(reason.code));
    let form = format!("/console/webhooks/{}/edit?event={}#trial-title", event.config_id, event.event_id);
    html! { @if is_stopped { p.try { a.button href=(form) { "Edit the webhook, and try it on this body" } } } }
}

/// Whether the reason is that a filter or a transform stopped the event.
fn is_about_rules(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::FilterMissed
            | ReasonCode::FilterFault
            | ReasonCode::TransformFault
            | ReasonCode::RulesFault
            | ReasonCode::BodyEncoded
            | ReasonCode::BodyNotJson
            | ReasonCode::BodyTooLarge
    )
}

fn facts(event: &EventRecord, now: Timestamp) -> Markup {
    let origin = match event.origin {
        Origin::Api => "Trigger API",
        Origin::EventBridge => "EventBridge bus",
        Origin::Replay => "Replay",
        Origin::Test => "Test",
    };
    html! {
        section.card aria-label="Facts" {
            dl.facts.wide {
                @if let Some(at) = event.deliver_at {
                    div { dt { "Scheduled for" } dd { (parts::moment(at, now)) div.muted.small { (parts::exact(at)) } } }
                }
                div { dt { "Accepted" } dd { (parts::moment(event.created_at, now)) div.muted.small { (parts::exact(event.created_at)) } } }
                div { dt { "Origin" } dd { (origin) @if let Some(id) = event.replay_of {
                    " of " a.mono href={"/console/webhooks/" (event.config_id) "/events/" (id)} { "an earlier event" } } } }
                @if let Some(id) = event.replayed_by { div { dt { "Replayed by" } dd {
                    a.mono href={"/console/webhooks/" (event.config_id) "/events/" (id)} { "its newest replay" } } } }
                @if let Some(id) = event.replay_id { div { dt { "Part of" } dd {
                    a href={"/console/webhooks/" (event.config_id) "/replays/" (id)} { "a bulk replay" } } } }
                div { dt { "Body" } dd { @match event.size { Some(size) => { (parts::bytes(size)) } None => { "–" } }
                    @if let Some(kind) = &event.content_type { div.muted.small.break { (kind) } }
                    @if let Some(coding) = &event.content_encoding { div.muted.small.break { "encoded as " (coding) } }
                    @if let Some(sent) = &event.sent { div.muted.small.break { "sent as " (parts::bytes(sent.size)) " of " (sent.content_type) } } } }
                @if let Some(event_type) = &event.event_type { div { dt { "Type" } dd.mono.break { (event_type) } } }
                @if let Some(mismatch) = &event.mismatch { div { dt { "Schema" } dd.break {
                    "Does not match version " (mismatch.version) ": "
                    @if !mismatch.path.is_empty() { code { (mismatch.path) } " " } (mismatch.reason) } } }
                @if let Some(id) = event.publication_id { div { dt { "Publication" } dd.mono.break { (id) } } }
                div { dt { "Attempts" } dd { (event.attempt_count) } }
                @if let Some(id) = &event.correlation_id { div { dt { "Correlation id" } dd.mono.break { (id) } } }
                @if let Some(at) = event.next_attempt_at { div { dt { "Next attempt" } dd { (parts::moment(at, now)) } } }
            }
        }
    }
}

/// What is shown of the attempts.
struct AttemptView<'a> {
    /// The number of the attempt that is shown in full.
    chosen: Option<u32>,
    /// The attempt to compare it with.
    other: Option<&'a Attempt>,
    is_whole: bool,
    /// The body of the request.
    sent: Option<&'a Content>,
}

/// The attempts, newest first, one of them in full.
fn attempt_list(
    base: &str,
    attempts: &[Attempt],
    AttemptView { chosen, other, is_whole, sent }: AttemptView<'_>,
    body: &Markup,
    now: Timestamp,
) -> Markup {
    let shown = chosen
        .and_then(|number| attempts.iter().find(|attempt| attempt.number == number))
        .or(attempts.last());
    html! {
        @match shown {
            None => { (body) }
            Some(shown) => {
                div.columns.left {
                    nav.card.timeline aria-label="Attempts" {
                        h2 { "Attempts" }
                        ol reversed {
                            @for attempt in attempts.iter().rev() {
                                li { a href={(base) "?attempt=" (attempt.number)} aria-current=[(attempt.number == shown.number).then_some("true")] {
                                    span { "#" (attempt.number) " " (parts::outcome(attempt.outcome)) }
                                    span.muted.small { (parts::moment(attempt.started_at, now)) " · " (parts::millis(attempt::ms(attempt.duration_ms))) }
                                } }
                            }
                        }
                        (compare::form(base, attempts, shown.number))
                    }
                    div.wide {
                        @if let Some(other) = other { (compare::table(shown, other)) }
                        (attempt::whole(base, shown, is_whole, sent)) (body)
                    }
                }
            }
        }
    }
}
