//! Measures how many deliveries per second one machine makes, and how long they take from the trigger to the
//! receiver.
//!
//! Runs the host in its own process; the receiver and the load generator are in this one. Every worker
//! triggers an event and waits until the receiver has it, so the concurrency is the number of events in
//! flight. The same workers then call the receiver directly, which gives the limit of this machine and this
//! receiver.

#![expect(clippy::print_stdout, reason = "the table is the output")]

mod connection;
mod host;
mod load;
mod receiver;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::host::Host;
use crate::load::{Load, Target};
use crate::receiver::Receiver;

/// Measures deliveries on this machine.
#[derive(Debug, Parser)]
struct Args {
    /// The host's binary; `cargo build --release --locked -p hookstep` makes it.
    #[arg(long, default_value = "target/release/hookstep")]
    hookstep: PathBuf,

    /// How long each row is measured, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,

    /// The size of a body in bytes.
    #[arg(long, default_value_t = 1024)]
    body: usize,

    /// How many events are in flight at once, one row each.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    concurrency: Vec<usize>,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let args = Args::parse();
    let receiver = std::sync::Arc::new(Receiver::start().await?);
    let host = Host::start(&args.hookstep, &receiver).await?;
    println!("body {} B, {} s a row; times from the trigger to the receiver\n", args.body, args.seconds);
    println!(
        "| | at once | per second | p50 ms | p99 ms | of direct | host CPU s per 1,000 | host RSS MiB |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for concurrency in args.concurrency {
        let load = Load { concurrency, body: args.body, duration: Duration::from_secs(args.seconds) };
        let direct = load.run(&Target::Receiver, &receiver, &host).await?;
        println!(
            "| direct | {concurrency} | {:.0} | {:.2} | {:.2} | 1.00 | | |",
            direct.per_second(),
            direct.quantile(0.5),
            direct.quantile(0.99)
        );
        for (name, target) in [("async", Target::Async), ("sync", Target::Sync)] {
            let cpu = host.cpu_seconds()?;
            let run = load.run(&target, &receiver, &host).await?;
            let cpu = host.cpu_seconds()? - cpu;
            println!(
                "| {name} | {concurrency} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} |",
                run.per_second(),
                run.quantile(0.5),
                run.quantile(0.99),
                run.per_second() / direct.per_second(),
                cpu * 1000.0 / run.count() as f64,
                host.rss_mib()?
            );
        }
    }
    Ok(())
}
