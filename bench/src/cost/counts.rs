//! The billable usage of an event.

use std::collections::BTreeMap;

use hookstep_contract::MachineKind;
use serde_json::Value;

/// All billed quantities. Bytes and units are per event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// The HTTP API's units of 512 KiB.
    pub(crate) http_units: u64,
    pub(crate) functions: BTreeMap<String, Function>,
    pub(crate) executions: Vec<Execution>,
    /// Whether the event has its place in an order.
    pub(crate) is_ordered: bool,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
    pub(crate) s3_puts: u64,
    /// HEADs are charged like GETs.
    pub(crate) s3_gets: u64,
    /// Log lines of the functions.
    pub(crate) log_lines: u64,
    pub(crate) sent_bytes: u64,
    /// The number of requests to the receiver.
    pub(crate) deliveries: u64,
    /// Bytes in the events table, including DynamoDB's overhead.
    pub(crate) stored_bytes: u64,
    /// Bytes in the bucket.
    pub(crate) object_bytes: u64,
}

/// The usage of one function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Function {
    pub(crate) invocations: u64,
    /// Its requests, by service.
    pub(crate) requests: BTreeMap<String, u64>,
}

/// One execution of a state machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Execution {
    pub(crate) machine: MachineKind,
    /// The states that the execution entered, in order.
    pub(crate) states: Vec<String>,
    /// The execution's tasks, including retries: the function's name or the resource.
    pub(crate) tasks: Vec<String>,
    /// How many of the tasks were retries.
    pub(crate) retries: usize,
}

impl Counts {
    /// The transitions of Standard executions.
    pub(crate) fn transitions(&self) -> usize {
        self.of(MachineKind::Standard).map(|execution| execution.states.len() + execution.retries).sum()
    }

    /// The executions of a state machine.
    pub(crate) fn of(&self, machine: MachineKind) -> impl Iterator<Item = &Execution> {
        self.executions.iter().filter(move |execution| execution.machine == machine)
    }

    /// How many times a task with this resource was tried.
    pub(crate) fn tasks(&self, resource: &str) -> usize {
        self.executions.iter().flat_map(|execution| &execution.tasks).filter(|task| *task == resource).count()
    }

    /// The invocations of all functions.
    pub(crate) fn invocations(&self) -> u64 {
        self.functions.values().map(|function| function.invocations).sum()
    }
}

impl Execution {
    /// Reads an execution's history, which has one JSON object per line.
    pub(crate) fn read(arn: &str, history: &str) -> Self {
        let machine = if arn.contains(":express:") { MachineKind::Express } else { MachineKind::Standard };
        let (mut states, mut tasks, mut entered) = (Vec::new(), Vec::new(), 0);
        for event in history.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let kind = event["type"].as_str().unwrap_or_default();
            if kind.ends_with("StateEntered") {
                states.push(event["state"].as_str().unwrap_or_default().to_owned());
                entered += usize::from(kind == "TaskStateEntered");
            } else if kind == "TaskScheduled" {
                tasks.push(task(&event));
            }
        }
        let retries = tasks.len().saturating_sub(entered);
        Self { machine, states, tasks, retries }
    }

    /// Whether the execution entered a state.
    pub(crate) fn has(&self, state: &str) -> bool {
        self.states.iter().any(|entered| entered == state)
    }
}

/// The function that a task invokes, or the resource if there is none.
fn task(scheduled: &Value) -> String {
    let parameters = scheduled["parameters"].as_str().unwrap_or_default();
    let parameters: Value = serde_json::from_str(parameters).unwrap_or_default();
    let function = parameters["FunctionName"].as_str().and_then(|arn| arn.rsplit(':').next());
    function.or(scheduled["resource"].as_str()).unwrap_or_default().to_owned()
}
