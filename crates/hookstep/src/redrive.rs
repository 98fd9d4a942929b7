//! `hookstep redrive`: puts back what the last resorts have kept.

mod aws;
mod message;
mod queue;
mod run;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hookstep_ambient::Sources;
use hookstep_contract::Timestamp;

use crate::out;
use crate::settings::{BoxError, ExitResult};
use aws::Aws;
use message::{Action, Message};
use queue::SqsQueue;
use run::{Fate, Received, Tally, Target};

pub(crate) const HELP: &str = r#"Two queues keep what Hookstep could not deliver for a reason of its own:
LostQueue has events whose failure could not even be recorded, and schedules
that could not start; UndeliveredQueue has events of the bus that dispatch did
not take. This command lists them. With --yes it puts them back, and deletes
each message once its start is accepted. What it does not understand stays.

To put an event back twice is harmless: it is recorded and delivered once, and
an attempt that was made is not made again.

Credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and
AWS_REGION, as the AWS CLI exports them; for a host, `hookstep aws-credentials`
prints them.

Exit code: 0 if all messages are (or can be) put back, 1 if some stay, 2 for a
wrong command line, 4 if a service refused or cannot be reached.

Examples:
  eval "$(aws configure export-credentials --format env)"
  aws cloudformation describe-stacks --stack-name hookstep \
    --query 'Stacks[0].Outputs' --output table
  hookstep redrive --lost-queue-url https://sqs… --state-machine arn:aws:…
  hookstep redrive --undelivered-queue-url https://sqs… \
    --dispatch-function arn:aws:lambda:… --yes"#;

/// The arguments of `hookstep redrive`.
#[derive(Debug, Args)]
pub(crate) struct RedriveArgs {
    /// The URL of the queue of lost events.
    #[arg(
        long,
        value_name = "URL",
        required_unless_present = "undelivered_queue_url",
        requires = "state_machine"
    )]
    lost_queue_url: Option<String>,

    /// The URL of the queue of events from the bus that were not dispatched.
    #[arg(long, value_name = "URL", requires = "dispatch_function")]
    undelivered_queue_url: Option<String>,

    /// The ARN of the express state machine.
    #[arg(long, value_name = "ARN")]
    state_machine: Option<String>,

    /// The name or ARN of the function `dispatch`.
    #[arg(long, value_name = "NAME")]
    dispatch_function: Option<String>,

    /// Where AWS is, if it is not AWS: a host (its URL with the path `/aws`) or an emulator.
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    endpoint_url: Option<String>,

    /// Put the messages back. Without this, they are only listed.
    #[arg(long)]
    yes: bool,
}

/// What messages are put back into.
struct Stack<'a> {
    aws: &'a Aws,
    args: &'a RedriveArgs,
}

impl Target for Stack<'_> {
    async fn act(&self, action: &Action) -> Result<(), BoxError> {
        match (action, &self.args.state_machine, &self.args.dispatch_function) {
            (Action::Start { name, input }, Some(machine), _) => self.aws.start(machine, name, input).await,
            (Action::Dispatch { payload }, _, Some(function)) => self.aws.invoke(function, payload).await,
            (Action::Start { .. }, None, _) => Err("it needs --state-machine".into()),
            (Action::Dispatch { .. }, _, None) => Err("it needs --dispatch-function".into()),
        }
    }
}

/// Lists what the queues hold, or puts it back.
pub(crate) async fn redrive(args: RedriveArgs) -> ExitResult {
    let aws = Aws::from_env(args.endpoint_url.clone())?;
    let stack = Stack { aws: &aws, args: &args };
    let mut total = Tally::default();
    for url in [&args.lost_queue_url, &args.undelivered_queue_url].into_iter().flatten() {
        let queue = SqsQueue { aws: &aws, url };
        let now = Sources::system().now();
        let tell = |received: &Received, fate: &Fate| out::line(line(received, fate, now));
        let tally = run::redrive(&queue, &stack, args.yes, tell).await?;
        total.put_back += tally.put_back;
        total.failed += tally.failed;
        total.unknown += tally.unknown;
    }
    out::note(summary(total, args.yes));
    Ok(if total.failed + total.unknown == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A line about a message, without its body.
fn line(received: &Received, fate: &Fate, now: Timestamp) -> String {
    let age = received.sent_at.map_or_else(|| "?".to_owned(), |sent_at| age(now.since(sent_at)));
    let about = |message: &Message| {
        let webhook = message.webhook.map_or_else(|| "-".to_owned(), |id| id.to_string());
        let cause = message.cause.as_deref().or(received.cause.as_deref()).unwrap_or("unknown cause");
        out::sanitise(&format!("event {}  webhook {webhook}  {age} ago  {cause}", message.event))
    };
    match fate {
        Fate::Planned(message) => format!("would be put back: {}", about(message)),
        Fate::PutBack(message) => format!("put back: {}", about(message)),
        Fate::Failed(message, error) => {
            format!("stays: {}: {}", about(message), out::sanitise(&error.to_string()))
        }
        Fate::Unknown => {
            out::sanitise(&format!("stays: message {}  {age} ago: its form is not known", received.id))
        }
    }
}

fn summary(Tally { put_back, failed, unknown }: Tally, for_real: bool) -> String {
    let verb = if for_real { "put back" } else { "can be put back" };
    let hint = if for_real || put_back == 0 { "" } else { "; nothing was changed: --yes does it" };
    format!("{put_back} {verb}, {failed} failed, {unknown} not understood{hint}")
}

/// A duration in its largest unit.
fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(length, _)| seconds >= *length);
    unit.map_or_else(|| format!("{seconds}s"), |(length, name)| format!("{}{name}", seconds / length))
}
