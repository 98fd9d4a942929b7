//! `hookstep webhooks test`.

use clap::Args;
use hookstep_client::TestEvent;

use crate::remote::{self, Remote};
use crate::settings::ExitResult;
use crate::trigger::{media_type_of, report};

pub(crate) const HELP: &str = "\
Without a body, a sample is sent: that of --event-type, or of the first event
type that the webhook subscribes to by its name. The body of the receiver's
answer goes to standard output. The exit code is that of hookstep trigger
--sync.";

/// The arguments of `hookstep webhooks test`.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    remote: Remote,

    /// The webhook, by its `config_id` or its name.
    webhook: String,

    /// A file with the body, up to 64 KB; by default a sample is sent.
    file: Option<String>,

    /// The body itself, instead of a file.
    #[arg(short, long, conflicts_with = "file")]
    data: Option<String>,

    /// The type of the event, whose sample is sent if there is no body.
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,

    /// The body's media type; by default detected: JSON, text, or bytes.
    #[arg(short = 't', long)]
    content_type: Option<String>,

    /// Print Hookstep's answer as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) async fn test(args: TestArgs) -> ExitResult {
    let TestArgs { remote, webhook, file, data, event_type, content_type, json } = args;
    let body = match (data, file) {
        (Some(data), _) => data.into_bytes(),
        (None, Some(file)) => std::fs::read(&file).map_err(|error| format!("cannot read {file}: {error}"))?,
        (None, None) => Vec::new(),
    };
    let detected = (!body.is_empty()).then(|| media_type_of(&body).to_owned());
    let test = TestEvent { content_type: content_type.or(detected), body, event_type };
    let client = remote.client()?;
    let config_id = remote::find_webhook(&client, &webhook).await?;
    report(&client.test_webhook(config_id, &test).await?, json)
}
