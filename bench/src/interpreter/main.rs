//! Measures what the interpreter costs for one delivery: it runs the delivery definition with functions that
//! answer at once, in this process and without storage.
//!
//! The count is fixed, so that instructions can be counted as well:
//! `valgrind --tool=callgrind target/release/bench-interpreter --deliveries 1000`.

#![expect(clippy::print_stdout, reason = "the numbers are the output")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::Parser;
use hookstep_asl::{Event, Execution, Host, Machine, Progress, TaskError};
use hookstep_engine::{LAMBDA_INVOKE, RESOURCES};
use serde_json::{Value, json};
use time::OffsetDateTime;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const DEFINITION: &str = include_str!("../../../statemachine.asl.json");
const ANSWERS: &str = include_str!("answers.json");

/// Measures the interpreter on this machine.
#[derive(Debug, Parser)]
struct Args {
    /// How many deliveries are run, one after another.
    #[arg(long, default_value_t = 20_000)]
    deliveries: u32,

    /// The size of the event's body, in bytes.
    #[arg(long, default_value_t = 1024)]
    body: usize,
}

fn main() -> Outcome<()> {
    let args = Args::parse();
    let machine = machine()?;
    let mut script: Value = serde_json::from_str(ANSWERS)?;
    script["input"]["payload"]["inline"]["text"] = Value::from("x".repeat(args.body));
    let input = script["input"].take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let start = Instant::now();
    for _ in 0..args.deliveries {
        let progress = runtime.block_on(deliver(&machine, input.clone(), &script));
        match progress {
            Progress::Succeeded(output) if output["status"] == "succeeded" => {}
            other => return Err(format!("the delivery did not succeed: {other:?}").into()),
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{:.0} deliveries/s", f64::from(args.deliveries) / seconds);
    println!("{:.1} µs each", seconds * 1e6 / f64::from(args.deliveries));
    Ok(())
}

fn machine() -> Outcome<Machine> {
    let placeholders = DEFINITION.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    let value = |name: &str| if name == "Workflow" { "express".to_owned() } else { name.to_owned() };
    let substitutions: BTreeMap<_, _> =
        placeholders.map(|(name, _)| (name.to_owned(), value(name))).collect();
    Ok(Machine::load(DEFINITION, &substitutions, &RESOURCES)?)
}

async fn deliver(machine: &Machine, input: Value, script: &Value) -> Progress {
    let host = Script { answers: script, history: Mutex::default() };
    let execution = Execution {
        id: "arn:aws:states:local:000000000000:express:hookstep-express:0190a000:1".to_owned(),
        name: "0190a000".to_owned(),
        input: Arc::new(input.clone()),
        start_time: host.now(),
        machine_id: "arn:aws:states:local:000000000000:stateMachine:hookstep-express".to_owned(),
        machine_name: "hookstep-express".to_owned(),
    };
    machine.run(&execution, machine.start(input), &host).await
}

/// Functions that answer at once, and a history as the engine keeps it.
struct Script<'a> {
    answers: &'a Value,
    history: Mutex<String>,
}

impl Host for Script<'_> {
    async fn call(&self, resource: &str, arguments: Value) -> Result<Value, TaskError> {
        if resource != LAMBDA_INVOKE {
            return Ok(json!({}));
        }
        let answer = match arguments["FunctionName"].as_str() {
            Some("FetchConfigFunctionArn") => &self.answers["fetch_config"],
            Some("DeliverFunctionArn") => &self.answers["deliver"],
            _ => &self.answers["update_status"],
        };
        Ok(json!({"ExecutedVersion": "$LATEST", "StatusCode": 200, "Payload": answer.clone()}))
    }

    #[expect(clippy::disallowed_methods, reason = "the executions of a benchmark run on the machine's clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn record(&self, event: Event) {
        if let Ok(line) = serde_json::to_string(&event) {
            self.history.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
        }
    }
}
