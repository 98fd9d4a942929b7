//! `hookstep orgs`.

use clap::{Args, Subcommand};
use hookstep_client::{Client, NewOrg, Org, OrgId, OrgPatch, OrgQuery, OrgStatus, StatsBucket};

use crate::out;
use crate::remote::Remote;
use crate::settings::CommandResult;

pub(crate) const HELP: &str = "\
The token is one of the platform: `hookstep token --platform` makes it beside
the host, or HOOKSTEP_PLATFORM_TOKEN at its start. A line for each org has its
id, its status and its name.

Examples:
  hookstep orgs list --search acme
  hookstep orgs create acme 'Acme Ltd.' --max-webhooks 10
  hookstep orgs busiest --top 10
  hookstep orgs suspend acme
  hookstep orgs delete acme --yes";

/// The arguments of `hookstep orgs`.
#[derive(Debug, Args)]
pub(crate) struct OrgsArgs {
    #[command(flatten)]
    remote: Remote,

    /// Print each org as one line of JSON.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: OrgsCommand,
}

#[derive(Debug, Subcommand)]
enum OrgsCommand {
    /// List orgs, in the order of their ids.
    List {
        /// Only those with this text in their id or name.
        #[arg(long)]
        search: Option<String>,
    },
    /// List the orgs with the most events in the last 24 hours, each with their number. All orgs are counted, twenty at a time; one
    /// with too many webhooks to be counted at once comes last.
    Busiest {
        /// How many to list.
        #[arg(long, default_value_t = 20)]
        top: usize,
    },
    /// Create an org.
    Create {
        /// Its id: 1 to 32 of a-z, 0-9, - and _.
        org_id: OrgId,
        /// Its name, for people.
        name: String,
        /// How many webhooks it may have.
        #[arg(long)]
        max_webhooks: Option<u32>,
        /// How many days its events are kept.
        #[arg(long)]
        retention_days: Option<u32>,
        /// How many hours the bodies of its events are kept after these have ended.
        #[arg(long)]
        body_retention_hours: Option<u32>,
        /// A JSONPath to values in bodies that are not kept; may be given up to 20 times.
        #[arg(long = "redact-path", value_name = "JSONPATH")]
        redact_paths: Vec<String>,
    },
    /// Accept no events and no changes for an org until it is resumed.
    Suspend {
        /// The org.
        org_id: OrgId,
    },
    /// End the suspension of an org.
    Resume {
        /// The org.
        org_id: OrgId,
    },
    /// Delete an org with everything that it has, in the background. It cannot be undone.
    Delete {
        /// The org.
        org_id: OrgId,
        /// Really delete it.
        #[arg(short, long, required = true)]
        yes: bool,
    },
}

/// Runs the command.
pub(crate) async fn orgs(args: OrgsArgs) -> CommandResult {
    let OrgsArgs { remote, json, command } = args;
    let client = remote.client()?;
    let set = |status| OrgPatch {
        name: None,
        metadata: None,
        limits: None,
        retention_days: None,
        body_retention_hours: None,
        redact_paths: None,
        status: Some(status),
    };
    match command {
        OrgsCommand::List { search } => {
            let mut query = OrgQuery { search, ..OrgQuery::default() };
            loop {
                let page = client.orgs(&query).await?;
                page.data.iter().try_for_each(|org| print(org, json))?;
                if page.next_cursor.is_none() {
                    return Ok(());
                }
                query.cursor = page.next_cursor;
            }
        }
        OrgsCommand::Busiest { top } => busiest(&client, top, json).await,
        OrgsCommand::Create {
            org_id,
            name,
            max_webhooks,
            retention_days,
            body_retention_hours,
            redact_paths,
        } => {
            let limits = hookstep_contract::OrgLimits { max_webhooks };
            let (org_id, metadata) = (Some(org_id), [].into());
            let new =
                NewOrg { org_id, name, metadata, limits, retention_days, body_retention_hours, redact_paths };
            print(&client.create_org(&new).await?, json)
        }
        OrgsCommand::Suspend { org_id } => {
            print(&client.change_org(&org_id, &set(OrgStatus::Suspended)).await?, json)
        }
        OrgsCommand::Resume { org_id } => {
            print(&client.change_org(&org_id, &set(OrgStatus::Active)).await?, json)
        }
        OrgsCommand::Delete { org_id, .. } => print(&client.delete_org(&org_id).await?, json),
    }
}

/// Counts the events of all orgs, and prints those that have most. Last come those whose number is not known, if there are any.
async fn busiest(client: &Client, top: usize, json: bool) -> CommandResult {
    let mut query = OrgQuery { with_stats: true, ..OrgQuery::default() };
    let (mut counted, mut uncounted) = (Vec::new(), Vec::new());
    loop {
        let page = client.orgs(&query).await?;
        for org in page.data {
            match org.stats.as_ref().map(StatsBucket::events) {
                Some(events) => counted.push((events, org)),
                None => uncounted.push(org),
            }
        }
        // No more are wanted, however many orgs there are.
        counted.sort_by(|(one, a), (other, b)| other.cmp(one).then_with(|| a.org_id.cmp(&b.org_id)));
        counted.truncate(top);
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    let counted = counted.iter().map(|(events, org)| (events.to_string(), org));
    for (events, org) in counted.chain(uncounted.iter().map(|org| ("-".to_owned(), org))) {
        match json {
            true => out::json(org)?,
            false => out::line(format_args!("{events} {} {}", org.org_id, org.name))?,
        }
    }
    Ok(())
}

fn print(org: &Org, json: bool) -> CommandResult {
    if json {
        return Ok(out::json(org)?);
    }
    Ok(out::line(format_args!("{} {} {}", org.org_id, org.status.as_str(), org.name))?)
}
