//! `hookstep`: the embedded host, and tools around it.

mod aws;
mod demo;
mod history;
mod serve;
mod settings;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings::ServeArgs;

/// A delivery makes thousands of small allocations on several threads, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Hookstep delivers webhooks. Without a command it serves.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = settings::ENVIRONMENT)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole product in this process (the default).
    #[command(after_help = settings::ENVIRONMENT)]
    Serve(ServeArgs),
    /// Serve with a sample receiver and show, step by step, what a delivery is.
    Demo(ServeArgs),
    /// Make an API token in the data directory. The host may be running.
    Token(token::TokenArgs),
    /// Print the AWS credentials with which producers put events on the host's bus, for a shell to evaluate.
    AwsCredentials(aws::AwsArgs),
    /// Print the executions of an event, state by state. The host may be running.
    History(history::HistoryArgs),
}

fn main() -> ExitCode {
    // The host starts this program again for every filter and transform.
    match expression::work_or(run) {
        Ok(code) => code,
        Err(error) => {
            settings::say_error(&*error);
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    settings::init_tracing();
    let cli = Cli::parse();
    match cli.command {
        None => serve::serve(cli.serve).await,
        Some(Command::Serve(args)) => serve::serve(args).await,
        Some(Command::Demo(args)) => demo::demo(args).await,
        Some(Command::Token(args)) => token::create(args).await,
        Some(Command::AwsCredentials(args)) => aws::print(args),
        Some(Command::History(args)) => history::print(args),
    }
}
