//! `hookstep publish`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hookstep_client::{NewEvent, Timestamp};
use tokio::io::AsyncReadExt;

use crate::out;
use crate::remote::Remote;
use crate::settings::{BoxError, ExitResult};
use crate::when::duration;

pub(crate) const HELP: &str = "\
The payload is JSON, and goes to every enabled webhook whose event types match.
A line is printed for each: its config_id and the id of the event for it.

Examples:
  hookstep publish order.created order.json
  echo '{\"order\": 1042}' | hookstep publish order.created
  hookstep publish order.created --data '{\"order\": 1042}' --delay 2h";

/// The arguments of `hookstep publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    remote: Remote,

    /// The type of the event, to which webhooks subscribe.
    event_type: String,

    /// The file with the payload; - is standard input, and the default.
    #[arg(default_value = "-")]
    file: String,

    /// The payload itself, instead of a file.
    #[arg(short, long, conflicts_with = "file")]
    data: Option<String>,

    /// Your own id for the event, to find it by.
    #[arg(long)]
    correlation_id: Option<String>,

    /// An idempotency key: for 24 hours, the same key with the same type and payload is the same event.
    #[arg(long)]
    idempotency_key: Option<String>,

    /// Send the event after this time, up to 30 days: 90s, 15m, 2h, 7d.
    #[arg(long, value_parser = duration)]
    delay: Option<Duration>,

    /// Send the event at this time, up to 30 days ahead: 2026-01-02T03:04:05Z.
    #[arg(long, value_name = "TIME", conflicts_with = "delay")]
    at: Option<Timestamp>,

    /// Print Hookstep's answer as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Publishes an event.
pub(crate) async fn publish(args: PublishArgs) -> ExitResult {
    let client = args.remote.client()?;
    let payload = payload(&args).await?;
    let mut event = NewEvent::new(&args.event_type, payload.trim())?;
    if let Some(id) = args.correlation_id {
        event = event.correlation_id(id);
    }
    if let Some(key) = args.idempotency_key {
        event = event.idempotency_key(key);
    }
    if let Some(delay) = args.delay {
        event = event.delay(delay);
    }
    if let Some(at) = args.at {
        event = event.deliver_at(at);
    }
    let published = client.publish(&event).await?;
    if args.json {
        out::json(&published)?;
        return Ok(ExitCode::SUCCESS);
    }
    let count = published.deliveries.len();
    let plural = if count == 1 { "" } else { "s" };
    out::note(format_args!("publication {} goes to {count} webhook{plural}", published.publication_id));
    for delivery in &published.deliveries {
        out::line(format_args!("{} {}", delivery.config_id, delivery.event_id))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn payload(args: &PublishArgs) -> Result<String, BoxError> {
    if let Some(data) = &args.data {
        return Ok(data.clone());
    }
    if args.file == "-" {
        let mut text = String::new();
        tokio::io::stdin().read_to_string(&mut text).await?;
        return Ok(text);
    }
    let read = tokio::fs::read_to_string(&args.file).await;
    read.map_err(|error| format!("cannot read {}: {error}", args.file).into())
}
