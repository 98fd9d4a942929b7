//! The engine of the embedded host: it runs executions of state machines on one machine, and loses none that it accepted.
//!
//! [`Executions`] starts, stops and shows executions; it writes them into the [`Journal`] and hands them to the [`Engine`],
//! which drives each to its end or to its next wait. The engine knows neither the product's functions nor the services of
//! AWS nor what an execution is about: [`Functions`], [`Services`] and [`FailureRoutes`] are ports. What starts an execution
//! depends on `Executions` alone, so a function may start one without knowing the engine that runs the function.

mod context;
mod drive;
mod engine;
mod executions;
mod history;
mod journal;
mod machines;
mod ports;
mod restore;
mod start;
mod task_host;
mod trace;

pub use engine::Engine;
pub use executions::{Executions, Starts, executions};
pub use journal::{
    ExecutionLog, ExecutionRow, ExecutionStatus, JOURNAL_FILE, Journal, JournalError, ReadError, StopOutcome,
    UnreadableRow, executions_of,
};
pub use machines::{StateMachine, StateMachines};
pub use ports::{
    FailureRoute, FailureRoutes, Functions, Operation, Ports, Remains, ServiceFailure, Services,
};
pub use start::{EndedExecution, NotEnded, Running, StartError};
pub use task_host::{LAMBDA_INVOKE, RESOURCES};
