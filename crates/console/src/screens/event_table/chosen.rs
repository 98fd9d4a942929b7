//! What is done with the events that are chosen in the table.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Redirect;
use hookstep_contract::EventId;
use hookstep_http_edge::ConfigPath;
use hookstep_management::Context;
use hookstep_management::events::cancel;
use hookstep_management::replays::single;
use maud::{Markup, html};

use super::LIMIT;
use crate::error::PageError;
use crate::extract::Shown;
use crate::form::{Form, Query};
use crate::parts;
use crate::session::Replayer;

/// `POST /console/webhooks/{config_id}/chosen`: then shows the table as it was. An event with which it cannot be done is
/// left out and counted.
pub(crate) async fn act(
    State(ctx): State<Arc<Context>>,
    Replayer(visitor): Replayer,
    Shown(ConfigPath(config_id)): Shown<ConfigPath>,
    form: Form,
) -> Result<Redirect, PageError> {
    let action = form.get("action");
    if !matches!(action, "replay" | "cancel") {
        return Err(PageError::new(StatusCode::BAD_REQUEST, "Choose what to do with the events."));
    }
    let (mut done, mut left_out) = (0_usize, 0_usize);
    // The oldest first, as they were sent.
    let mut chosen: Vec<EventId> = form.all("event").filter_map(|id| id.parse().ok()).take(LIMIT).collect();
    chosen.sort_unstable();
    for event_id in chosen {
        let result = match action {
            "replay" => single::start(&ctx, visitor.org_id(), visitor.actor(), config_id, event_id, false)
                .await
                .map(drop),
            _ => cancel::stop(&ctx, visitor.org_id(), visitor.actor(), config_id, event_id).await.map(drop),
        };
        match result {
            Ok(()) => done += 1,
            Err(problem) if problem.status().is_server_error() => return Err(problem.into()),
            Err(_) => left_out += 1,
        }
    }
    let (done, left_out) = (done.to_string(), left_out.to_string());
    let told = parts::query([("done", action), ("count", &done), ("left", &left_out)]);
    // Only a query of the same page: the path is ours.
    let back: String =
        form.get("back").chars().filter(char::is_ascii_graphic).filter(|c| *c != '#').collect();
    Ok(Redirect::to(&format!("/console/webhooks/{config_id}?{told}&{back}#events")))
}

/// What was done with the chosen events, if that leads to this page.
pub(crate) fn told(query: &Query) -> Option<Markup> {
    let number = |name: &str| query.get(name).parse::<usize>().unwrap_or(0);
    let (done, left) = (number("count"), number("left"));
    let what = match query.get("done") {
        "replay" => "sent again; the replays are in the list",
        "cancel" => "cancelled: they are not tried again",
        _ => return None,
    };
    Some(html! {
        p.alert.(if done > 0 { "succeeded" } else { "waiting" }) role="status" {
            @if done + left == 0 { "No event was chosen." }
            @else { (done) @if done == 1 { " event is " } @else { " events are " } (what) "." }
            @if left > 0 { " " (left) " left out: it cannot be done with " @if left == 1 { "it" } @else { "them" } " as things are." }
        }
    })
}
