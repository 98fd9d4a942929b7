//! Clients for the state machines, used by `trigger`, `dispatch`,
//! `replay`, `reconcile` and the management API to start, await and stop executions.
//!
//! Each kind of machine has its own type with the operations that apply to it: [`DeliveryMachines`] deliver
//! events, [`ResumeMachine`] takes them up again, [`ReplayMachine`] runs bulk replays, [`TestAuthMachine`]
//! tests a webhook's credentials.

mod delivery;
mod error;
mod execution_client;
mod replay;
mod resume;
mod test_auth;

pub use delivery::DeliveryMachines;
pub use error::WorkflowError;
pub use execution_client::{Accepted, ExecutionClient, Executions, Input, Run};
pub use replay::ReplayMachine;
pub use resume::{ResumeMachine, Resumption};
pub use test_auth::TestAuthMachine;
