//! The tour: five deliveries, and what the producer sees of each.

use std::time::Duration;

use hookstep_client::{Client, ConfigId, Delivered, Event, EventId, Status, SyncAnswer};
use serde_json::json;

use super::receiver;
use crate::settings::{BoxError, CommandResult};

/// The size of the body that needs a claim check.
const BIG_BODY_BYTES: usize = 5 * 1024 * 1024;

/// The media type of the bodies.
const JSON: &str = "application/json";

/// How often the tour looks whether an event has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How many times the tour looks before it gives up.
const MAX_POLLS: usize = 300;

/// Shows the tour.
pub(super) async fn show(client: &Client, receiver: &str) -> CommandResult {
    heading(1, "A sync delivery: the producer gets the receiver's answer");
    let hello = create(client, "demo: hello", &format!("{receiver}/hello"), &[]).await?;
    print_delivered(&deliver(client, hello, r#"{"reading": 1.0}"#.into()).await?);

    heading(2, "An async delivery: 202 at once, the event can be read back");
    let accepted = client.trigger(hello, r#"{"reading": 2.0}"#).content_type(JSON).await?;
    line(format_args!("event {} is {}", accepted.event_id, accepted.status.as_str()));
    print_event(&ended(client, hello, accepted.event_id).await?);

    heading(
        3,
        "A receiver that fails twice and then succeeds: retried on the schedule of the webhook (here 1 s, 2 s)",
    );
    let flaky = create(client, "demo: flaky", &format!("{receiver}/flaky"), &[1, 2]).await?;
    let accepted = client.trigger(flaky, "{}").content_type(JSON).await?;
    print_event(&ended(client, flaky, accepted.event_id).await?);

    heading(4, "A body of 5 MB: uploaded as a claim check, streamed to the receiver");
    let count = create(client, "demo: count", &format!("{receiver}/count"), &[]).await?;
    print_delivered(&deliver(client, count, vec![b'x'; BIG_BODY_BYTES]).await?);

    heading(5, "Refused: a blocked URL, when the webhook is saved. Failed: a closed port, when it is called");
    match create(client, "demo: refused", "http://127.0.0.1:22/", &[]).await {
        Err(refusal) => line(refusal),
        Ok(config_id) => return Err(format!("the webhook {config_id} should have been refused").into()),
    }
    let closed = create(client, "demo: closed", &receiver::closed_port().await?, &[]).await?;
    print_delivered(&deliver(client, closed, "{}".into()).await?);
    Ok(())
}

/// Creates a webhook that retries on this schedule.
async fn create(
    client: &Client,
    name: &str,
    url: &str,
    schedule: &[u32],
) -> Result<ConfigId, hookstep_client::Error> {
    let fields = json!({"name": name, "url": url, "retry": {"schedule_seconds": schedule}});
    Ok(client.create_webhook(&fields).await?.config_id)
}

/// Triggers a webhook and waits for the receiver.
async fn deliver(client: &Client, config_id: ConfigId, body: Vec<u8>) -> Result<Delivered, BoxError> {
    match client.trigger(config_id, body).content_type(JSON).sync().await? {
        SyncAnswer::Ended(delivered) => Ok(delivered),
        SyncAnswer::StillInProgress(accepted) => {
            Err(format!("the delivery of event {} takes too long", accepted.event_id).into())
        }
    }
}

/// Waits until an event has ended.
async fn ended(client: &Client, config_id: ConfigId, event_id: EventId) -> Result<Event, BoxError> {
    for _ in 0..MAX_POLLS {
        match client.event(config_id, event_id).await {
            Ok(event) if event.status != Status::InProgress => return Ok(event),
            Ok(_) => {}
            // Its record is written a moment after the trigger was answered.
            Err(error) if error.status() == Some(404) => {}
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Err(format!("the event {event_id} does not end").into())
}

fn print_delivered(delivered: &Delivered) {
    let Delivered { status, status_code, body, attempts, duration_ms, error, .. } = delivered;
    let mut text = status.as_str().to_owned();
    if let Some(code) = status_code {
        text += &format!(" with HTTP {code}");
    }
    text += &format!(", attempts {attempts}, {duration_ms} ms");
    if let Some(body) = body {
        text += &format!(", body {body:?}");
    }
    if let Some(error) = error {
        text += &format!(": {error}");
    }
    line(text);
}

fn print_event(event: &Event) {
    line(format_args!("event {} is {}", event.event_id, event.status.as_str()));
    for attempt in event.attempts.iter().flatten() {
        let code = attempt.status_code.map_or("no answer".to_owned(), |code| format!("HTTP {code}"));
        let (number, outcome) = (attempt.number, attempt.outcome.as_str());
        line(format_args!("attempt {number}: {outcome}, {code}, {} ms", attempt.duration_ms));
    }
}

#[expect(clippy::print_stdout, reason = "the tour is the output")]
fn heading(number: usize, text: &str) {
    println!("\n{number}. {text}");
}

#[expect(clippy::print_stdout, reason = "the tour is the output")]
fn line(text: impl std::fmt::Display) {
    println!("   {text}");
}
