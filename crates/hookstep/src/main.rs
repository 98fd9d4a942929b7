//! `hookstep`: the embedded host, and tools around it.

mod aws;
mod backup;
mod command;
mod completions;
mod config;
mod contract;
mod demo;
mod erase;
mod event_types;
mod events;
mod history;
mod keys;
mod listen;
mod orgs;
mod out;
mod portal;
mod publish;
mod redrive;
mod remote;
mod replay;
mod serve;
mod settings;
mod token;
mod trigger;
mod verify;
mod webhooks;
mod when;

use std::process::ExitCode;

use clap::Parser;

/// A delivery makes thousands of small allocations on several threads, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The host starts this program again for every filter and transform.
    hookstep_expression::work_if_asked(hookstep_ambient::Sources::system().random).unwrap_or_else(run)
}

#[tokio::main]
async fn run() -> ExitCode {
    settings::keep_new_files_private();
    settings::init_tracing();
    command::Cli::parse().run().await
}
