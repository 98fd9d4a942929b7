//! `hookstep history`.

use std::path::PathBuf;

use clap::Args;
use hookstep_contract::EventId;

use crate::out;
use crate::settings::Outcome;

/// Whose executions to print.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The event, as the trigger answered it.
    event_id: String,

    /// The host's data directory.
    #[arg(long, env = "HOOKSTEP_DATA_DIR", default_value = ".hookstep")]
    data_dir: PathBuf,
}

/// Prints the executions of an event: a line for each, then its history, a JSON object a line.
pub(crate) fn print(args: HistoryArgs) -> Outcome {
    let event_id: EventId = args.event_id.parse()?;
    let executions = hookstep_host::executions_of(&args.data_dir, event_id)?;
    if executions.is_empty() {
        return Err(format!("there is no execution of the event {event_id} (any more)").into());
    }
    for execution in executions {
        out::line(format_args!("# {} {}", execution.arn, execution.status))?;
        out::text(&execution.history)?;
    }
    Ok(())
}
