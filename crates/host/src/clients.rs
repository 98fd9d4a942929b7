//! The AWS clients of a host.

use hookstep_executions::ExecutionClient;
use hookstep_store::Bodies;

/// Clients of this host's services. The functions are built with
/// them; tests and tools use them to inspect what the HTTP API does not show.
#[derive(Clone, Debug)]
pub struct Clients {
    /// DynamoDB: the tables.
    pub tables: hookstep_tables::Client,
    /// The tables for steps that an execution repeats.
    pub(crate) tables_for_repeatable_steps: hookstep_tables::Client,
    /// The bodies of events, in the tables.
    pub(crate) bodies: Bodies,
    /// S3: the bucket of claim checks.
    pub bucket: aws_sdk_s3::Client,
    /// The executions, for the functions.
    pub(crate) executions: ExecutionClient,
    /// The executions for work that nobody has been promised yet.
    pub(crate) executions_for_new_work: ExecutionClient,
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
