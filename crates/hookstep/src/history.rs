//! `hookstep history`.

use std::path::PathBuf;

use clap::Args;
use hookstep_contract::EventId;

use crate::out;
use crate::settings::CommandResult;

/// The arguments of `hookstep history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The event id, from the answer of the trigger.
    event_id: String,

    /// The host's data directory.
    #[arg(long, env = "HOOKSTEP_DATA_DIR", default_value = ".hookstep")]
    data_dir: PathBuf,
}

/// Prints each execution of an event: a heading line, then its history, one JSON object per line.
pub(crate) fn print(args: HistoryArgs) -> CommandResult {
    let event_id: EventId = args.event_id.parse()?;
    let executions = hookstep_host::executions_of(&args.data_dir, event_id)?;
    if executions.is_empty() {
        return Err(format!("there is no execution of the event {event_id}, or it is no longer kept").into());
    }
    for execution in executions {
        out::line(format_args!("# {} {}", execution.arn, execution.status))?;
        out::text(&execution.history)?;
    }
    Ok(())
}
