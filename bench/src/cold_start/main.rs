//! Measures how long a function takes from exec to its first poll of the Runtime API, compared with an empty
//! function built with the same profile; the cost of its first and later invocations; and the time of the
//! whole chain when every function is cold.
//!
//! Lambda's Runtime API, the AWS services and the receiver are stubs in this process; the functions are the
//! real binaries, in an environment like Lambda's. Not included is what a real cold start adds: placing the
//! environment, fetching and unpacking the code, TLS to the receiver, and the CPU share of a small function
//! (128 MB is 128/1769 of one vCPU, but not during startup). On a busy machine compare CPU times, because
//! wall times are noisy.

#![expect(clippy::print_stdout, reason = "the tables are the output")]

mod aws;
mod chain;
mod environment;
mod functions;
mod invocations;
mod numbers;
mod runtime;
mod start;
mod tls;

use std::path::PathBuf;

use clap::Parser;

use crate::aws::Services;
use crate::functions::Functions;

/// Measures cold starts on this machine.
#[derive(Debug, Parser)]
struct Args {
    /// The directory of the binaries: `<dir>/<name>/bootstrap` (the layout of infra/package.sh) or
    /// `<dir>/<name>`.
    #[arg(long, default_value = "target/release")]
    functions: PathBuf,

    /// How many times each function, and the chain, is started.
    #[arg(long, default_value_t = 30)]
    starts: usize,

    /// How many warm invocations are measured, in one environment.
    #[arg(long, default_value_t = 200)]
    invocations: usize,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let args = Args::parse();
    let mut functions = Functions::find(&args.functions)?;
    start::measure(&functions, args.starts).await?;
    let mut services = Services::start().await?;
    functions.use_services(&services);
    let events = chain::measure(&functions, &mut services, args.starts).await?;
    invocations::measure(&functions, &events, args.starts, args.invocations).await
}
