//! `hookstep events`.

mod across;
mod follow;
mod show;

use clap::{Args, ValueEnum};
use hookstep_client::{Client, ConfigId, Event, EventId, EventQuery, Status};

use crate::out;
use crate::remote::{self, Remote};
use crate::settings::{BoxError, CommandResult};
use crate::when::{When, when};

pub(crate) const HELP: &str = "\
Events are listed newest first, those of all webhooks if none is named. With -f
they are listed oldest first, followed by a line whenever one of them changes or
a new event is accepted, until Ctrl-C.

Examples:
  hookstep events orders                        the last 20
  hookstep events orders --status failed --since 2h
  hookstep events orders 0193…                  one event with its attempts
  hookstep events --event 0193…                 the same, of whichever webhook
  hookstep events --type 'order.*' --code 5xx --since 1d
  hookstep events --host example.com --text 'order 1042'
  hookstep events orders -f --json | jq .status";

/// The arguments of `hookstep events`.
#[derive(Debug, Args)]
pub(crate) struct EventsArgs {
    #[command(flatten)]
    remote: Remote,

    /// The webhook, by its `config_id` or its name; by default all.
    webhook: Option<String>,

    /// Show only this event, with its attempts.
    #[arg(conflicts_with_all = ["follow", "status", "since", "until", "correlation_id", "limit", "search"])]
    event_id: Option<EventId>,

    /// Show only this event, with its attempts, whichever webhook it is of.
    #[arg(long, conflicts_with_all = ["webhook", "follow", "status", "since", "until", "correlation_id", "limit", "search"])]
    event: Option<EventId>,

    /// Follow: go on and print what changes.
    #[arg(short, long, requires = "webhook", conflicts_with_all = ["until", "search"])]
    follow: bool,

    #[command(flatten)]
    search: across::SearchArgs,

    /// Only events with this status.
    #[arg(long, value_enum)]
    status: Option<StatusName>,

    /// Only events accepted since then: 90s, 15m, 2h, 7d ago, or a time like 2026-01-02T03:04:05Z.
    #[arg(long, value_parser = when)]
    since: Option<When>,

    /// Only events accepted until then.
    #[arg(long, value_parser = when)]
    until: Option<When>,

    /// Only events with this correlation id.
    #[arg(long)]
    correlation_id: Option<String>,

    /// The largest number of events to list.
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: usize,

    /// Print each event as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// A status, as the flags name it.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum StatusName {
    Scheduled,
    InProgress,
    Succeeded,
    Failed,
    Recovered,
    Skipped,
}

impl From<StatusName> for Status {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Scheduled => Self::Scheduled,
            StatusName::InProgress => Self::InProgress,
            StatusName::Succeeded => Self::Succeeded,
            StatusName::Failed => Self::Failed,
            StatusName::Recovered => Self::Recovered,
            StatusName::Skipped => Self::Skipped,
        }
    }
}

/// Lists, shows or follows events.
pub(crate) async fn events(args: EventsArgs) -> CommandResult {
    let client = args.remote.client()?;
    if let Some(event_id) = args.event {
        let found = client.find_event(event_id).await?;
        let event = found.ok_or_else(|| format!("no webhook has an event with the id {event_id}"))?;
        return show_one(&client, event.config_id, event_id, args.json).await;
    }
    let webhook = match &args.webhook {
        Some(webhook) => Some(remote::find_webhook(&client, webhook).await?),
        None => None,
    };
    let config_id = match (webhook, args.event_id) {
        (Some(config_id), Some(event_id)) => {
            return show_one(&client, config_id, event_id, args.json).await;
        }
        (Some(config_id), None) if !args.search.is_given() => config_id,
        (webhook, _) => return across::search(&client, webhook, args).await,
    };
    let now = hookstep_ambient::Sources::system().now();
    let query = EventQuery {
        status: args.status.map(Status::from),
        from: args.since.map(|since| since.resolve(now)),
        to: args.until.map(|until| until.resolve(now)),
        correlation_id: args.correlation_id,
        ..EventQuery::default()
    };
    // To follow without listing anything, the newest event is needed all the same: only later ones are printed.
    let limit = if args.follow { args.limit.max(1) } else { args.limit };
    let list = list(&client, config_id, &query, limit).await?;
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

/// Prints an event with its attempts.
async fn show_one(client: &Client, config_id: ConfigId, event_id: EventId, json: bool) -> CommandResult {
    let event = client.event(config_id, event_id).await?;
    match json {
        true => out::json(&event)?,
        false => show::details(&event)?,
    }
    Ok(())
}

/// The largest number of events on a page.
const MAX_PAGE_EVENTS: usize = 100;

/// Reads the newest events of a webhook, newest first.
async fn list(
    client: &Client,
    config_id: ConfigId,
    query: &EventQuery,
    limit: usize,
) -> Result<Vec<Event>, BoxError> {
    let mut events = Vec::new();
    let mut query = query.clone();
    while events.len() < limit {
        query.limit = u32::try_from((limit - events.len()).min(MAX_PAGE_EVENTS)).ok();
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
