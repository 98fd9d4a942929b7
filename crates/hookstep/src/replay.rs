//! `hookstep replay`.

mod progress;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hookstep_client::{EventId, Redelivery, Replay, ReplayQuery, ReplayStatus, Status};

use crate::events::StatusName;
use crate::out;
use crate::remote::{self, Remote};
use crate::settings::ExitResult;
use crate::when::{When, when};
use progress::Progress;

pub(crate) const HELP: &str = "\
The same bytes are sent again, to the current URL of the webhook and with the
same webhook-id. With --reapply, the body that the producer sent goes through
the current filter and transform of the webhook.

Hookstep itself replays several events, at most 10,000 at a time. On a terminal
this command shows the progress; the replay goes on if you leave with Ctrl-C.

Exit code: 0 if all deliveries were started, 1 if the replay failed, 2 for a
wrong command line, 4 if Hookstep refused or cannot be reached.

Examples:
  hookstep replay orders 0193…                  one; prints the new event
  hookstep replay orders --since 2h             all that failed since then
  hookstep replay orders --since 7d --until 2026-01-02T00:00:00Z";

/// The arguments of `hookstep replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    remote: Remote,

    /// The webhook, by its `config_id` or its name.
    webhook: String,

    /// The ids of the events.
    #[arg(required_unless_present = "since", conflicts_with_all = ["since", "until", "status"])]
    event_ids: Vec<EventId>,

    /// All events accepted since then: 90s, 15m, 2h, 7d ago, or a time like 2026-01-02T03:04:05Z.
    #[arg(long, value_parser = when)]
    since: Option<When>,

    /// Of these, only events accepted until then.
    #[arg(long, value_parser = when)]
    until: Option<When>,

    /// Of these, only events with this status.
    #[arg(long, value_enum, default_value = "failed")]
    status: StatusName,

    /// Put the producer's body through the current filter and transform of the webhook.
    #[arg(long)]
    reapply: bool,

    /// Print the result as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// How often the progress is read.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Sends events again.
pub(crate) async fn replay(args: ReplayArgs) -> ExitResult {
    let client = args.remote.client()?;
    let event_ids = args.event_ids;
    let redelivery = if args.reapply { Redelivery::Reapplied } else { Redelivery::AsSent };
    let config_id = remote::find_webhook(&client, &args.webhook).await?;
    if let [event_id] = event_ids[..] {
        let replayed = client.replay(config_id, event_id, redelivery).await?;
        if args.json {
            out::json(&replayed)?;
        } else {
            out::line(format_args!("{} {}", replayed.event_id, replayed.status.as_str()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let now = hookstep_ambient::Sources::system().now();
    let query = match args.since {
        Some(since) => ReplayQuery::Since {
            since: since.resolve(now),
            until: args.until.map(|until| until.resolve(now)),
            status: Some(Status::from(args.status)),
        },
        None => ReplayQuery::Events { event_ids },
    };
    // What is counted here can change until it is sent, so that it is only for people.
    let forecast = client.replay_forecast(config_id, &query).await?;
    let mut replay = client.replay_many(config_id, &query, redelivery).await?;
    let (more, plural) =
        (if forecast.complete { "" } else { "more than " }, if forecast.events == 1 { "" } else { "s" });
    out::note(format_args!("replay {} has begun: {more}{} event{plural}", replay.replay_id, forecast.events));
    let mut bar = Progress::new(if forecast.complete { forecast.events as usize } else { 0 });
    while replay.status == ReplayStatus::InProgress {
        bar.show(&replay);
        tokio::time::sleep(POLL_INTERVAL).await;
        replay = client.replay_progress(config_id, replay.replay_id).await?;
    }
    bar.end(&replay);
    report(&replay, args.json)
}

fn report(replay: &Replay, json: bool) -> ExitResult {
    let Replay { found, started, skipped, .. } = replay;
    if json {
        out::json(replay)?;
    } else {
        out::line(format_args!("{found} looked at, {started} sent again, {skipped} skipped"))?;
    }
    if replay.limit_reached {
        out::note("the replay stopped at the largest number of events that one takes: there may be more");
    }
    if replay.status == ReplayStatus::Failed {
        let reason = replay.reason.as_ref().map_or("no reason was recorded", |reason| &reason.detail);
        out::note(format_args!("the replay failed: {reason}"));
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}
