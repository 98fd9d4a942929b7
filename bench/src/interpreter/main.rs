//! Measures what the interpreter costs for one delivery: it runs the delivery definition with functions that
//! answer at once, in this process and without storage.
//!
//! The count is fixed, so that instructions can be counted as well:
//! `valgrind --tool=callgrind target/release/bench-interpreter --deliveries 1000`.

#![expect(clippy::print_stdout, reason = "the numbers are the output")]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Parser;
use hookstep_asl::{Event, Execution, Host, Json, Machine, Progress, TaskError};
use hookstep_engine::{LAMBDA_INVOKE, RESOURCES};
use serde_json::Value;
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
    let script = Json::from(script);
    let input = script.get("input").cloned().unwrap_or_default().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let start = Instant::now();
    for _ in 0..args.deliveries {
        let progress = runtime.block_on(deliver(&machine, serde_json::from_str(&input)?, &script));
        match progress {
            Progress::Succeeded(output)
                if output.get("status").and_then(Json::as_str) == Some("succeeded") => {}
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

async fn deliver(machine: &Machine, input: Json, script: &Json) -> Progress {
    let host = Script { answers: script, history: Mutex::default() };
    let execution = Execution {
        id: "arn:aws:states:local:000000000000:express:hookstep-express:0190a000:1".to_owned(),
        name: "0190a000".to_owned(),
        input: input.clone(),
        start_time: host.now(),
        machine_id: "arn:aws:states:local:000000000000:stateMachine:hookstep-express".to_owned(),
        machine_name: "hookstep-express".to_owned(),
    };
    machine.run(&execution, machine.start(input), &host).await
}

/// Functions that answer at once, and a history as the engine keeps it.
struct Script<'a> {
    answers: &'a Json,
    history: Mutex<Vec<Event>>,
}

impl Host for Script<'_> {
    async fn call(&self, resource: &str, arguments: Json) -> Result<Json, TaskError> {
        if resource != LAMBDA_INVOKE {
            return Ok(Json::object([("", Json::Null); 0]));
        }
        let answer = match arguments.get("FunctionName").and_then(Json::as_str) {
            Some("FetchConfigFunctionArn") => "fetch_config",
            Some("DeliverFunctionArn") => "deliver",
            _ => "update_status",
        };
        let answer = self.answers.get(answer).cloned().unwrap_or_default();
        Ok(Json::object([("StatusCode", Json::Number(200.into())), ("Payload", answer)]))
    }

    #[expect(clippy::disallowed_methods, reason = "the executions of a benchmark run on the machine's clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn record(&self, event: Event) {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}
