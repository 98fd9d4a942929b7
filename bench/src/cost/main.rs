//! What a million events cost on AWS.
//!
//! Sends one event along each path through the embedded host: the definition, the functions and the SDK
//! requests are those of a deployment, and their usage is counted (see `listener`). Durations on AWS cannot
//! be measured here; they are explicit assumptions (see `assumptions`). Counts, durations and list prices
//! make the bill.

#![expect(clippy::print_stdout, reason = "the tables are the output")]

mod assumptions;
mod bill;
mod counts;
mod durations;
mod listener;
mod paths;
mod prices;
mod queued;
mod report;
#[cfg(test)]
mod tests;
mod world;

use clap::Parser;

use crate::assumptions::Assumptions;
use crate::paths::Path;
use crate::report::{Walked, report};
use hookstep_contract::MachineKind;

/// Prints what a million events cost on AWS.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    given: Assumptions,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let Args { given } = Args::parse();
    let mut walked = Vec::new();
    for path in Path::ALL {
        let express = path.walk(MachineKind::Express, true).await?;
        let bodiless = path.walk(MachineKind::Express, false).await?;
        let standard = match path.waits_in_schedules() {
            // A standard execution would wait for minutes and hours itself.
            true => None,
            // It goes on as an express execution.
            false if path == Path::SlowQueued => None,
            false => Some(path.walk(MachineKind::Standard, true).await?),
        };
        walked.push(Walked { path, express, bodiless, standard });
    }
    println!("{}", report(&walked, &given));
    Ok(())
}
