//! `hookstep events`.

mod follow;
mod show;

use std::error::Error;

use clap::{Args, ValueEnum};
use hookstep_client::{Client, ConfigId, Event, EventId, EventQuery, Status};

use crate::out;
use crate::remote::{self, Remote};
use crate::settings::Outcome;
use crate::when::{When, when};

pub(crate) const HELP: &str = "\
Newest first; with -f oldest first, then a line whenever an event is accepted
or its status changes, until Ctrl-C. Followed are the events that were listed
and those that come.

Examples:
  hookstep events orders                        the last 20
  hookstep events orders --status failed --since 2h
  hookstep events orders 0193…                  one, with its attempts
  hookstep events orders -f --json | jq .status";

/// Which events, and how.
#[derive(Debug, Args)]
pub(crate) struct EventsArgs {
    #[command(flatten)]
    remote: Remote,

    /// The webhook, by its `config_id` or its name.
    webhook: String,

    /// Only this event, with its attempts.
    #[arg(conflicts_with_all = ["follow", "status", "since", "until", "correlation_id", "limit"])]
    event_id: Option<EventId>,

    /// Go on: tell what changes.
    #[arg(short, long, conflicts_with = "until")]
    follow: bool,

    /// Only events that stand there.
    #[arg(long, value_enum)]
    status: Option<StatusName>,

    /// Only events accepted since: 90s, 15m, 2h, 7d, or a time like 2026-01-02T03:04:05Z.
    #[arg(long, value_parser = when)]
    since: Option<When>,

    /// Only events accepted until.
    #[arg(long, value_parser = when)]
    until: Option<When>,

    /// Only events with this correlation id.
    #[arg(long)]
    correlation_id: Option<String>,

    /// The most events to list.
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: usize,

    /// Print each as a line of JSON.
    #[arg(long)]
    json: bool,
}

/// A status, as the flags name it.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum StatusName {
    InProgress,
    Succeeded,
    Failed,
    Skipped,
}

impl From<StatusName> for Status {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::InProgress => Self::InProgress,
            StatusName::Succeeded => Self::Succeeded,
            StatusName::Failed => Self::Failed,
            StatusName::Skipped => Self::Skipped,
        }
    }
}

/// Lists, shows or follows events.
pub(crate) async fn events(args: EventsArgs) -> Outcome {
    let client = args.remote.client()?;
    let config_id = remote::webhook(&client, &args.webhook).await?;
    if let Some(event_id) = args.event_id {
        let event = client.event(config_id, event_id).await?;
        if args.json {
            out::json(&event)?;
        } else {
            show::details(&event)?;
        }
        return Ok(());
    }
    let now = hookstep_ambient::Sources::system().now();
    let query = EventQuery {
        status: args.status.map(Status::from),
        from: args.since.map(|since| since.resolve(now)),
        to: args.until.map(|until| until.resolve(now)),
        correlation_id: args.correlation_id,
        ..EventQuery::default()
    };
    // One that is not wanted still tells what came before.
    let most = if args.follow { args.limit.max(1) } else { args.limit };
    let list = list(&client, config_id, &query, most).await?;
    if !args.json {
        show::head()?;
    }
    if args.follow {
        return follow::follow(&client, config_id, query, list, args.limit, args.json).await;
    }
    for event in &list {
        print(event, args.json)?;
    }
    Ok(())
}

/// The entries of a page at most.
const PAGE: usize = 100;

/// The first events of a list, newest first.
async fn list(
    client: &Client,
    config_id: ConfigId,
    query: &EventQuery,
    limit: usize,
) -> Result<Vec<Event>, Box<dyn Error + Send + Sync>> {
    let mut events = Vec::new();
    let mut query = query.clone();
    while events.len() < limit {
        query.limit = u32::try_from((limit - events.len()).min(PAGE)).ok();
        let page = client.events(config_id, &query).await?;
        events.extend(page.data);
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    Ok(events)
}

fn print(event: &Event, json: bool) -> std::io::Result<()> {
    if json { out::json(event) } else { show::row(event) }
}
