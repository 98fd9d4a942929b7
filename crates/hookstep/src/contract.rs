//! `hookstep contract`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use hookstep_client::{CheckedWebhook, ContractCheck};

use crate::event_types::read_json;
use crate::out;
use crate::remote::Remote;
use crate::settings::ExitResult;

pub(crate) const HELP: &str = "\
Nothing is saved or sent. For each webhook that listens to the type, its filter,
its transform and its order key are run on the sample of the new version, and
its newest recorded bodies of the type are checked against the new schema.

The exit code is 0 if nothing breaks, and 1 if something does.

Example:
  hookstep contract check order-2.json --type order.created --sample sample.json";

/// The exit code if something breaks.
const BREAKS: u8 = 1;

/// The arguments of `hookstep contract`.
#[derive(Debug, Args)]
pub(crate) struct ContractArgs {
    #[command(subcommand)]
    command: ContractCommand,
}

#[derive(Debug, Subcommand)]
enum ContractCommand {
    /// List the webhooks that a new version of an event type would break.
    #[command(after_help = HELP)]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    remote: Remote,

    /// The file with the JSON Schema (2020-12) of the new version.
    schema: String,

    /// The name of the event type.
    #[arg(long = "type", value_name = "TYPE")]
    event_type: String,

    /// A file with a payload of the new version; by default the first of the schema's examples, or its default.
    #[arg(long, value_name = "FILE")]
    sample: Option<String>,

    /// Print each webhook, with what breaks, as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) async fn contract(args: ContractArgs) -> ExitResult {
    let ContractCommand::Check(args) = args.command;
    let sample = args.sample.as_deref().map(read_json).transpose()?;
    let new = ContractCheck { schema: read_json(&args.schema)?, sample };
    let client = args.remote.client()?;
    let (mut webhooks, mut broken, mut cursor) = (0, 0, None::<String>);
    loop {
        let page = client.check_event_type(&args.event_type, &new, cursor.as_deref()).await?;
        for webhook in &page.data {
            webhooks += 1;
            broken += usize::from(!webhook.breaks.is_empty());
            if args.json { out::json(webhook)? } else { show(webhook)? }
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    out::note(format_args!("{broken} of {webhooks} webhooks would break"));
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::from(BREAKS) })
}

/// What breaks at a webhook, if something does.
fn show(webhook: &CheckedWebhook) -> std::io::Result<()> {
    for found in &webhook.breaks {
        let about = found.event_id.map(|event_id| format!(" (event {event_id})")).unwrap_or_default();
        let [name, field, reason] =
            [&webhook.name, &found.field, &found.reason].map(|text| out::sanitise(text));
        out::line(format_args!("{} {name}: {field}: {reason}{about}", webhook.config_id))?;
    }
    Ok(())
}
