//! Local stand-ins for AWS services, as far as the product uses them: DynamoDB
//! ([`Tables`]), S3 ([`Bucket`]), Step Functions ([`States`]), EventBridge
//! ([`Bus`], [`ConnectionStore`]), EventBridge Scheduler ([`Schedules`]), SQS ([`Queue`],
//! [`LaneQueue`]), Secrets Manager and KMS
//! ([`LocalKey`]).
//!
//! The product reaches them through the AWS SDK's own clients, whose requests never leave
//! the process ([`clients`]); producers on the same machine reach the bus over HTTP
//! ([`endpoint()`]). This crate does not know how executions run or what the bus's rules
//! do: both are ports, [`ExecutionBackend`] and [`Rules`], which the host implements.

mod authorization;
mod bucket;
mod bus;
pub mod clients;
mod connections;
mod endpoint;
mod error;
mod keys;
mod lane_queue;
mod private;
mod queue;
mod schedules;
mod secrets;
mod states;
mod tables;
mod trace;
mod transport;
mod wire;

pub use bucket::{Bucket, CLAIMS, OBJECTS};
pub use bus::{BUS_NAME, Bus, RuleError, Rules, TakenEvent};
pub use connections::ConnectionStore;
pub use endpoint::{AwsCredentials, aws_credentials, endpoint};
pub use error::StandInError;
pub use keys::{FoundKey, KEY_FILE, KEY_ID, LocalKey};
pub use lane_queue::{LaneMessage, LaneQueue, SentMessages};
pub use queue::{QUEUE_FILE, Queue};
pub use schedules::Schedules;
pub use states::{
    ExecutionBackend, ExecutionRecord, StartAllRequest, StartRequest, StartedExecution, States, SyncResult,
};
pub use tables::{CONFIGS, EVENTS, TOKENS, TableCall, TableGate, Tables};
pub use wire::{Reply, ServiceError};
