//! Values that cannot be counted in one process: how long things take on AWS. Every value is an option of the
//! program and is printed with the tables.

use clap::Args;

use crate::durations;

/// "At 1,769 MB, a function has the equivalent of one vCPU" (AWS Lambda developer guide, "Configure Lambda
/// function memory"); a smaller function gets a proportional share.
const MEMORY_OF_ONE_CPU_MB: f64 = 1769.0;

/// The model's assumptions.
#[derive(Clone, Debug, Args)]
pub(crate) struct Assumptions {
    /// The memory size of every function.
    #[arg(long, default_value_t = 128.0)]
    pub(crate) memory_mb: f64,

    /// CPU time of a warm invocation on a whole core: FUNCTION=MILLISECONDS, repeatable. The defaults are in
    /// durations.rs.
    #[arg(long, value_parser = function_ms)]
    cpu_ms: Vec<(String, f64)>,

    /// The share of invocations that are cold.
    #[arg(long, default_value_t = 0.01)]
    pub(crate) cold_share: f64,

    /// The receiver's response time.
    #[arg(long, default_value_t = 500.0)]
    pub(crate) receiver_ms: f64,

    /// Name resolution, TCP and TLS to the receiver, for every attempt.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) connect_ms: f64,

    /// A DynamoDB round trip.
    #[arg(long, default_value_t = 5.0)]
    pub(crate) dynamodb_ms: f64,

    /// An S3 round trip.
    #[arg(long, default_value_t = 25.0)]
    pub(crate) s3_ms: f64,

    /// The time to start an execution.
    #[arg(long, default_value_t = 15.0)]
    pub(crate) start_ms: f64,

    /// The overhead of Step Functions per task, apart from the call itself.
    #[arg(long, default_value_t = 10.0)]
    pub(crate) task_ms: f64,

    /// The time that Step Functions spends on each state, including its expressions.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) state_ms: f64,

    /// Bytes that Lambda itself logs per invocation. Zero when the function's `SystemLogLevel` is WARN,
    /// because Lambda logs successes at INFO and below. About 340 by default.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) platform_log_bytes: f64,

    /// The share of events that X-Ray traces.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) traced_share: f64,

    /// Bytes sent in addition to a request: 350 for a TLS handshake (by rustls), and ten packets with 50
    /// bytes each.
    #[arg(long, default_value_t = 850.0)]
    pub(crate) connection_bytes: f64,

    /// How many times the producer's token is read per event. The trigger caches a token for ten seconds, and
    /// a million events a month are one every 2.6 seconds.
    #[arg(long, default_value_t = 0.26)]
    pub(crate) token_reads: f64,
}

impl Assumptions {
    /// The average billed time of a function, in milliseconds: this waiting time plus the computing time on
    /// its share of a core, which is the usual CPU time and `more_cpu_ms`.
    pub(crate) fn billed_ms(&self, function: &str, waits_ms: f64, more_cpu_ms: f64) -> f64 {
        let cpu_ms = self.cpu_ms_of(function) + more_cpu_ms;
        let warm = waits_ms + cpu_ms * MEMORY_OF_ONE_CPU_MB / self.memory_mb;
        // Billed by the millisecond and, since August 2025, including the INIT phase ("AWS Lambda
        // standardizes billing for INIT Phase", AWS Compute Blog, 2025-04-29).
        warm.ceil() + self.cold_share * durations::of(function).cold_ms
    }

    /// How long a service takes to respond to a function.
    pub(crate) fn round_trip_ms(&self, service: &str) -> f64 {
        match service {
            "dynamodb" => self.dynamodb_ms,
            "s3" => self.s3_ms,
            _ => self.start_ms,
        }
    }

    /// All assumptions in words.
    pub(crate) fn in_words(&self) -> Vec<String> {
        let Self { memory_mb, receiver_ms, connect_ms, dynamodb_ms, s3_ms, start_ms, .. } = self;
        let Self { task_ms, state_ms, token_reads, platform_log_bytes, connection_bytes, .. } = self;
        let percent = |share: f64| share * 100.0;
        vec![
            format!(
                "functions on arm64 with {memory_mb} MB; {} % of invocations cold",
                percent(self.cold_share)
            ),
            self.cpu_in_words(),
            format!("the receiver answers after {receiver_ms} ms, connecting takes {connect_ms} ms before"),
            format!(
                "a request takes {dynamodb_ms} ms to DynamoDB, {s3_ms} ms to S3, {start_ms} ms to start an execution; \
                 what one function asks for, it asks for in turn"
            ),
            format!(
                "Step Functions adds {task_ms} ms to a task and {state_ms} ms to a state; rounding up to 100 ms adds 50 \
                 on average"
            ),
            format!(
                "the producer's token is read {token_reads} times per event: it is cached for ten seconds, and an event \
                 comes every 2.6"
            ),
            format!(
                "logs: {platform_log_bytes} B of Lambda's own per invocation (SystemLogLevel WARN), nothing of ours when \
                 all goes well, nothing of the API and the machines; no metrics but AWS's own"
            ),
            format!("X-Ray traces {} % of the events", percent(self.traced_share)),
            "left out, for they are a few dollars a month and not a price per event: the key with its requests (two for a cold \
             deliver, 0.06 USD for a million events with one in a hundred cold; the bucket key spares most of the others), \
             alarms, the dashboard; and NAT gateways, which only StaticIp has"
                .to_owned(),
            format!(
                "going out: the receiver's request, our answer to the producer, {connection_bytes} B of TLS and packets"
            ),
            "kept for 30 days: items with point-in-time recovery, claim checks in S3 Standard".to_owned(),
        ]
    }

    fn cpu_in_words(&self) -> String {
        let functions = durations::FUNCTIONS.iter().map(|measured| {
            format!("{} {} (+{})", measured.function, self.cpu_ms_of(measured.function), measured.cold_ms)
        });
        let functions = functions.collect::<Vec<_>>().join(", ");
        format!(
            "CPU ms on a whole core (+ billed ms more when cold): {functions}, {} more for a body that is kept; {}",
            durations::KEPT_BODY_CPU_MS,
            durations::SOURCE
        )
    }

    fn cpu_ms_of(&self, function: &str) -> f64 {
        let given = self.cpu_ms.iter().rfind(|(name, _)| name == function);
        given.map_or(durations::of(function).cpu_ms, |(_, ms)| *ms)
    }
}

fn function_ms(text: &str) -> Result<(String, f64), String> {
    let (function, ms) = text.split_once('=').ok_or("write FUNCTION=MILLISECONDS")?;
    if !durations::FUNCTIONS.iter().any(|known| known.function == function) {
        return Err(format!("there is no function {function}"));
    }
    Ok((function.to_owned(), ms.parse().map_err(|error| format!("{ms}: {error}"))?))
}
