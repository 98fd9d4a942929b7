//! `hookstep replay`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hookstep_client::{Again, EventId, Replay, ReplayQuery, ReplayStatus, Status};

use crate::events::StatusName;
use crate::out;
use crate::remote::{self, Remote};
use crate::settings::Ending;
use crate::when::{When, when};

pub(crate) const HELP: &str = "\
An event is sent as it was, to where the webhook points now; its receiver sees
the same webhook-id. With --reapply it is sent as it came, through the filter
and the transform that the webhook has now. Many are sent by Hookstep itself, at
most 10,000 at a time: this command watches until all are on their way, and can
be left with Ctrl-C.

Exit code: 0 when they are on their way, 1 when the replay failed, 2 for a wrong
command line, 4 when Hookstep refused or cannot be reached.

Examples:
  hookstep replay orders 0193…                  one; prints the new event
  hookstep replay orders --since 2h             all that failed
  hookstep replay orders --since 7d --until 2026-01-02T00:00:00Z";

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    remote: Remote,

    /// The webhook, by its `config_id` or its name.
    webhook: String,

    /// The events, by their ids.
    #[arg(required_unless_present = "since", conflicts_with_all = ["since", "until", "status"])]
    event_ids: Vec<EventId>,

    /// All events accepted since: 90s, 15m, 2h, 7d, or a time like 2026-01-02T03:04:05Z.
    #[arg(long, value_parser = when)]
    since: Option<When>,

    /// Of these, only those accepted until.
    #[arg(long, value_parser = when)]
    until: Option<When>,

    /// Of these, only those that stand there.
    #[arg(long, value_enum, default_value = "failed")]
    status: StatusName,

    /// Ask the filter and the transform again that the webhook has now.
    #[arg(long)]
    reapply: bool,

    /// Print the result as a line of JSON.
    #[arg(long)]
    json: bool,
}

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(500);

/// Sends events again.
pub(crate) async fn replay(args: ReplayArgs) -> Ending {
    let client = args.remote.client()?;
    let event_ids = args.event_ids;
    let again = if args.reapply { Again::Reapplied } else { Again::AsSent };
    let config_id = remote::webhook(&client, &args.webhook).await?;
    if let [event_id] = event_ids[..] {
        let replayed = client.replay(config_id, event_id, again).await?;
        if args.json {
            out::json(&replayed)?;
        } else {
            out::line(format_args!("{} {}", replayed.event_id, replayed.status.as_str()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let total = event_ids.len();
    let now = hookstep_ambient::Sources::system().now();
    let query = match args.since {
        Some(since) => ReplayQuery::Since {
            since: since.resolve(now),
            until: args.until.map(|until| until.resolve(now)),
            status: Some(Status::from(args.status)),
        },
        None => ReplayQuery::Events { event_ids },
    };
    let mut replay = client.replay_many(config_id, &query, again).await?;
    out::note(format_args!("replay {} has begun", replay.replay_id));
    let mut bar = Bar::new(total);
    while replay.status == ReplayStatus::InProgress {
        bar.show(&replay);
        tokio::time::sleep(PERIOD).await;
        replay = client.replay_progress(config_id, replay.replay_id).await?;
    }
    bar.show(&replay);
    bar.end();
    report(&replay, args.json)
}

fn report(replay: &Replay, json: bool) -> Ending {
    let Replay { found, started, skipped, .. } = replay;
    if json {
        out::json(replay)?;
    } else {
        out::line(format_args!("{found} looked at, {started} sent again, {skipped} skipped"))?;
    }
    if replay.limit_reached {
        out::note("it ended at the most events that one replay takes: there may be more");
    }
    if replay.status == ReplayStatus::Failed {
        let reason = replay.reason.as_deref().unwrap_or("for a reason that was not kept");
        out::note(format_args!("the replay failed: {reason}"));
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}

/// The cells of a bar.
const CELLS: usize = 24;

/// Progress on standard error: a line that is written over where that is a terminal, else a line whenever there is news.
struct Bar {
    /// How many there will be, where it is known.
    total: Option<usize>,
    is_terminal: bool,
    last: String,
}

impl Bar {
    fn new(total: usize) -> Self {
        let total = Some(total).filter(|total| *total > 0);
        Self { total, is_terminal: std::io::stderr().is_terminal(), last: String::new() }
    }

    fn show(&mut self, replay: &Replay) {
        let line = self.line(replay);
        if line == self.last {
            return;
        }
        if self.is_terminal {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\r\x1b[K{line}").and_then(|()| stderr.flush());
        } else {
            out::note(&line);
        }
        self.last = line;
    }

    fn line(&self, Replay { found, started, skipped, .. }: &Replay) -> String {
        let done = *found as usize;
        match self.total {
            Some(total) => {
                let full = (done * CELLS / total).min(CELLS);
                let (full, empty) = ("#".repeat(full), ".".repeat(CELLS - full));
                format!("[{full}{empty}] {done}/{total}, {started} sent again, {skipped} skipped")
            }
            None => format!("{done} looked at, {started} sent again, {skipped} skipped"),
        }
    }

    fn end(&self) {
        if self.is_terminal {
            out::note("");
        }
    }
}
