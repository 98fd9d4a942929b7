//! `hookstep history`.

mod show;

use std::path::PathBuf;

use clap::Args;
use hookstep_contract::EventId;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::out;
use crate::settings::{BoxError, CommandResult};

pub(crate) const HELP: &str = "\
Each execution is a heading and a line for each state: when it was entered,
counted from the start, how long it took, and how it ended. With --json, each
execution is one line with its whole history: every input and every output.
The history of an execution that succeeded is kept if the host runs with
--history full, or on the standard machine.

Examples:
  hookstep history 0193…
  hookstep history 0193… --json | jq '.history[] | select(.error)'";

/// The arguments of `hookstep history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The event id, from the answer of the trigger.
    event_id: String,

    /// The host's data directory.
    #[arg(long, env = "HOOKSTEP_DATA_DIR", default_value = ".hookstep")]
    data_dir: PathBuf,

    /// Print each execution as one line of JSON, with every input and output.
    #[arg(long)]
    json: bool,
}

/// An execution in JSON.
#[derive(Serialize)]
struct Printed<'a> {
    arn: &'a str,
    status: &'a str,
    history: Vec<&'a RawValue>,
}

/// Prints each execution of an event.
pub(crate) fn print(args: HistoryArgs) -> CommandResult {
    let event_id: EventId = args.event_id.parse()?;
    let executions = hookstep_host::executions_of(&args.data_dir, event_id)?;
    if executions.is_empty() {
        return Err(format!("there is no execution of the event {event_id}, or it is no longer kept").into());
    }
    for execution in &executions {
        let (arn, status) = (&*execution.arn, &*execution.status);
        let lines = execution.history.lines();
        if args.json {
            let history: Result<_, BoxError> = lines.map(|line| Ok(serde_json::from_str(line)?)).collect();
            out::json(&Printed { arn, status, history: history? })?;
        } else {
            let events: Result<Vec<_>, BoxError> =
                lines.map(|line| Ok(serde_json::from_str(line)?)).collect();
            show::execution(arn, status, &events?)?;
        }
    }
    Ok(())
}
