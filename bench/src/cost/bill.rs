//! From counts to dollars.

use hookstep_contract::MachineKind;
use hookstep_contract::limits::{DEFAULT_SCHEDULE_SECS, LANE_BATCH};

use crate::assumptions::Assumptions;
use crate::counts::{Counts, Execution};
use crate::durations::{self, KEPT_BODY_CPU_MS};
use crate::paths::Path;
use crate::prices::*;

/// The maximum costs of a million events with one retry, of each later retry, and of a receiver that is down through all
/// nine.
pub(crate) const RETRY_GOALS: [f64; 3] = [20.0, 8.0, 80.0];

/// The maximum total cost of a million deliveries of 1 KB to a receiver that takes half a second, without
/// storing bodies. 6.50 of it are without the read of the org, which is kept for ten seconds where there are more events.
pub(crate) const GOAL: f64 = 6.6;

/// The tasks that are billed by the service that they call.
const CREATE_SCHEDULE: &str = "arn:aws:states:::aws-sdk:scheduler:createSchedule";
const PUT_EVENTS: &str = "arn:aws:states:::events:putEvents";
/// A message to the queue of lanes, or to the delivery queue: nothing goes into the queue of lost events.
const SEND: &str = "arn:aws:states:::sqs:sendMessage";

/// The maximum cost of a million deliveries from the delivery queue to a receiver that takes half a minute.
pub(crate) const QUEUED_GOAL: f64 = 20.0;

/// The largest batch of the delivery queue (`infra/template.yaml`).
const QUEUE_BATCH: f64 = 10.0;

/// The function that makes attempts, one by one or in batches.
const DELIVER: &str = "deliver";

/// The function that takes messages from the queue of lanes.
const LANES: &str = "lanes";

const MILLION: f64 = 1_000_000.0;
/// A token is a small item, read with eventual consistency.
const TOKEN_UNITS: f64 = 0.5;
const GB: f64 = 1_000_000_000.0;

/// A function's time in GB-seconds.
fn gb_seconds(ms: f64, memory_mb: f64) -> f64 {
    ms / 1000.0 * memory_mb / 1024.0
}

/// A line of the bill for a million events.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) what: String,
    /// The quantity that one event uses.
    pub(crate) each: f64,
    pub(crate) unit: &'static str,
    /// The price for a million events.
    pub(crate) dollars: f64,
}

/// The cost of a million events.
pub(crate) struct Bill(pub(crate) Vec<Line>);

impl Bill {
    /// Prices a million times the usage of one event.
    pub(crate) fn of(counts: &Counts, given: &Assumptions) -> Self {
        let mut bill = Self(Vec::new());
        bill.add("HTTP API", counts.http_units as f64, "requests", HTTP_API_MILLION);
        bill.functions(counts, given);
        bill.machines(counts, given);
        if is_queued(counts) {
            bill.queue(counts, given);
        } else {
            bill.lanes(counts, given);
        }
        bill.add("Schedules", counts.tasks(CREATE_SCHEDULE) as f64, "schedules", SCHEDULES_MILLION);
        bill.add("Events on the bus", counts.tasks(PUT_EVENTS) as f64, "events", BUS_MILLION);
        bill.add("DynamoDB writes", counts.write_units, "units", WRITE_UNITS_MILLION);
        let reads = counts.read_units + given.token_reads * TOKEN_UNITS;
        bill.add("DynamoDB reads", reads, "units", READ_UNITS_MILLION);
        let stored = counts.stored_bytes as f64;
        bill.add("DynamoDB storage, 30 days", stored, "B", TABLE_GB_MONTH * MILLION / GB);
        bill.add("DynamoDB point-in-time recovery, 30 days", stored, "B", RECOVERY_GB_MONTH * MILLION / GB);
        bill.add("S3 PUT", counts.s3_puts as f64, "requests", S3_PUT_MILLION);
        bill.add("S3 GET, HEAD", counts.s3_gets as f64, "requests", S3_GET_MILLION);
        bill.add("S3 storage, 30 days", counts.object_bytes as f64, "B", S3_GB_MONTH * MILLION / GB);
        let logged = counts.invocations() as f64 * given.platform_log_bytes;
        bill.add("CloudWatch logs", logged, "B", LOGS_GB * MILLION / GB);
        bill.add("X-Ray", given.traced_share, "traces", TRACES_MILLION);
        let sent = counts.sent_bytes as f64 + counts.deliveries as f64 * given.connection_bytes;
        bill.add("Internet egress", sent, "B", EGRESS_GB * MILLION / GB);
        bill
    }

    /// The sum of all lines.
    pub(crate) fn total(&self) -> f64 {
        self.0.iter().map(|line| line.dollars).sum()
    }

    /// Adds a line; `price` is for a million units. Unused services are not listed.
    fn add(&mut self, what: impl Into<String>, each: f64, unit: &'static str, price: f64) {
        if each > 0.0 {
            self.0.push(Line { what: what.into(), each, unit, dollars: each * price });
        }
    }

    fn functions(&mut self, counts: &Counts, given: &Assumptions) {
        // Those of batches are added with the queue.
        let functions = || counts.functions.iter().filter(|(name, _)| !is_queued(counts) || *name != DELIVER);
        let invocations: u64 = functions().map(|(_, function)| function.invocations).sum();
        self.add("Lambda requests", invocations as f64, "invocations", LAMBDA_MILLION);
        for (name, function) in functions() {
            let ms = billed_ms(name, counts, given) * function.invocations as f64;
            let price = gb_seconds(1.0, given.memory_mb) * LAMBDA_ARM_GB_SECOND * MILLION;
            self.add(format!("Lambda time of {name}"), ms, "ms", price);
        }
    }

    /// What a lane costs beside its executions, computed from its parts: a full batch is received, ten executions run at
    /// once, or in an order one after the other, while the function waits for them, and the batch is deleted.
    fn lanes(&mut self, counts: &Counts, given: &Assumptions) {
        let (messages, batch) = (counts.tasks(SEND) as f64, f64::from(LANE_BATCH));
        let mut executions = counts.of(MachineKind::Express);
        let took_its_turn = |execution: &&Execution| execution.has("LeaveLane");
        let Some(execution) = executions.find(took_its_turn) else { return };
        self.add("SQS requests", messages * (1.0 + 2.0 / batch), "requests", FIFO_MILLION);
        let batches = messages / batch;
        self.add("Lambda requests for lanes", batches, "invocations", LAMBDA_MILLION);
        let waits = given.dynamodb_ms + given.start_ms + express_ms(execution, counts, given);
        let price = gb_seconds(1.0, given.memory_mb) * LAMBDA_ARM_GB_SECOND * MILLION;
        let calls = if counts.is_ordered { messages } else { batches };
        let ms = given.billed_ms(LANES, waits, 0.0) * calls;
        self.add(format!("Lambda time of {LANES}"), ms, "ms", price);
        if counts.is_ordered
            && let Some(first) = counts.of(MachineKind::Express).find(|execution| execution.has("InLane"))
        {
            let ms = express_ms(first, counts, given);
            self.add("Lambda time of trigger until the event has its place", ms, "ms", price);
        }
    }

    /// What the delivery queue costs beside its executions: a full batch is received, its attempts are made side by side, and the
    /// batch is deleted.
    fn queue(&mut self, counts: &Counts, given: &Assumptions) {
        let (messages, batch) = (counts.tasks(SEND) as f64, QUEUE_BATCH);
        self.add("SQS messages", messages, "requests", QUEUE_MILLION + FAIR_MILLION);
        self.add("SQS requests for batches", 2.0 * messages / batch, "requests", QUEUE_MILLION);
        let batches = messages / batch;
        self.add("Lambda requests for batches", batches, "invocations", LAMBDA_MILLION);
        let more_cpu_ms = durations::of(DELIVER).cpu_ms * (batch - 1.0);
        let ms = given.billed_ms(DELIVER, waits_ms(DELIVER, counts, given), more_cpu_ms) * batches;
        let price = gb_seconds(1.0, given.memory_mb) * LAMBDA_ARM_GB_SECOND * MILLION;
        self.add(format!("Lambda time of {DELIVER}"), ms, "ms", price);
    }

    fn machines(&mut self, counts: &Counts, given: &Assumptions) {
        self.add(
            "Express executions",
            counts.of(MachineKind::Express).count() as f64,
            "executions",
            EXPRESS_MILLION,
        );
        let ms: f64 =
            counts.of(MachineKind::Express).map(|execution| express_ms(execution, counts, given)).sum();
        self.add("Express time", ms, "ms", EXPRESS_CHUNK_GB / 1000.0 * EXPRESS_GB_SECOND * MILLION);
        self.add("Standard transitions", counts.transitions() as f64, "transitions", STANDARD_MILLION);
    }
}

/// Whether the attempt is made from the delivery queue.
fn is_queued(counts: &Counts) -> bool {
    counts.executions.iter().any(|execution| execution.states.iter().any(|state| state == "QueueDelivery"))
}

/// How long one invocation of a function waits for others.
fn waits_ms(name: &str, counts: &Counts, given: &Assumptions) -> f64 {
    let Some(function) = counts.functions.get(name) else { return 0.0 };
    let requests =
        function.requests.iter().map(|(service, times)| given.round_trip_ms(service) * *times as f64);
    let requests = requests.sum::<f64>() / function.invocations.max(1) as f64;
    let others = match name {
        "trigger" => given.token_reads * given.dynamodb_ms,
        "deliver" => given.receiver_ms + given.connect_ms,
        _ => 0.0,
    };
    requests + others
}

/// The billed time of one invocation of a function.
pub(crate) fn billed_ms(name: &str, counts: &Counts, given: &Assumptions) -> f64 {
    let Some(function) = counts.functions.get(name) else { return 0.0 };
    // One request reads the webhook; another stores the body.
    let keeps_bodies =
        name == "fetch-config" && function.requests.get("dynamodb") > Some(&function.invocations);
    let more_cpu_ms = if keeps_bodies { KEPT_BODY_CPU_MS } else { 0.0 };
    given.billed_ms(name, waits_ms(name, counts, given), more_cpu_ms)
}

/// The billed time of an Express execution: its tasks, its states, and the rounding.
fn express_ms(execution: &Execution, counts: &Counts, given: &Assumptions) -> f64 {
    let tasks = execution.tasks.iter().map(|task| {
        given.task_ms
            + match task.as_str() {
                resource if resource.contains(":dynamodb:") => given.dynamodb_ms,
                resource if resource.starts_with("arn:aws:states:::") => given.start_ms,
                function => billed_ms(function, counts, given),
            }
    });
    let waits = execution.states.iter().filter(|state| *state == "WaitBeforeRetry").count();
    let waited = waits as f64 * f64::from(DEFAULT_SCHEDULE_SECS[0]) * 1000.0;
    // Durations vary between executions, so rounding up adds half a step on average.
    tasks.sum::<f64>() + waited + given.state_ms * execution.states.len() as f64 + EXPRESS_STEP_MS / 2.0
}

/// The same with EventBridge API Destinations: an event on a bus, and a call for each delivery. They offer no
/// history, no response, and at most five seconds for the receiver. `None` if the body exceeds the size limit
/// of an event, the event is to be sent later, or its receiver takes longer.
pub(crate) fn api_destinations(path: Path, counts: &Counts, given: &Assumptions) -> Option<f64> {
    // The body travels inside an event, which has fields of its own.
    if path.body_bytes() >= BUS_EVENT_BYTES || path == Path::Delayed || path.is_slow() {
        return None;
    }
    let events = path.body_bytes().div_ceil(BUS_UNIT_BYTES) as f64;
    let deliveries = counts.deliveries as f64;
    let sent = deliveries * (path.body_bytes() as f64 + given.connection_bytes);
    Some(events * BUS_MILLION + deliveries * DESTINATION_MILLION + sent * EGRESS_GB * MILLION / GB)
}
