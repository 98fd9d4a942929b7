//! What the steps of the tour are made of: webhooks, deliveries, and lines that tell of them.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::time::Duration;

use hookstep_client::{
    Attempt, Client, ConfigId, Delivered, Event, EventId, Key, OrgId, Status, SyncAnswer, verify,
};
use serde_json::Value;

use super::inbox::{Inbox, Received};
use crate::out::{self, Colour, paint};
use crate::settings::{BoxError, CommandResult};

/// The media type of the bodies.
pub(super) const JSON: &str = "application/json";

/// How often the tour looks whether an event has changed.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How many times the tour looks before it gives up.
const MAX_POLLS: usize = 600;

/// The pause between two steps on a terminal, so that a person can follow.
const PAUSE: Duration = Duration::from_millis(600);

/// A webhook of the tour, with the secret that its receiver verifies with.
pub(super) struct DemoWebhook {
    pub(super) config_id: ConfigId,
    keys: Vec<Key>,
}

/// A client, and what the receiver got.
pub(super) struct Stage {
    pub(super) client: Client,
    org_id: OrgId,
    inbox: Inbox,
    steps: usize,
}

impl Stage {
    pub(super) fn new(client: Client, org_id: OrgId, inbox: Inbox) -> Self {
        Self { client, org_id, inbox, steps: 0 }
    }

    /// Begins a step of the tour.
    pub(super) async fn step(&mut self, title: &str, explanation: &str) -> io::Result<()> {
        if io::stdout().is_terminal() && self.steps > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        self.steps += 1;
        let title = format!("{}  {title}", self.steps);
        out::line(format_args!("\n{}", paint(Colour::Bold, &title)))?;
        out::line(format_args!("   {}", paint(Colour::Dim, explanation)))
    }

    /// Creates a webhook.
    pub(super) async fn create(
        &self,
        name: &str,
        url: &str,
        mut fields: Value,
    ) -> Result<DemoWebhook, BoxError> {
        fields["name"] = name.into();
        fields["url"] = url.into();
        let webhook = self.client.create_webhook(&fields).await?;
        let secret = webhook.signing_secret.as_deref().map(str::parse).transpose()?.map(Key::Secret);
        let public = self.client.public_key(&self.org_id).await?.public_key.parse()?;
        let keys = secret.into_iter().chain([Key::Public(public)]).collect();
        Ok(DemoWebhook { config_id: webhook.config_id, keys })
    }

    /// Triggers a webhook, waits for the receiver, and tells what it answered.
    pub(super) async fn deliver(&self, webhook: &DemoWebhook, body: Vec<u8>) -> Result<Delivered, BoxError> {
        match self.client.trigger(webhook.config_id, body).content_type(JSON).sync().await? {
            SyncAnswer::Ended(delivered) => {
                good_or_bad(delivered.status, ended(&delivered))?;
                Ok(delivered)
            }
            SyncAnswer::StillInProgress(accepted) => {
                Err(format!("the delivery of event {} takes too long", accepted.event_id).into())
            }
        }
    }

    /// Waits until an event has ended, and tells of each attempt as it is made.
    pub(super) async fn follow(&self, webhook: &DemoWebhook, event_id: EventId) -> Result<Event, BoxError> {
        let (mut told, config_id) = (0, webhook.config_id);
        for _ in 0..MAX_POLLS {
            match self.client.event(config_id, event_id).await {
                Ok(event) => {
                    for attempt in event.attempts.iter().flatten().skip(told) {
                        tell_attempt(attempt, &event)?;
                        told += 1;
                    }
                    if event.status != Status::InProgress {
                        return Ok(event);
                    }
                }
                // Its record is written a moment after the trigger was answered.
                Err(error) if error.status() == Some(404) => {}
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Err(format!("the event {event_id} does not end").into())
    }

    /// Verifies as the receiver does, tells of it, and returns what it got since the last call.
    pub(super) fn verified(&mut self, webhook: &DemoWebhook) -> Result<Vec<Received>, BoxError> {
        let received = self.inbox.take();
        for key in &webhook.keys {
            let version = if matches!(key, Key::Secret(_)) { "v1 (HMAC-SHA256)" } else { "v1a (Ed25519)" };
            for Received { headers, body } in &received {
                verify(headers, body, std::slice::from_ref(key))?;
            }
            good(format_args!("signature {version} verified by the receiver"))?;
        }
        Ok(received)
    }
}

/// Tells of something that is as it should be.
pub(super) fn good(text: impl Display) -> io::Result<()> {
    out::line(format_args!("   {} {text}", paint(Colour::Green, "✓")))
}

/// Tells of something that is neither good nor bad.
pub(super) fn note(text: impl Display) -> io::Result<()> {
    out::line(format_args!("   {} {text}", paint(Colour::Cyan, "→")))
}

/// Tells of a failure.
pub(super) fn bad(text: impl Display) -> io::Result<()> {
    out::line(format_args!("   {} {text}", paint(Colour::Red, "✗")))
}

fn good_or_bad(status: Status, text: impl Display) -> io::Result<()> {
    match status {
        Status::Succeeded | Status::Recovered => good(text),
        Status::Skipped | Status::Scheduled | Status::InProgress => note(text),
        Status::Failed => bad(text),
    }
}

fn tell_attempt(attempt: &Attempt, event: &Event) -> CommandResult {
    let code = attempt.status_code.map_or("no answer".to_owned(), |code| format!("HTTP {code}"));
    let (number, outcome) = (attempt.number, attempt.outcome.as_str());
    let text = format!("attempt {number}: {outcome}, {code}, {} ms", attempt.duration_ms);
    if attempt.status_code.is_some_and(|code| (200..300).contains(&code)) {
        return Ok(good(text)?);
    }
    bad(text)?;
    if event.status == Status::InProgress {
        note("tried again on the webhook's schedule …")?;
    }
    Ok(())
}

fn ended(delivered: &Delivered) -> String {
    let Delivered { status, status_code, body, attempts, duration_ms, error, .. } = delivered;
    let mut text = status.as_str().to_owned();
    if let Some(code) = status_code {
        text += &format!(" with HTTP {code}");
    }
    if *attempts > 0 {
        text += &format!(", attempts {attempts}, {duration_ms} ms");
    }
    if let Some(body) = body {
        text += &format!(", body {body:?}");
    }
    if let Some(error) = error {
        text += &format!(": {error}");
    }
    text
}
