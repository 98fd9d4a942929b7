//! The rows of the table of events, with check boxes for what can be done with several at once.

use hookstep_contract::{EventId, EventRecord, Status, Timestamp};
use maud::{Markup, html};

use super::TableRequest;
use crate::parts;
use crate::screens::event_page::attempt::ms;
use crate::session::Visitor;

/// The last characters of an id: its first ones are the time, which neighbours share.
fn short(id: EventId) -> String {
    let id = id.to_string();
    id.rsplit('-').next().unwrap_or(&id).to_owned()
}

/// The table; `request` is shown again after something was done with the chosen events.
pub(super) fn rows(
    visitor: &Visitor,
    base: &str,
    request: &TableRequest,
    events: &[EventRecord],
    now: Timestamp,
) -> Markup {
    let can_choose = visitor.can_replay();
    html! {
        @if can_choose { (chosen(base, request)) }
        div.scroll {
            table.list.events.stacking {
                caption.hidden { "Events, newest first" }
                thead { tr {
                    @if can_choose { th scope="col" { input type="checkbox" data-all="event" aria-label="Choose all events of this page" hidden; } }
                    th scope="col" { "Status" }
                    th scope="col" { "Event" }
                    th scope="col" { "Answer" }
                    th.right scope="col" { "Latency" }
                    th.right scope="col" { "Attempts" }
                    th.right scope="col" { "Accepted" }
                } }
                tbody {
                    @for event in events {
                        tr {
                            @if can_choose { td.choice { input type="checkbox" form="chosen" name="event" value=(event.event_id) aria-label={"Choose event " (event.event_id)}; } }
                            td data-label="Status" { (parts::status(event)) }
                            td data-label="Event" { (name(base, event)) }
                            td data-label="Answer" { (answer(event)) }
                            td.right.number data-label="Latency" { @match event.duration_ms { Some(long) => { (parts::millis(ms(long))) } None => { span.muted { "–" } } } }
                            td.right data-label="Attempts" {
                                span.number { (event.attempt_count) }
                                @if let Some(at) = event.next_attempt_at { div.muted.small { "next " (parts::moment(at, now)) } }
                            }
                            td.right data-label="Accepted" { (parts::clock(event.created_at)) }
                        }
                    }
                }
            }
        }
    }
}

/// What can be done with the events that are chosen.
fn chosen(base: &str, request: &TableRequest) -> Markup {
    html! {
        form.chosen #chosen method="post" action={(base) "/chosen"} {
            input type="hidden" name="back" value=(request.with("", ""));
            span.muted.small { "Chosen events:" }
            button.small name="action" value="replay" { "Replay" }
            button.small name="action" value="cancel" { "Cancel" }
        }
    }
}

/// The event, with a link to its page, and what its producer calls it.
pub(crate) fn name(base: &str, event: &EventRecord) -> Markup {
    html! {
        a.row-link.mono href={(base) "/events/" (event.event_id)} title=(event.event_id) aria-label=(event.event_id) { (short(event.event_id)) }
        @if let Some(event_type) = &event.event_type { div.small.break { (event_type) } }
        @if let Some(id) = &event.correlation_id { div.muted.small.break { (id) } }
    }
}

/// The last answer of the receiver, or the reason why there is none.
pub(crate) fn answer(event: &EventRecord) -> Markup {
    html! {
        @match (event.status_code, event.status) {
            (Some(code), Status::Succeeded) => { span.number { (code) } }
            (Some(code), _) => { span.number.bad { (code) } }
            (None, _) => {
                @let detail = event.reason.as_ref().map(|reason| &*reason.detail);
                span.reason.muted.small title=[detail] { (detail.unwrap_or("–")) }
            }
        }
    }
}
