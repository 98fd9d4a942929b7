//! Drives an execution to its end or its next long wait.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use hookstep_asl::{Event, Execution, Json, Progress, TaskError};
use hookstep_contract::MachineKind;
use tokio::sync::oneshot;

use crate::admission::{Entrant, Place};
use crate::context::Context;
use crate::executions::{Stage, millis};
use crate::journal::{Ended, ExecutionStatus};
use crate::machines::kind_of_execution;
use crate::ports::Histories;
use crate::restore::{Resumed, resume, resume_after_panic};
use crate::task_host::TaskHost;

/// An execution that is suspended until `wake_at`.
pub(crate) struct Sleep {
    pub(crate) arn: String,
    /// In milliseconds since 1970.
    pub(crate) wake_at: i64,
}

/// Drives an execution that has a place.
pub(crate) async fn drive(context: Arc<Context>, place: Place, entrant: Entrant) -> Option<Sleep> {
    match kind_of_execution(&entrant.arn) {
        MachineKind::Express => drive_until_stopped(&context, &place, entrant).await,
        MachineKind::Standard => {
            // Before the journal is read, so that no stop is missed.
            let stop = context.executions.stoppable(&entrant.arn);
            tokio::select! {
                biased;
                () = stop.requested() => None,
                sleep = drive_until_stopped(&context, &place, entrant) => sleep,
            }
        }
    }
}

/// A panic ends only this execution.
async fn drive_until_stopped(context: &Context, place: &Place, entrant: Entrant) -> Option<Sleep> {
    let Entrant { arn, stage, report } = entrant;
    let mut stage = match stage {
        Some(stage) => stage,
        None => match resume(context, &arn).await {
            Resumed::Stage(stage) => stage,
            Resumed::Later(wake_at) => return Some(Sleep { arn, wake_at }),
            Resumed::Ended => return None,
        },
    };
    stage.report = report;
    let driven = AssertUnwindSafe(drive_to_pause(context, place, *stage)).catch_unwind().await;
    match driven {
        Ok(sleep) => sleep,
        Err(_) => match resume_after_panic(context, &arn).await {
            Resumed::Stage(stage) => drive_to_pause(context, place, *stage).await,
            Resumed::Later(_) | Resumed::Ended => None,
        },
    }
}

async fn drive_to_pause(context: &Context, place: &Place, stage: Stage) -> Option<Sleep> {
    let _running = context.executions.counts.running();
    let Stage { machine, mut execution, mut checkpoint, is_new, history, mut report } = stage;
    if is_new {
        if machine.kind() == MachineKind::Express {
            // The definition looks at the time since the start, and waiting for a place is not a part of it.
            execution.start_time = (context.executions.sources.clock)();
        }
        history.push(Event::execution_started(&execution));
    }
    let arn = execution.id.clone();
    let task_host = TaskHost { context, place, kind: machine.kind(), arn: arn.clone(), history };
    let result = loop {
        let run = machine.definition().run(&execution, checkpoint, &task_host);
        match unless_cut_off(context, machine.kind(), &execution, run).await {
            Progress::Succeeded(output) => break Ok(output),
            Progress::Failed(error) => break Err(error),
            Progress::Waiting { until, resume } => {
                let wake_at = millis(until);
                place.rest();
                if machine.kind() == MachineKind::Express
                    && is_waited_for(report.as_mut(), context.sleep_until(wake_at)).await
                {
                    checkpoint = resume;
                    continue;
                }
                // What nobody waits for keeps neither a place nor memory, and is not forgotten by a crash. On AWS, an
                // express execution would wait where it is, and start over after a crash.
                match task_host.write_checkpoint(&resume, Some(wake_at)) {
                    Ok(()) => return Some(Sleep { arn, wake_at }),
                    Err(error) => break Err(error),
                }
            }
        }
    };
    let ended = ended(result, &task_host);
    let answer = report.map(|report| (report, ended.clone()));
    context.executions.journal.end(&arn, ended);
    if let Some((report, ended)) = answer {
        // Nobody waits any more if the producer already has its 202.
        let _ = report.send(ended);
    }
    None
}

/// Runs an execution to its end or its next wait, unless it is an express one that faults cut off, which nothing in its definition catches.
async fn unless_cut_off(
    context: &Context,
    kind: MachineKind,
    execution: &Execution,
    run: impl Future<Output = Progress>,
) -> Progress {
    let faults = context.ports.faults.as_ref().filter(|_| kind == MachineKind::Express);
    let cut_off = faults.and_then(|faults| faults.cut_off(&execution.input, execution.start_time));
    let Some(cut_off) = cut_off else { return run.await };
    tokio::select! {
        biased;
        progress = run => progress,
        () = cut_off => Progress::Failed(TaskError::new("States.Timeout", "the execution ran for too long")),
    }
}

/// Whether somebody waits for the execution until `pause` is over, as for the short pauses of a sync delivery.
async fn is_waited_for(report: Option<&mut oneshot::Sender<Ended>>, pause: impl Future<Output = ()>) -> bool {
    let Some(report) = report else { return false };
    tokio::select! {
        biased;
        () = report.closed() => false,
        () = pause => true,
    }
}

fn ended(result: Result<Json, TaskError>, task_host: &TaskHost<'_>) -> Ended {
    let (status, output, failure) = match result {
        Ok(output) => (ExecutionStatus::Succeeded, Some(output.to_string()), None),
        Err(failure) => (ExecutionStatus::Failed, None, Some(failure)),
    };
    if let Some(failure) = &failure {
        tracing::error!(execution = task_host.arn, error.name = failure.error, "an execution failed");
    }
    let (error, cause) = failure.map(|failure| (failure.error, failure.cause)).unzip();
    let stopped_at = task_host.context.executions.now();
    // A standard execution has written most of its history with its checkpoints, so it gets the rest.
    let is_kept = status != ExecutionStatus::Succeeded
        || task_host.kind == MachineKind::Standard
        || task_host.context.ports.histories == Histories::Full;
    let history = is_kept.then(|| task_host.history.text());
    Ended { status, output, error, cause, history, stopped_at }
}
