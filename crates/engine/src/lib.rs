//! The embedded host's execution engine: it runs Step Functions
//! executions on one machine and loses none that it has accepted.
//!
//! [`Executions`] starts, stops and reads executions. It writes them to the [`Journal`] and hands them to the
//! [`Engine`], which drives each one to its end or its next wait. The engine knows nothing about the
//! product's functions, AWS services or what an execution is for: [`Functions`], [`Services`], [`Shares`]
//! and [`FailureRoutes`] are ports. Code that starts executions depends only on `Executions`, so a function
//! can start one without knowing the engine that runs the function itself.

mod activity;
mod admission;
mod context;
mod drive;
mod engine;
mod executions;
mod history;
mod journal;
mod machines;
mod places;
mod ports;
mod restore;
mod sleepers;
mod start;
mod task_host;
mod trace;

pub use activity::Activity;
pub use engine::Engine;
pub use executions::{Executions, Starts, executions};
pub use journal::{
    ExecutionLog, ExecutionRow, ExecutionStatus, Journal, JournalError, ReadError, SCHEMA, StopOutcome,
    UnreadableRow, executions_of,
};
pub use machines::{StateMachine, StateMachines};
pub use ports::{
    FailureRoute, FailureRoutes, Functions, Histories, Operation, Ports, Remains, RunTask, ServiceFailure,
    Services, Share, Shares, TaskFaults,
};
pub use start::{EndedExecution, NotEnded, Running, Start, StartAll, StartError, Started};
pub use task_host::{LAMBDA_INVOKE, RESOURCES};
