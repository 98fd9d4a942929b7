//! `hookstep erase`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hookstep_client::{Erase, ErasureStatus, EventId};

use crate::out;
use crate::remote::{self, Remote};
use crate::settings::ExitResult;

pub(crate) const HELP: &str = "\
Erases events with everything that is kept of them: records, attempts with the
answers of receivers, bodies and uploads. What has not ended is cancelled first.
It goes on in the background, and cannot be undone.

Without --yes nothing is erased. An event of a publication is erased with the
publication, whose body it shares.

Examples:
  hookstep erase --correlation-id order-1042 --yes
  hookstep erase --webhook orders --event 0193… --yes --wait
  hookstep erase --publication 0193… --yes";

/// The arguments of `hookstep erase`.
#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = false, args = ["correlation_id", "event", "publication"])]
pub(crate) struct EraseArgs {
    #[command(flatten)]
    remote: Remote,

    /// All events and publications with this correlation id.
    #[arg(long)]
    correlation_id: Option<String>,

    /// This event, with all its replays.
    #[arg(long, requires = "webhook")]
    event: Option<EventId>,

    /// The webhook of the event, by its `config_id` or its name.
    #[arg(long, requires = "event")]
    webhook: Option<String>,

    /// This publication, with all its deliveries.
    #[arg(long)]
    publication: Option<EventId>,

    /// Really erase it.
    #[arg(long, required = true)]
    yes: bool,

    /// Wait until nothing is left: some 20 minutes if an attempt may be under way.
    #[arg(long)]
    wait: bool,

    /// Print Hookstep's answer as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// How often the progress is read.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Has events erased.
pub(crate) async fn erase(args: EraseArgs) -> ExitResult {
    let client = args.remote.client()?;
    let what = match (args.correlation_id, args.event, args.publication, args.webhook) {
        (Some(id), ..) => Erase::Correlated(id),
        (_, Some(event_id), _, Some(webhook)) => {
            Erase::Event { config_id: remote::find_webhook(&client, &webhook).await?, event_id }
        }
        (_, _, Some(id), _) => Erase::Publication(id),
        _ => return Err("name what is to be erased".into()),
    };
    let mut erasure = client.erase(what).await?;
    while args.wait && erasure.status == ErasureStatus::InProgress {
        tokio::time::sleep(POLL_INTERVAL).await;
        erasure = client.erasure(erasure.erasure_id).await?;
    }
    if args.json {
        out::json(&erasure)?;
    } else {
        let status = if erasure.status == ErasureStatus::Done { "done" } else { "in_progress" };
        out::line(format_args!("{} {status} {} events erased", erasure.erasure_id, erasure.events_erased))?;
    }
    Ok(ExitCode::SUCCESS)
}
