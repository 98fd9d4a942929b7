//! The embedded host: the whole product in one process.
//!
//! The same routers and step functions that are Lambda functions on AWS, the same `statemachine.asl.json`, the same AWS SDK
//! clients; only what is behind the clients differs. [`Host::open`] puts it together from the bottom up: the stand-ins for
//! AWS's services (`hookstep-aws-local`), the executions and the engine that runs them (`hookstep-engine`), the functions, the
//! routes. Nothing below holds anything above it, so a host that is dropped leaves no thread and no open file.

mod admin;
mod clients;
mod contexts;
mod error;
mod executions;
mod failure_routes;
mod functions;
mod host;
mod housekeeping;
mod lock;
mod machines;
mod options;
mod routes;
mod rules;
mod services;

pub use admin::{FirstToken, NewToken, create_token};
pub use clients::Clients;
pub use error::OpenError;
pub use functions::STEPS;
pub use hookstep_aws_local::{AwsCredentials, KEY_ID, StandInError, aws_credentials};
pub use hookstep_engine::{ExecutionLog, JournalError, executions_of};
pub use host::Host;
pub use options::Options;
