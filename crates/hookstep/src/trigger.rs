//! `hookstep trigger`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hookstep_client::{Body, Delivered, INLINE_BODY_BYTES, Reason, Status, SyncAnswer, Timestamp};
use tokio::io::AsyncReadExt;

use crate::out::{self, sanitise};
use crate::remote::{self, Remote};
use crate::settings::{BoxError, ExitResult};
use crate::when::duration;

pub(crate) const HELP: &str = "\
With --sync, the body of the receiver's answer goes to standard output, and the
exit code tells how the delivery ended:
  0  it succeeded
  1  it did not: the receiver failed, or the event was skipped
  2  the command line is wrong
  3  no answer within 27 s; the delivery goes on (hookstep events WEBHOOK EVENT)
  4  Hookstep refused the event or cannot be reached
Without --sync: 0 if the event was accepted, 2 and 4 as above.

A body above 4 MB is uploaded first. Files are read while they are sent, so they
may be of any size.

Examples:
  hookstep trigger orders order.json --sync
  echo '{\"order\": 1042}' | hookstep trigger orders
  hookstep trigger orders --data ping --idempotency-key ping-1
  hookstep trigger orders reminder.json --delay 2h";

/// The arguments of `hookstep trigger`.
#[derive(Debug, Args)]
pub(crate) struct TriggerArgs {
    #[command(flatten)]
    remote: Remote,

    /// The webhook, by its `config_id` or its name.
    webhook: String,

    /// The file with the body; - is standard input, and the default.
    #[arg(default_value = "-")]
    file: String,

    /// The body itself, instead of a file.
    #[arg(short, long, conflicts_with = "file")]
    data: Option<String>,

    /// Wait for the receiver's answer. The exit code tells how the delivery ended.
    #[arg(short, long)]
    sync: bool,

    /// The body's media type; by default detected: JSON, text, or bytes.
    #[arg(short = 't', long)]
    content_type: Option<String>,

    /// Your own id for the event, to find it by.
    #[arg(long)]
    correlation_id: Option<String>,

    /// The type of the event, which is kept with it; its body is checked as the catalogue says.
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,

    /// An idempotency key: for 24 hours, the same key with the same body is the same event.
    #[arg(long)]
    idempotency_key: Option<String>,

    /// Send the event after this time, up to 30 days: 90s, 15m, 2h, 7d.
    #[arg(long, value_parser = duration, conflicts_with = "sync")]
    delay: Option<Duration>,

    /// Send the event at this time, up to 30 days ahead: 2026-01-02T03:04:05Z.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["sync", "delay"])]
    at: Option<Timestamp>,

    /// Print Hookstep's answer as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Sends an event.
pub(crate) async fn trigger(args: TriggerArgs) -> ExitResult {
    let client = args.remote.client()?;
    let loaded = load(&args).await?;
    let config_id = remote::find_webhook(&client, &args.webhook).await?;
    let content_type = args.content_type.unwrap_or_else(|| loaded.media_type.to_owned());
    let mut trigger = client.trigger(config_id, loaded.body).content_type(content_type);
    if let Some(name) = args.event_type {
        trigger = trigger.event_type(name);
    }
    if let Some(id) = args.correlation_id {
        trigger = trigger.correlation_id(id);
    }
    if let Some(key) = args.idempotency_key {
        trigger = trigger.idempotency_key(key);
    }
    if let Some(delay) = args.delay {
        trigger = trigger.delay(delay);
    }
    if let Some(at) = args.at {
        trigger = trigger.deliver_at(at);
    }
    if args.sync {
        return report(&trigger.sync().await?, args.json);
    }
    let accepted = trigger.await?;
    if args.json {
        out::json(&accepted)?;
    } else {
        out::line(format_args!("{} {}", accepted.event_id, accepted.status.as_str()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the answer, and returns the exit code that tells how the delivery ended.
pub(crate) fn report(answer: &SyncAnswer, json: bool) -> ExitResult {
    if json {
        out::json(answer)?;
    }
    match answer {
        SyncAnswer::Ended(delivered) => {
            if !json {
                print_delivered(delivered)?;
            }
            let delivered = delivered.status == Status::Succeeded;
            Ok(if delivered { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        SyncAnswer::StillInProgress(accepted) => {
            if !json {
                out::note(format_args!("event {} is still being delivered", accepted.event_id));
            }
            Ok(ExitCode::from(3))
        }
    }
}

/// Prints the receiver's body to standard output, for the next program, and all else to standard error.
fn print_delivered(delivered: &Delivered) -> std::io::Result<()> {
    let mut summary = delivered.status.as_str().to_owned();
    if let Some(code) = delivered.status_code {
        summary += &format!(": HTTP {code}");
    }
    if let Some(Reason { code, detail }) = &delivered.reason {
        summary += &format!(": {}: {}", code.as_str(), sanitise(detail));
    }
    let attempts = delivered.attempts;
    let plural = if attempts == 1 { "" } else { "s" };
    summary += &format!(" ({attempts} attempt{plural}, {} ms)", delivered.duration_ms);
    out::note(format_args!("{summary}, event {}", delivered.event_id));
    if delivered.body_truncated {
        out::note("the receiver's answer is longer: Hookstep keeps only this part of it");
    }
    match delivered.body.as_deref() {
        Some(body) if body.ends_with('\n') || body.is_empty() => out::text(body),
        Some(body) => out::line(body),
        None => Ok(()),
    }
}

/// The body to send.
struct Loaded {
    body: Body,
    media_type: &'static str,
    /// Keeps the file of a body that is too large for memory until it is sent.
    _spool: Option<tempfile::TempPath>,
}

async fn load(args: &TriggerArgs) -> Result<Loaded, BoxError> {
    if let Some(data) = &args.data {
        return Ok(small(data.clone().into_bytes()));
    }
    if args.file == "-" {
        return standard_input().await;
    }
    let path = Path::new(&args.file);
    let cannot = |error| format!("cannot read {}: {error}", path.display());
    if tokio::fs::metadata(path).await.map_err(cannot)?.len() > INLINE_BODY_BYTES {
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let media_type = if is_json { JSON } else { BYTES };
        return Ok(Loaded { body: Body::file(path), media_type, _spool: None });
    }
    Ok(small(tokio::fs::read(path).await.map_err(cannot)?))
}

/// Reads standard input, into a temporary file if it is large.
async fn standard_input() -> Result<Loaded, BoxError> {
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        out::note("reading the body from standard input; end it with Ctrl-D");
    }
    let mut stdin = tokio::io::stdin();
    let mut start = Vec::new();
    (&mut stdin).take(INLINE_BODY_BYTES + 1).read_to_end(&mut start).await?;
    if start.len() as u64 <= INLINE_BODY_BYTES {
        return Ok(small(start));
    }
    let (file, path) = tempfile::NamedTempFile::new()?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    tokio::io::copy(&mut start.as_slice().chain(stdin), &mut file).await?;
    file.sync_all().await?;
    Ok(Loaded { body: Body::file(&*path), media_type: BYTES, _spool: Some(path) })
}

const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";

/// A body in memory.
fn small(bytes: Vec<u8>) -> Loaded {
    Loaded { media_type: media_type_of(&bytes), body: bytes.into(), _spool: None }
}

/// What a body seems to be. Only UTF-8 may be declared as text: API Gateway would change other bytes.
pub(crate) fn media_type_of(bytes: &[u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => JSON,
        Ok(_) => "text/plain; charset=utf-8",
        Err(_) => BYTES,
    }
}
