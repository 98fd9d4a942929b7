//! The state machines, for those who start, await and stop executions: `trigger`, `dispatch`, `replay` and the management
//! API.
//!
//! Each kind of machine is a type of its own, which offers what may be done with it: [`DeliveryMachines`] deliver events,
//! [`ReplayMachine`] sends many again, [`TestAuthMachine`] tries the credentials of a webhook.

mod delivery;
mod error;
mod execution_client;
mod replay;
mod test_auth;

pub use delivery::DeliveryMachines;
pub use error::WorkflowError;
pub use execution_client::{ExecutionClient, Run};
pub use replay::ReplayMachine;
pub use test_auth::TestAuthMachine;
