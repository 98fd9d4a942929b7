//! List prices, in dollars. Free tiers and volume discounts are left out.
//!
//! Region us-east-1. Source: AWS price list, published 2026-08-31, looked up in November 2026. Prices with a
//! page reference are from that page.

/// The source of the prices, for readers of the tables.
pub(crate) const SOURCE: &str = "us-east-1, AWS price list published 2026-08-31, no free tiers";

/// A million requests to an HTTP API; every [`HTTP_API_UNIT_BYTES`] of a request counts as one.
pub(crate) const HTTP_API_MILLION: f64 = 1.00;
pub(crate) const HTTP_API_UNIT_BYTES: usize = 512 * 1024;

/// A million invocations, and a GB-second on arm64.
pub(crate) const LAMBDA_MILLION: f64 = 0.20;
pub(crate) const LAMBDA_ARM_GB_SECOND: f64 = 0.000_013_333_4;

/// A million transitions of Standard executions. "Step Functions counts a state transition each time a step
/// of your workflow is executed […] including retries" (aws.amazon.com/step-functions/pricing): states
/// entered, and retries. Starting an execution is not a step.
pub(crate) const STANDARD_MILLION: f64 = 25.00;

/// A million Express executions, and a GB-second. "Rounded up to the nearest 100ms, and the amount of memory
/// used […] billed in 64-MB chunks" (the same page). Memory is 50 MB plus the definition and the data: ours
/// fit into one chunk.
pub(crate) const EXPRESS_MILLION: f64 = 1.00;
pub(crate) const EXPRESS_GB_SECOND: f64 = 0.000_016_67;
pub(crate) const EXPRESS_CHUNK_GB: f64 = 64.0 / 1024.0;
pub(crate) const EXPRESS_STEP_MS: f64 = 100.0;

/// A million write or read request units on demand; a GB-month of the table, and of its point-in-time
/// recovery (aws.amazon.com/dynamodb/pricing/on-demand).
pub(crate) const WRITE_UNITS_MILLION: f64 = 0.625;
pub(crate) const READ_UNITS_MILLION: f64 = 0.125;
pub(crate) const TABLE_GB_MONTH: f64 = 0.25;
pub(crate) const RECOVERY_GB_MONTH: f64 = 0.20;
/// The overhead that DynamoDB adds to the size of every stored item.
pub(crate) const ITEM_OVERHEAD_BYTES: u64 = 100;

/// A million PUTs, a million GETs or HEADs, a GB-month in S3 Standard.
pub(crate) const S3_PUT_MILLION: f64 = 5.00;
pub(crate) const S3_GET_MILLION: f64 = 0.40;
pub(crate) const S3_GB_MONTH: f64 = 0.023;

/// A GB of ingested logs (aws.amazon.com/cloudwatch/pricing); a million X-Ray traces
/// (aws.amazon.com/xray/pricing).
pub(crate) const LOGS_GB: f64 = 0.50;
pub(crate) const TRACES_MILLION: f64 = 5.00;

/// A million invocations by EventBridge Scheduler (aws.amazon.com/eventbridge/pricing).
pub(crate) const SCHEDULES_MILLION: f64 = 1.00;

/// A million requests to a FIFO queue of SQS, of up to 64 KB each (aws.amazon.com/sqs/pricing).
pub(crate) const FIFO_MILLION: f64 = 0.50;

/// A million requests to a standard queue of SQS, and what one adds that sends a message with a group ("fair queues", the same
/// page).
pub(crate) const QUEUE_MILLION: f64 = 0.40;
pub(crate) const FAIR_MILLION: f64 = 0.10;

/// A GB of traffic to the internet.
pub(crate) const EGRESS_GB: f64 = 0.09;

/// A million custom events on a bus, where every 64 KB count as one; a million calls of an API destination.
pub(crate) const BUS_MILLION: f64 = 1.00;
pub(crate) const DESTINATION_MILLION: f64 = 0.20;
pub(crate) const BUS_UNIT_BYTES: usize = 64 * 1024;
/// The largest event that `PutEvents` accepts.
pub(crate) const BUS_EVENT_BYTES: usize = 256 * 1024;
