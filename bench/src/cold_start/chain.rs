//! The whole chain with every function cold, as for the very first request: each function starts when its
//! event arrives.
//!
//! This process plays API Gateway and Step Functions: it runs the real definition in our interpreter, and
//! every Lambda task starts a process. `RecordEvent`, a direct DynamoDB call by Step Functions, responds at
//! once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hookstep_asl::{Event, Execution, Host, Json, Machine, Progress, TaskError};
use hookstep_engine::{LAMBDA_INVOKE, RESOURCES};
use hookstep_host::STEPS;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::Outcome;
use crate::aws::{EVENTS, MACHINE, Services};
use crate::environment::Environment;
use crate::functions::Functions;
use crate::invocations::trigger_event;
use crate::numbers::Times;

const DEFINITION: &str = include_str!("../../../statemachine.asl.json");

/// The event that each step received, by the function's name.
pub(crate) type StepEvents = HashMap<String, Value>;

/// The times of one pass through the chain.
struct Pass {
    /// Until the trigger responded to its producer.
    accepted: Duration,
    /// Until the receiver was called.
    delivered: Duration,
    /// Until the last function responded.
    ended: Duration,
    /// All functions together.
    cpu: Duration,
}

/// Runs the chain this many times; returns the events that its functions received.
pub(crate) async fn measure(
    functions: &Functions,
    services: &mut Services,
    times: usize,
) -> Outcome<StepEvents> {
    let machine = machine()?;
    let mut columns: [(&str, Times); 4] = [
        ("accepted (202), wall ms", Times::default()),
        ("at the receiver, wall ms", Times::default()),
        ("recorded, wall ms", Times::default()),
        ("CPU ms of the four functions", Times::default()),
    ];
    let mut events = StepEvents::new();
    for _ in 0..times {
        let pass;
        (pass, events) = run(functions, services, &machine).await?;
        let parts = [pass.accepted, pass.delivered, pass.ended, pass.cpu];
        for ((_, times), part) in columns.iter_mut().zip(parts) {
            times.push(part);
        }
    }
    println!("The whole chain cold, from the trigger's exec, {times} times\n");
    println!("| until | median | min | p90 |");
    println!("| --- | ---: | ---: | ---: |");
    for (name, times) in columns {
        println!(
            "| {name} | {:.1} | {:.1} | {:.1} |",
            times.median(),
            times.quantile(0.0),
            times.quantile(0.9)
        );
    }
    println!();
    Ok(events)
}

fn machine() -> Outcome<Machine> {
    let others = [
        ("Workflow", "express"),
        ("EventsTable", EVENTS),
        ("EventBus", "hookstep"),
        ("StandardStateMachineArn", MACHINE),
        // No attempt waits, no webhook has a limit or is slow, and no event is lost.
        ("ExpressStateMachineArn", MACHINE),
        ("RetryScheduleGroup", "retries"),
        ("SchedulerRoleArn", "no role"),
        ("LaneQueueUrl", "no queue"),
        ("DeliveryQueueUrl", "no queue"),
        ("LostQueueUrl", "no queue"),
        ("LostQueueArn", "no queue"),
    ];
    let pairs = STEPS.into_iter().chain(others);
    let substitutions = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Machine::load(DEFINITION, &substitutions, &RESOURCES)?)
}

async fn run(
    functions: &Functions,
    services: &mut Services,
    machine: &Machine,
) -> Outcome<(Pass, StepEvents)> {
    let mut trigger = Environment::start(functions.get("trigger")?).await?;
    let begin = trigger.started;
    let host = Cold { functions, ran: Mutex::default() };
    let execution = async {
        let input = services.executions.recv().await.ok_or("nothing was started")?;
        let progress = host.execute(machine, input).await;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((progress, Instant::now()))
    };
    let (accepted, (progress, ended)) = tokio::try_join!(trigger.invoke(trigger_event()), execution)?;
    match progress {
        Progress::Succeeded(output) if output.get("status").and_then(Json::as_str) == Some("succeeded") => {}
        other => return Err(format!("the delivery did not succeed: {other:?}").into()),
    }
    let delivered = services.arrivals.recv().await.ok_or("nothing was delivered")?;
    let ran = host.ran.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut cpu = trigger.cpu_at_rest().await?;
    let mut events = StepEvents::new();
    for (environment, event) in ran {
        cpu += environment.cpu_at_rest().await?;
        events.insert(environment.name.to_owned(), event);
    }
    let pass = Pass {
        accepted: accepted.at - begin,
        delivered: delivered - begin,
        ended: ended.max(accepted.at) - begin,
        cpu,
    };
    Ok((pass, events))
}

/// The environment of an execution in which every function is cold.
struct Cold<'a> {
    functions: &'a Functions,
    /// The environments that were started, and the input of each. Kept until their CPU time is read.
    ran: Mutex<Vec<(Environment, Value)>>,
}

impl Cold<'_> {
    async fn execute(&self, machine: &Machine, input: Value) -> Progress {
        let execution = Execution {
            id: format!("{MACHINE}:bench"),
            name: "bench".to_owned(),
            input: input.clone().into(),
            start_time: self.now(),
            machine_id: MACHINE.to_owned(),
            machine_name: "hookstep-express".to_owned(),
        };
        machine.run(&execution, machine.start(input), self).await
    }

    async fn invoke(&self, function: &str, event: Value) -> Outcome<Value> {
        let mut environment = Environment::start(self.functions.get(function)?).await?;
        let answer = environment.invoke(event.clone()).await?;
        self.ran.lock().unwrap_or_else(PoisonError::into_inner).push((environment, event));
        Ok(answer.body)
    }
}

impl Host for Cold<'_> {
    async fn call(&self, resource: &str, arguments: Json) -> Result<Json, TaskError> {
        if resource != LAMBDA_INVOKE {
            return Ok(json!({}).into());
        }
        let mut arguments = arguments.to_value();
        let event = arguments["Payload"].take();
        let function = arguments["FunctionName"].as_str().unwrap_or_default();
        match self.invoke(function, event).await {
            Ok(output) => Ok(json!({"StatusCode": 200, "Payload": output}).into()),
            Err(error) => Err(TaskError { error: "Lambda.Unknown".to_owned(), cause: error.to_string() }),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the executions of a benchmark run on the machine's clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn record(&self, _: Event) {}
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_finds_all_that_it_names() {
        if let Err(error) = super::machine() {
            panic!("{error}");
        }
    }
}
