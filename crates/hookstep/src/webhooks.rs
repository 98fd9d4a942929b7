//! `hookstep webhooks`.

mod show;
mod test;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hookstep_client::{Client, Webhook};
use serde_json::json;

use crate::out;
use crate::remote::{self, Remote};
use crate::settings::{BoxError, CommandResult, ExitResult};

pub(crate) const HELP: &str = "\
A webhook is named by its config_id or its name. Authentication, filters, retry
schedules and all other fields are set with `hookstep config apply`.

Examples:
  hookstep webhooks list
  hookstep webhooks create orders https://example.com/hooks/orders
  hookstep webhooks test orders --event-type order.created
  hookstep webhooks disable orders              events are recorded as skipped
  hookstep webhooks list --json | jq -r .url";

/// The arguments of `hookstep webhooks`.
#[derive(Debug, Args)]
pub(crate) struct WebhooksArgs {
    #[command(subcommand)]
    command: WebhooksCommand,
}

#[derive(Debug, Subcommand)]
enum WebhooksCommand {
    /// List all webhooks, oldest first.
    List(ListArgs),
    /// Show one webhook with its fields.
    Show(OneArgs),
    /// Create a webhook, and print its signing secret: it is shown only this once.
    Create(CreateArgs),
    /// Send a test to the receiver, and print its answer.
    #[command(after_help = test::HELP)]
    Test(test::TestArgs),
    /// Send the events of a webhook from now on.
    Enable(OneArgs),
    /// Record the events of a webhook as skipped from now on.
    Disable(OneArgs),
    /// Delete a webhook. Its pending retries are not made; its events stay readable.
    Delete(DeleteArgs),
}

/// The arguments of `hookstep webhooks list`.
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    remote: Remote,

    /// Print each webhook as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// The arguments of a command about one webhook.
#[derive(Debug, Args)]
struct OneArgs {
    #[command(flatten)]
    remote: Remote,

    /// The webhook, by its `config_id` or its name.
    webhook: String,

    /// Print the webhook as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// The arguments of `hookstep webhooks create`.
#[derive(Debug, Args)]
struct CreateArgs {
    #[command(flatten)]
    remote: Remote,

    /// Its name, for people.
    name: String,

    /// The URL of the receiver.
    #[arg(value_name = "URL")]
    receiver: String,

    /// A type of bus events that it receives, such as order.*; may be repeated.
    #[arg(long = "event-type", value_name = "TYPE")]
    event_types: Vec<String>,

    /// Create it disabled.
    #[arg(long)]
    disabled: bool,

    /// Print the webhook, with its signing secret, as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// The arguments of `hookstep webhooks delete`.
#[derive(Debug, Args)]
struct DeleteArgs {
    #[command(flatten)]
    remote: Remote,

    /// The webhook, by its `config_id` or its name.
    webhook: String,

    /// Delete it without asking.
    #[arg(short, long)]
    yes: bool,
}

/// Runs the command.
pub(crate) async fn webhooks(args: WebhooksArgs) -> ExitResult {
    match args.command {
        WebhooksCommand::List(args) => list(args).await?,
        WebhooksCommand::Show(args) => {
            let (_, webhook) = find(&args.remote, &args.webhook).await?;
            print(&webhook, args.json)?;
        }
        WebhooksCommand::Create(args) => create(args).await?,
        WebhooksCommand::Test(args) => return test::test(args).await,
        WebhooksCommand::Enable(args) => set(args, true).await?,
        WebhooksCommand::Disable(args) => set(args, false).await?,
        WebhooksCommand::Delete(args) => delete(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(args: ListArgs) -> CommandResult {
    let webhooks = remote::webhooks(&args.remote.client()?).await?;
    if args.json {
        return Ok(webhooks.iter().try_for_each(out::json)?);
    }
    Ok(show::table(&webhooks)?)
}

async fn create(args: CreateArgs) -> CommandResult {
    let CreateArgs { remote, name, receiver, event_types, disabled, json } = args;
    let fields = json!({"name": name, "url": receiver, "event_types": event_types, "enabled": !disabled});
    print(&remote.client()?.create_webhook(&fields).await?, json)
}

async fn set(args: OneArgs, enabled: bool) -> CommandResult {
    let (client, webhook) = find(&args.remote, &args.webhook).await?;
    let webhook = client.update_webhook(webhook.config_id, &json!({"enabled": enabled})).await?;
    if args.json {
        return Ok(out::json(&webhook)?);
    }
    Ok(out::line(format_args!("{} {}", webhook.config_id, show::state(&webhook)))?)
}

async fn delete(args: DeleteArgs) -> CommandResult {
    let (client, webhook) = find(&args.remote, &args.webhook).await?;
    if !args.yes && !is_confirmed(&webhook)? {
        return Err("nothing was deleted".into());
    }
    client.delete_webhook(webhook.config_id).await?;
    Ok(out::line(format_args!("{} deleted", webhook.config_id))?)
}

/// Asks whether the webhook is the right one.
fn is_confirmed(webhook: &Webhook) -> Result<bool, BoxError> {
    if !std::io::stdin().is_terminal() {
        return Err("give --yes to delete a webhook without being asked".into());
    }
    let (name, url) = (out::sanitise(&webhook.name), out::sanitise(&webhook.url));
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "Delete the webhook {name:?} to {url}? Its pending retries are not made. [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn find(remote: &Remote, text: &str) -> Result<(Client, Webhook), BoxError> {
    let client = remote.client()?;
    let webhook = client.webhook(remote::find_webhook(&client, text).await?).await?;
    Ok((client, webhook))
}

fn print(webhook: &Webhook, json: bool) -> CommandResult {
    if json { Ok(out::json(webhook)?) } else { Ok(show::details(webhook)?) }
}
