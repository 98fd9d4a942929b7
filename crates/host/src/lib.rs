//! The embedded host: the whole product in one process.
//!
//! The routers and step functions are the same as the Lambda functions on AWS, with the
//! same `statemachine.asl.json` and the same AWS SDK clients; only the services behind
//! the clients differ. [`Host::open`] assembles the host from the bottom up: the
//! stand-ins for AWS services (`hookstep-aws-local`), the executions and the engine
//! that runs them (`hookstep-engine`), the functions, the routes. Lower layers hold no
//! references to higher ones, so a dropped host leaves no thread and no open file.

mod admin;
mod backup;
mod clients;
mod contexts;
mod directory;
mod erasing;
mod error;
mod executions;
mod failure_routes;
mod functions;
mod host;
mod housekeeping;
mod lanes;
mod lock;
mod machines;
mod metrics;
mod modes;
mod notifying;
mod observed;
mod options;
mod reconciling;
mod routes;
mod rules;
mod server;
mod services;
mod shares;
mod stand_ins;
mod storage;
mod traced;

pub use admin::{FirstToken, NewToken, create_token};
pub use backup::{BackupError, backup, restore};
pub use clients::Clients;
pub use directory::{Fault, UnfitDirectory};
pub use error::OpenError;
pub use functions::STEPS;
pub use hookstep_aws_local::{
    AwsCredentials, KEY_ID, ServiceError, StandInError, TableCall, TableGate, aws_credentials,
};
pub use hookstep_engine::{ExecutionLog, Histories, JournalError};
pub use hookstep_metrics::By;
pub use hookstep_storage::Durability;
pub use host::Host;
pub use metrics::MetricsOptions;
pub use options::Options;
pub use server::{DEFAULT_TRUSTED_PROXIES, Limits, Server};
pub use storage::executions_of;
