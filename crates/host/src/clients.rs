//! The AWS clients of a host.

/// AWS SDK clients of this host's services. The functions are built with
/// them; tests and tools use them to inspect what the HTTP API does not show.
#[derive(Clone, Debug)]
pub struct Clients {
    /// DynamoDB: the tables.
    pub tables: aws_sdk_dynamodb::Client,
    /// S3: the bucket of claim checks.
    pub bucket: aws_sdk_s3::Client,
    /// Step Functions: the executions.
    pub states: aws_sdk_sfn::Client,
    /// EventBridge: the bus and the connections.
    pub events: aws_sdk_eventbridge::Client,
    /// EventBridge Scheduler: the schedules of attempts.
    pub schedules: aws_sdk_scheduler::Client,
    /// Secrets Manager: the secrets of connections.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// KMS: the key [`crate::KEY_ID`].
    pub keys: aws_sdk_kms::Client,
}
