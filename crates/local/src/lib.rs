//! The embedded host: the whole product in one process.
//!
//! The same routers and step functions that are Lambda functions on AWS, the same `statemachine.asl.json`, the same AWS SDK
//! clients; only what is behind the clients differs. [`Host::open`] puts it together from the bottom up: the tables
//! (dynoxide), the bucket (s3s-fs), keys, connections and their secrets, the journal of executions, the functions, the engine
//! that runs them, the routes.

mod admin;
mod authorization;
mod aws;
mod bucket;
mod bus;
mod connections;
mod engine;
mod error;
mod functions;
mod host;
mod housekeeping;
mod journal;
mod keys;
mod machines;
mod private;
mod schema;
mod secrets;
mod states;
mod tables;
mod tasks;
mod trace;
mod transport;
mod wire;

pub use admin::{FirstToken, NewToken, create_token};
pub use aws::{AwsCredentials, aws_credentials};
pub use error::OpenError;
pub use host::{Host, Options};
pub use journal::{ExecutionLog, executions_of};
pub use keys::KEY_ID;
