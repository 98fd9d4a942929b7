//! The numbers of the product, each with its unit and its source.

use std::time::Duration;

/// Step Functions: the most that passes between two states, as serialised UTF-8 (AWS quota "Maximum input or output size").
pub const STATE_DATA_BYTES: usize = 256 * 1024;

/// The largest body kept in the state, measured as serialised JSON.
///
/// A larger one becomes a claim check. The rest of
/// [`STATE_DATA_BYTES`] is room for the plan and the ids that travel beside it. Can be lowered with `INLINE_LIMIT`.
pub const INLINE_BYTES: usize = 200 * 1024;

/// The largest body the trigger takes. On AWS the 6 MB of a Lambda event, base64 included, come first.
pub const TRIGGER_BODY_BYTES: usize = 6 * 1024 * 1024;

/// The largest body of a presigned upload: S3's limit for a single PUT.
pub const UPLOAD_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// How long a presigned upload URL is good for.
pub const UPLOAD_URL_LIFETIME: Duration = Duration::from_secs(3600);

/// How long a presigned URL is good for at which a body can be read: it is followed at once.
pub const READ_URL_LIFETIME: Duration = Duration::from_secs(300);

/// The most events of one bulk replay.
pub const MAX_REPLAYS: usize = 10_000;

/// How long a sync trigger waits before it answers 202: under API Gateway's 30 s, with room for our own answer.
pub const SYNC_BUDGET: Duration = Duration::from_secs(27);

/// How many times a sync delivery may be sent again.
pub const SYNC_RETRIES: u32 = 2;

/// The first pause of a sync delivery before it is sent again; the second is twice as long.
pub const SYNC_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// An attempt that may take longer than this runs on the standard machine: an express execution ends after 300 s.
pub const EXPRESS_ATTEMPT_SECS: u32 = 240;

/// The longest attempt: a Lambda function ends after 900 s.
pub const MAX_TIMEOUT_SECS: u32 = 840;

/// An attempt's total time when the config names none, the body read included.
pub const DEFAULT_TIMEOUT_SECS: u32 = 30;

/// The Standard Webhooks schedule: the pause before each attempt after the first, in seconds.
pub const DEFAULT_SCHEDULE_SECS: [u32; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// The longest pause between two attempts, from a schedule or a `Retry-After`.
pub const MAX_PAUSE_SECS: u32 = 86_400;

/// The most attempts after the first.
pub const MAX_RETRIES: usize = 20;

/// Pauses are spread by this share in both directions, so that failed deliveries do not come back in step.
pub const JITTER: f64 = 0.1;

/// How much of a receiver's answer is kept.
pub const RESPONSE_BODY_BYTES: usize = 64 * 1024;

/// How much of a receiver's headers is kept, names and values together.
pub const RESPONSE_HEADER_BYTES: usize = 8 * 1024;

/// The most of a config's own headers, names and values together.
pub const CONFIG_HEADER_BYTES: usize = 8 * 1024;

/// The longest URL of a receiver.
pub const URL_BYTES: usize = 2048;

/// How long an idempotency key is kept.
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The longest idempotency key.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;

/// The longest correlation id that is recorded: it is the sort key of an index, and DynamoDB takes no longer one.
pub const CORRELATION_ID_BYTES: usize = 1024;

/// The most types of events that a webhook subscribes to: what it says of itself stays small, and is read for every event.
pub const MAX_EVENT_TYPES: usize = 100;

/// The longest type of an event, in characters: EventBridge takes no longer `detail-type`.
pub const EVENT_TYPE_CHARS: usize = 128;

/// The longest JSONata expression, in characters.
pub const EXPRESSION_CHARS: usize = 15_000;

/// The most conditions of a filter.
pub const MAX_CONDITIONS: usize = 10;

/// The most values of a condition.
pub const CONDITION_VALUES: usize = 100;

/// The longest path of a field, in characters.
pub const FIELD_CHARS: usize = 512;

/// The longest value of a connection, in characters: EventBridge's limit (API reference, `CreateConnection`).
pub const CONNECTION_VALUE_CHARS: usize = 512;

/// The most parameters of a token request: EventBridge's limit for each place that they go to.
pub const MAX_TOKEN_PARAMETERS: usize = 100;

/// The longest `Content-Type` that a transform may set.
pub const CONTENT_TYPE_CHARS: usize = 255;

/// The largest body that a filter or a transform is applied to, which has to be in memory with all that is made of it: as
/// large as the trigger takes.
pub const MAX_RULES_BODY_BYTES: usize = 6 * 1024 * 1024;

/// The largest result of a transform.
pub const MAX_TRANSFORMED_BYTES: usize = 6 * 1024 * 1024;

/// The time limit of a filter and a transform together.
pub const RULES_TIMEOUT: Duration = Duration::from_secs(5);

/// How long events and claim checks are kept when nothing else is said.
pub const RETENTION: Duration = days(RETENTION_DAYS);

/// The same in days.
pub const RETENTION_DAYS: usize = 30;

/// A number of days.
pub const fn days(days: usize) -> Duration {
    Duration::from_secs(days as u64 * 24 * 3600)
}
