//! The engine of the embedded host: it runs executions of state machines on one machine, and loses none that it accepted.
//!
//! [`Executions`] starts, stops and shows executions; it writes them into the [`Journal`] and hands them to the [`Engine`],
//! which drives each to its end or to its next wait. The engine knows neither the product's functions nor the services of
//! AWS: both are ports, [`Functions`] and [`Services`]. What starts an execution depends on `Executions` alone, so a function
//! may start one without knowing the engine that runs the function.

mod engine;
mod executions;
mod journal;
mod machines;
mod ports;
mod task_host;
mod trace;

pub use engine::Engine;
pub use executions::{Executions, Running, StartError, Starts, executions};
pub use journal::{Ended, ExecutionLog, JOURNAL_FILE, Journal, JournalError, Row, executions_of};
pub use machines::{MachineKind, StateMachine, StateMachines};
pub use ports::{Functions, Operation, ServiceFailure, Services};
