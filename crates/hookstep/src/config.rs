//! `hookstep config apply`.

mod apply;
mod changes;
mod file;
mod node;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::remote::Remote;
use crate::settings::Outcome;

const HELP: &str = "\
The file has a list of webhooks, each with the fields that the API has (they are
listed at /docs of your Hookstep):

  webhooks:
    - name: orders
      url: https://example.com/hooks/orders
      headers: {x-tenant: acme}
      retry: {schedule_seconds: [5, 60, 600]}
      auth: {type: basic, username: us, password: \"${ORDERS_PASSWORD}\"}

A webhook is the one with its config_id, or else the only one of its name;
where there is none of its name, it is created. Fields that the file does not
have stay as they are, null stands for the default, and webhooks that the file
does not have are left alone. Applied twice, the second time changes nothing.

${NAME} is the environment variable NAME, and is shown by its name only; where
no variable is meant, write $${.

Credentials can be set but not read, so that one cannot tell whether they have
changed: they are sent when their webhook is created, when something else of its
auth or tls changes, and with --send-secrets. They are never shown.

--dry-run shows what would change. Whether Hookstep takes it is seen only when
it is applied: at the first refusal this command ends, and names the line.

Exit code: 0 when all is as the file says (with --dry-run: when it could be
compared), 2 for a wrong command line, 4 otherwise.";

/// What to do with a file.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Create and change webhooks until they are as the file says.
    #[command(after_help = HELP)]
    Apply(ApplyArgs),
}

/// A file to be applied.
#[derive(Debug, Args)]
struct ApplyArgs {
    #[command(flatten)]
    remote: Remote,

    /// The file; - is standard input.
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,

    /// Show what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,

    /// Send all credentials of the file, whether or not anything else changes.
    #[arg(long)]
    send_secrets: bool,

    /// Print the signing secrets of webhooks that are created. They are shown this once; later they can be rotated.
    #[arg(long)]
    show_signing_secrets: bool,
}

/// Does what it is told with a file.
pub(crate) async fn config(args: ConfigArgs) -> Outcome {
    match args.command {
        ConfigCommand::Apply(args) => apply::apply(args).await,
    }
}
