//! `hookstep config apply`.

mod apply;
mod changes;
mod file;
mod node;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::remote::Remote;
use crate::settings::CommandResult;

const HELP: &str = "\
The file has a list of webhooks, each with the fields of the API (see /docs of
your Hookstep):

  webhooks:
    - name: orders
      url: https://example.com/hooks/orders
      headers: {x-tenant: acme}
      retry: {schedule_seconds: [5, 60, 600]}
      auth: {type: basic, username: us, password: \"${ORDERS_PASSWORD}\"}

A webhook is found by its config_id if it has one, otherwise by its name; if no
webhook has the name, it is created. Fields that are not in the file stay as
they are, null sets the default, and webhooks that are not in the file are not
touched. Applying the same file again changes nothing.

${NAME} is replaced by the environment variable NAME; the output shows only the
name. Write $${ for a literal ${.

Credentials can be set but not read, so this command cannot tell whether they
have changed. It sends them when the webhook is created, when something else in
its auth or tls changes, and with --send-secrets. It never prints them.

--dry-run shows what would change. Hookstep checks a webhook only when it is
applied: at the first refusal this command stops, and names the line.

Exit code: 0 if all webhooks are as in the file (with --dry-run: if they could
be compared), 2 for a wrong command line, 4 otherwise.";

/// The arguments of `hookstep config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Create and change webhooks so that they are as in the file.
    #[command(after_help = HELP)]
    Apply(ApplyArgs),
}

/// The arguments of `hookstep config apply`.
#[derive(Debug, Args)]
struct ApplyArgs {
    #[command(flatten)]
    remote: Remote,

    /// The file; - is standard input.
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,

    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,

    /// Send all credentials in the file, even if nothing else changes.
    #[arg(long)]
    send_secrets: bool,

    /// Print the signing secrets of webhooks that are created. Later they can be replaced, but not read.
    #[arg(long)]
    show_signing_secrets: bool,
}

/// Runs the command.
pub(crate) async fn config(args: ConfigArgs) -> CommandResult {
    match args.command {
        ConfigCommand::Apply(args) => apply::apply(args).await,
    }
}
