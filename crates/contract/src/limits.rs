//! The product's limits, each with its unit and source.

use std::time::Duration;

/// Step Functions: the maximum data passed between two states, as serialised UTF-8 (AWS quota "Maximum input
/// or output size").
pub const STATE_DATA_BYTES: usize = 256 * 1024;

/// The largest body kept in the state, measured as serialised JSON.
///
/// A larger body becomes a claim check. The rest of [`STATE_DATA_BYTES`] is room for the plan and the ids
/// that travel with the body. `INLINE_LIMIT` can lower the limit.
pub const INLINE_BYTES: usize = 200 * 1024;

/// The largest body that the trigger accepts. On AWS, the 6 MB limit of a Lambda event, including base64, is
/// reached first.
pub const TRIGGER_BODY_BYTES: usize = 6 * 1024 * 1024;

/// The largest body of a presigned upload: S3's limit for a single PUT.
pub const UPLOAD_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// How long a presigned upload URL is valid.
pub const UPLOAD_URL_LIFETIME: Duration = Duration::from_secs(3600);

/// How long a presigned URL for reading a body is valid; it is used immediately.
pub const READ_URL_LIFETIME: Duration = Duration::from_secs(300);

/// The maximum number of events in a bulk replay.
pub const MAX_REPLAYS: usize = 10_000;

/// Over how many partitions of the table of events the events of one webhook are spread at most. Lists read all of
/// them. DynamoDB takes 1,000 write units a second for each.
pub const MAX_SHARDS: u16 = 64;

/// How long the functions that only read webhooks may use one that they have read. `deliver` and `RefreshPlan` always
/// know the latest revision.
pub const CONFIG_CACHE: Duration = Duration::from_secs(2);

/// How long a sync trigger waits before it responds with 202: below API Gateway's 30 s, with time left for
/// the response.
pub const SYNC_BUDGET: Duration = Duration::from_secs(27);

/// The part of [`SYNC_BUDGET`] that is left for an answer to reach the producer. An attempt that fails within it
/// is treated as if the producer had been answered 202, because that may be so by then.
pub const SYNC_ANSWER_MARGIN: Duration = Duration::from_secs(1);

/// The maximum number of retries of a sync delivery.
pub const SYNC_RETRIES: u32 = 2;

/// The pause before the first retry of a sync delivery; the second pause is twice as long.
pub const SYNC_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// An attempt that may take longer runs on the standard machine: an express execution ends after 300 s, and the
/// steps around the attempt need some of them.
pub const EXPRESS_ATTEMPT_SECS: u32 = 120;

/// The longest timeout of an attempt: a Lambda function ends after 900 s.
pub const MAX_TIMEOUT_SECS: u32 = 840;

/// How long after the moment of its next attempt an event that is still in progress is overdue.
///
/// An attempt with the longest timeout takes 860 s with what is around it, and the retriers of a state try for three
/// minutes. Sooner, an attempt that goes on would be made twice.
pub const OVERDUE_AFTER: Duration = Duration::from_secs(20 * 60);

/// The length of a slot of the watch list: of the spans of time whose events are looked at together.
pub const WATCH_SLOT: Duration = Duration::from_secs(5 * 60);

/// The highest `max_in_flight` of a webhook: as many attempts as a new AWS account runs concurrently.
pub const MAX_IN_FLIGHT: u32 = 1000;

/// The most attempts that a period of a rate limit may have.
pub const MAX_RATE_EVENTS: u32 = 10_000;

/// The most attempts that a rate limit may let begin at once.
pub const MAX_BURST: u32 = 10_000;

/// How many messages of one group of the queue of lanes are in flight at once: the largest batch of a FIFO queue's event
/// source mapping (Lambda developer guide, "Using Lambda with Amazon SQS").
pub const LANE_BATCH: u32 = 10;

/// The longest pause of a lane that a receiver can ask for by `Retry-After`.
pub const MAX_LANE_PAUSE: Duration = Duration::from_secs(3600);

/// Over how many groups the events of a webhook with a lane are spread at most.
pub const MAX_LANE_GROUPS: u32 = MAX_IN_FLIGHT / LANE_BATCH;

/// The attempts that count for the share of failures: those that ended so long ago or later.
pub const HEALTH_WINDOW: Duration = Duration::from_secs(5 * 60);

/// How many events of a webhook, the latest ones, tell how its receiver does. At 1 KB each, DynamoDB charges 13 read units.
pub const HEALTH_EVENTS: usize = 100;

/// A receiver is degraded if at least so many of the attempts in [`HEALTH_WINDOW`] failed, in percent, and enough in number.
pub const DEGRADED_PERCENT: u32 = 20;

/// A receiver is healthy again when fewer attempts fail than this, in percent.
pub const HEALTHY_PERCENT: u32 = 10;

/// How many failures in [`HEALTH_WINDOW`] are enough in number.
pub const DEGRADED_FAILURES: u32 = 5;

/// How many failures in a row are enough in number, if there is little traffic.
pub const FEW_FAILURES: u32 = 3;

/// A receiver is failing if [`FEW_FAILURES`] attempts in a row failed and none succeeded for so long.
pub const FEW_FAILURES_FOR: Duration = Duration::from_secs(3600);

/// A receiver is failing if so many attempts in a row failed, and none succeeded for [`FAILING_FOR`].
pub const FAILING_FAILURES: u32 = 10;

/// Longer than a receiver takes for a restart.
pub const FAILING_FOR: Duration = Duration::from_secs(60);

/// How long after its circuit was opened a receiver is probed.
pub const FIRST_PROBE_AFTER: Duration = Duration::from_secs(30);

/// The longest pause between two probes of a receiver.
///
/// At this pace the messages of a lane are received 672 times in the
/// 14 days for which they are kept; after a thousand times they would be moved away (`infra/template.yaml`).
pub const MAX_PROBE_PAUSE: Duration = Duration::from_secs(30 * 60);

/// The shortest pause to which a short retry schedule brings the probes of a receiver.
pub const LEAST_PROBE_PAUSE: Duration = Duration::from_secs(5);

/// How long after the timeout of a probe its result is waited for, before another one is sent.
pub const PROBE_MARGIN: Duration = Duration::from_secs(60);

/// After a receiver has taken a probe, the time after which it gets its events without a lane again.
pub const RAMP: Duration = Duration::from_secs(60);

/// The time after which twice as many attempts may be in flight meanwhile.
pub const RAMP_STEP: Duration = Duration::from_secs(5);

/// How long a webhook may be without a success while attempts fail, before it is disabled: as Svix does (its documentation,
/// "Disabling failing endpoints").
pub const DISABLE_AFTER: Duration = days(DISABLE_AFTER_DAYS as usize);

/// [`DISABLE_AFTER`] in days.
pub const DISABLE_AFTER_DAYS: u16 = 5;

/// How many days before a client certificate expires the owner of its webhook is told.
pub const CERTIFICATE_WARNING_DAYS: [u16; 3] = [30, 7, 1];

/// How often a process looks at the health of the same receiver at most.
pub const HEALTH_LOOK: Duration = Duration::from_secs(2);

/// The median duration of attempts above which a receiver is slow, so that its attempts are made from the delivery queue.
pub const SLOW_RECEIVER: Duration = Duration::from_secs(3);

/// The median below which it is quick again.
pub const QUICK_RECEIVER: Duration = Duration::from_secs(2);

/// Of how many events, the latest ones, the last attempts tell whether a receiver is slow.
pub const DURATION_EVENTS: usize = 20;

/// With fewer attempts, nothing is said about it.
pub const FEW_DURATIONS: usize = 5;

/// How often a process looks at the durations of the same receiver at most.
pub const DURATION_LOOK: Duration = Duration::from_secs(60);

/// The default timeout of an attempt, including reading the response body.
pub const DEFAULT_TIMEOUT_SECS: u32 = 30;

/// The Standard Webhooks retry schedule: the pause before each retry, in seconds.
pub const DEFAULT_SCHEDULE_SECS: [u32; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// The longest pause between two attempts, whether from a schedule or from `Retry-After`.
pub const MAX_PAUSE_SECS: u32 = 86_400;

/// The maximum number of retries.
pub const MAX_RETRIES: usize = 20;

/// The jitter of pauses in both directions, as a fraction, so that failed deliveries are not retried all at
/// once.
pub const JITTER: f64 = 0.1;

/// How much of a receiver's response body is kept.
pub const RESPONSE_BODY_BYTES: usize = 64 * 1024;

/// How much of a receiver's response headers is kept, names and values together.
pub const RESPONSE_HEADER_BYTES: usize = 8 * 1024;

/// The maximum size of a config's own headers, names and values together.
pub const CONFIG_HEADER_BYTES: usize = 8 * 1024;

/// The maximum number of a config's headers whose values are made from the event.
pub const MAX_EVENT_HEADERS: usize = 10;

/// The longest name of such a header.
pub const MAX_EVENT_HEADER_NAME_CHARS: usize = 100;

/// The longest template of such a header.
pub const MAX_EVENT_HEADER_CHARS: usize = 256;

/// The longest value of such a header: with all others of its kind it stays below the 8 KiB that most servers take.
pub const MAX_EVENT_HEADER_VALUE_BYTES: usize = 512;

/// The largest body from which the value of a header is read. It is in memory meanwhile, as a CloudEvent in structured mode.
pub const MAX_HEADER_BODY_BYTES: usize = MAX_STRUCTURED_BYTES;

/// The longest name of the header of an extra signature.
pub const MAX_SIGNATURE_HEADER_CHARS: usize = 100;

/// The longest text before an extra signature.
pub const MAX_SIGNATURE_PREFIX_CHARS: usize = 64;

/// The longest `source` of CloudEvents.
pub const MAX_SOURCE_CHARS: usize = 512;

/// The largest body that is put into a CloudEvent as a whole.
///
/// It is in memory several times meanwhile, and a function of 128 MB may make ten
/// attempts at once. Receivers need not take more than 64 KiB (CloudEvents §"Size Limits").
pub const MAX_STRUCTURED_BYTES: usize = 1024 * 1024;

/// The longest URL of a receiver.
pub const URL_BYTES: usize = 2048;

/// How long an idempotency key is stored.
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The longest idempotency key.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;

/// The longest correlation id that is recorded: it is the sort key of an index, and this is DynamoDB's limit
/// for sort keys.
pub const CORRELATION_ID_BYTES: usize = 1024;

/// The maximum number of addresses in an org that are told about its webhooks.
pub const MAX_EMAILS: usize = 5;

/// The longest e-mail address: what a path of SMTP takes (RFC 3696, erratum 1690).
pub const EMAIL_BYTES: usize = 254;

/// How long it is remembered that an address was told about a change: longer than an event that could not be delivered stays
/// in a queue, from which it may be sent again.
pub const NOTIFICATION_LIFETIME: Duration = days(15);

/// The maximum number of a webhook's event types: this list is read for every event, so it must stay small.
pub const MAX_EVENT_TYPES: usize = 100;

/// The most event types of which a webhook pins a version.
pub const MAX_PINNED_TYPES: usize = 20;

/// The longest event type, in characters: EventBridge's limit for `detail-type`.
pub const EVENT_TYPE_CHARS: usize = 128;

/// The maximum number of webhooks that one publication goes to: their ids are in its item, 32 bytes each, and DynamoDB takes
/// 400 KB.
pub const MAX_PUBLISHED: usize = 10_000;

/// How long the body of a publication is stored if bodies are not kept: its deliveries share it, so it cannot be deleted when
/// one of them has ended. The usual retry schedule takes four days.
pub const UNKEPT_PUBLICATION: Duration = days(7);

/// The maximum number of publications in one request.
pub const MAX_PUBLISH_BATCH: usize = 100;

/// The longest JSONata expression, in characters.
pub const EXPRESSION_CHARS: usize = 15_000;

/// The maximum number of conditions in a filter.
pub const MAX_CONDITIONS: usize = 10;

/// The maximum number of values in a condition.
pub const CONDITION_VALUES: usize = 100;

/// The longest field path, in characters.
pub const FIELD_CHARS: usize = 512;

/// How many EventBridge connections an account may have in a region, unless AWS granted it more (AWS quota
/// "Connections").
pub const DEFAULT_CONNECTIONS: u32 = 3000;

/// The longest value in a connection, in characters: EventBridge's limit (API reference, `CreateConnection`).
pub const CONNECTION_VALUE_CHARS: usize = 512;

/// The longest value of a parameter in the body of a token request, in characters. EventBridge names no limit; the
/// secret that holds all values has 64 KiB.
pub const BODY_PARAMETER_CHARS: usize = 8192;

/// The longest scope of a token request, in characters.
pub const SCOPE_CHARS: usize = 4096;

/// The maximum number of token request parameters: EventBridge's limit for each of body, query and headers.
pub const MAX_TOKEN_PARAMETERS: usize = 100;

/// The longest `Content-Type` that a transform may set.
pub const CONTENT_TYPE_CHARS: usize = 255;

/// The longest `Content-Type` of an event. It travels in the state beside the body; API Gateway takes 10 KiB of
/// headers at most.
pub const EVENT_CONTENT_TYPE_BYTES: usize = 8 * 1024;

/// The largest body that a filter or transform is applied to: as large as the trigger accepts. The body and
/// everything computed from it must fit into memory.
pub const MAX_RULES_BODY_BYTES: usize = 6 * 1024 * 1024;

/// The largest result of a transform.
pub const MAX_TRANSFORMED_BYTES: usize = 6 * 1024 * 1024;

/// The time limit of a filter and a transform together.
pub const RULES_TIMEOUT: Duration = Duration::from_secs(5);

/// How long before the end of an event's retention its retries must have ended.
pub const RETENTION_MARGIN: Duration = days(1);

/// How long events are kept by default.
pub const RETENTION: Duration = days(RETENTION_DAYS);

/// The longest delay of an event, in days.
pub const MAX_DELAY_DAYS: usize = 30;

/// The longest delay of an event: how far ahead a producer may schedule its first attempt.
pub const MAX_DELAY: Duration = days(MAX_DELAY_DAYS);

/// How long claim checks are kept by default: longer than events by the longest delay and a day.
///
/// The retention of a delayed event begins when it is sent. It also serves uploads that wait for their event, and late
/// replays. `infra/template.yaml` has the same rule.
pub const CLAIM_RETENTION: Duration = days(RETENTION_DAYS + MAX_DELAY_DAYS + 1);

/// The default retention in days.
pub const RETENTION_DAYS: usize = 30;

/// A number of hours.
pub const fn hours(hours: u32) -> Duration {
    Duration::from_secs(hours as u64 * 3600)
}

/// A number of days.
pub const fn days(days: usize) -> Duration {
    Duration::from_secs(days as u64 * 24 * 3600)
}
