//! Printing events for people, in 80 columns.

use std::io;

use hookstep_client::{Attempt, Event, Reason, Status, Timestamp};

use crate::out::{self, Colour, paint, sanitise};

/// Prints the names of the columns.
pub(super) fn head() -> io::Result<()> {
    out::line(format_args!(
        "{:<36} {:<19} {:<11} {:>4} {:>5}",
        "EVENT", "ACCEPTED (UTC)", "STATUS", "HTTP", "TRIES"
    ))
}

/// Prints an event in one line.
pub(super) fn row(event: &Event) -> io::Result<()> {
    let code = event.status_code.map_or("-".to_owned(), |code| code.to_string());
    // Padded before it is coloured: the characters that set a colour have no width.
    let status = paint(colour(event.status), &format!("{:<11}", event.status.as_str()));
    out::line(format_args!(
        "{} {} {status} {code:>4} {:>5}",
        event.event_id,
        moment(event.created_at),
        event.attempt_count
    ))
}

/// Prints the names of the columns of a list over several webhooks.
pub(super) fn head_across() -> io::Result<()> {
    out::line(format_args!("{:<36} {:<19} {:<11} {:>4} WEBHOOK", "EVENT", "ACCEPTED (UTC)", "STATUS", "HTTP"))
}

/// Prints an event in one line, with the name of its webhook.
pub(super) fn row_across(event: &Event, webhook: &str) -> io::Result<()> {
    let code = event.status_code.map_or("-".to_owned(), |code| code.to_string());
    let status = paint(colour(event.status), &format!("{:<11}", event.status.as_str()));
    let (event_id, accepted) = (event.event_id, moment(event.created_at));
    out::line(format_args!("{event_id} {accepted} {status} {code:>4} {}", sanitise(webhook)))
}

/// Prints an event with its details and its attempts.
pub(super) fn details(event: &Event) -> io::Result<()> {
    field("event", &event.event_id.to_string())?;
    field("status", &paint(colour(event.status), event.status.as_str()))?;
    reason(event.reason.as_ref())?;
    field("accepted", &moment(event.created_at))?;
    optional("deliver at", event.deliver_at.map(moment).as_deref())?;
    optional("next attempt", event.next_attempt_at.map(moment).as_deref())?;
    optional("size", event.size.map(|size| format!("{size} bytes")).as_deref())?;
    optional("content type", event.content_type.as_deref())?;
    optional("encoding", event.content_encoding.as_deref())?;
    optional("correlation id", event.correlation_id.as_deref())?;
    optional("replay of", event.replay_of.map(|id| id.to_string()).as_deref())?;
    optional("webhook-id", Some(&event.webhook_id.to_string()))?;
    event.attempts.iter().flatten().try_for_each(attempt)
}

fn attempt(attempt: &Attempt) -> io::Result<()> {
    let Attempt { number, started_at, duration_ms, outcome, .. } = attempt;
    out::line(format_args!(
        "\nattempt {number}: {} at {} ({duration_ms} ms)",
        outcome.as_str(),
        moment(*started_at)
    ))?;
    reason(attempt.reason.as_ref())?;
    optional("called", attempt.remote_ip.as_deref())?;
    optional("answered", attempt.status_code.map(|code| format!("HTTP {code}")).as_deref())?;
    for (name, value) in &attempt.response_headers {
        out::line(format_args!("    {}: {}", sanitise(name), sanitise(value)))?;
    }
    let Some(body) = attempt.response_body.as_deref().filter(|body| !body.is_empty()) else { return Ok(()) };
    out::line("")?;
    match &attempt.response_body_encoding {
        Some(encoding) => out::line(format_args!("    ({encoding}) {}", sanitise(body)))?,
        None => sanitise(body).lines().try_for_each(|line| out::line(format_args!("    {line}")))?,
    }
    if let Some(coding) = &attempt.response_body_decoded {
        out::line(format_args!("    (decoded: it came as {})", sanitise(coding)))?;
    }
    if attempt.response_truncated { out::line("    (the rest of the body was not kept)") } else { Ok(()) }
}

/// The code for programs, the sentence for people.
fn reason(reason: Option<&Reason>) -> io::Result<()> {
    let text = reason.map(|Reason { code, detail }| format!("{}: {detail}", code.as_str()));
    optional("reason", text.as_deref())
}

fn optional(name: &str, value: Option<&str>) -> io::Result<()> {
    value.map_or(Ok(()), |value| field(name, &sanitise(value)))
}

fn field(name: &str, value: &str) -> io::Result<()> {
    out::line(format_args!("  {name:<15} {value}"))
}

fn colour(status: Status) -> Colour {
    match status {
        Status::Succeeded | Status::Recovered => Colour::Green,
        Status::Failed => Colour::Red,
        Status::Scheduled | Status::InProgress | Status::Skipped => Colour::Yellow,
    }
}

/// A time to the second.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    text.split('.').next().unwrap_or(&text).replace('T', " ")
}
