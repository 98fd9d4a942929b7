//! `hookstep events` over all webhooks.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use clap::Args;
use hookstep_client::{Client, ConfigId, Error, EventSearch, Status};

use super::{EventsArgs, MAX_PAGE_EVENTS, show};
use crate::out;
use crate::settings::CommandResult;

/// What only a search over webhooks can ask for.
#[derive(Debug, Args)]
#[group(id = "search", multiple = true)]
pub(super) struct SearchArgs {
    /// Only events of this type; `order.*` for all that begin alike.
    #[arg(long = "type")]
    event_type: Option<String>,

    /// Only events with this code: a status code (503), a class (5xx), or a reason code (dns).
    #[arg(long)]
    code: Option<String>,

    /// Only events of webhooks whose URL has this host.
    #[arg(long, conflicts_with = "webhook")]
    host: Option<String>,

    /// Only events whose body has this text.
    #[arg(long)]
    text: Option<String>,
}

impl SearchArgs {
    pub(super) fn is_given(&self) -> bool {
        let Self { event_type, code, host, text } = self;
        [event_type, code, host, text].into_iter().any(Option::is_some)
    }
}

/// Lists events of all webhooks, or of one.
pub(super) async fn search(client: &Client, webhook: Option<ConfigId>, args: EventsArgs) -> CommandResult {
    let now = hookstep_ambient::Sources::system().now();
    let SearchArgs { event_type, code, host, text } = args.search;
    let mut search = EventSearch {
        event_type,
        status: args.status.map(Status::from),
        code,
        host,
        config_id: webhook,
        correlation_id: args.correlation_id,
        text,
        from: args.since.map(|since| since.resolve(now)),
        to: args.until.map(|until| until.resolve(now)),
        limit: None,
        cursor: None,
    };
    if !args.json {
        show::head_across()?;
    }
    let mut names = BTreeMap::new();
    let mut left = args.limit;
    while left > 0 {
        search.limit = u32::try_from(left.min(MAX_PAGE_EVENTS)).ok();
        let page = client.search_events(&search).await?;
        left = left.saturating_sub(page.data.len());
        for event in &page.data {
            match args.json {
                true => out::json(event)?,
                false => show::row_across(event, name(client, &mut names, event.config_id).await?)?,
            }
        }
        let Some(cursor) = page.next_cursor else { break };
        search.cursor = Some(cursor);
        if let Some(looked_until) = page.looked_until.filter(|_| left > 0) {
            out::note(format_args!("looked until {looked_until}, going on"));
        }
    }
    Ok(())
}

/// The name of a webhook; its id if it has none any more.
async fn name<'a>(
    client: &Client,
    names: &'a mut BTreeMap<ConfigId, String>,
    config_id: ConfigId,
) -> Result<&'a str, Error> {
    match names.entry(config_id) {
        Entry::Occupied(known) => Ok(known.into_mut()),
        Entry::Vacant(new) => Ok(new.insert(match client.webhook(config_id).await {
            Ok(webhook) => webhook.name,
            Err(error) if error.status() == Some(404) => config_id.to_string(),
            Err(error) => return Err(error),
        })),
    }
}
