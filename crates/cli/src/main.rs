//! `hookstep`: the embedded host, and tools around it.

mod aws;
mod command;
mod completions;
mod config;
mod demo;
mod events;
mod history;
mod keys;
mod listen;
mod out;
mod remote;
mod replay;
mod serve;
mod settings;
mod token;
mod trigger;
mod verify;
mod when;

use clap::Parser;

/// A delivery makes thousands of small allocations on several threads, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    settings::init_tracing();
    command::Cli::parse().run().await
}
