//! Measures how many deliveries per second one machine makes, and how long they take from the trigger to the
//! receiver.
//!
//! Runs the host in its own process; the receiver and the load generator are in this one. In a closed loop, every
//! worker triggers an event and waits until the receiver has it, so the concurrency is the number of events in
//! flight. In an open loop, events are sent at fixed moments, however long the earlier ones take. The same load
//! then goes to the receiver directly, which gives the limit of this machine and this receiver.

#![expect(clippy::print_stdout, reason = "the tables are the output")]

mod backlog;
mod closed;
mod connection;
mod disk;
mod fanout;
mod hanging;
mod host;
mod learned;
mod open;
mod receiver;
mod report;
mod rows;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures deliveries on this machine.
#[derive(Clone, Debug, Parser)]
struct Args {
    /// The host's binary; `cargo build --release --locked -p hookstep` makes it.
    #[arg(long, default_value = "target/release/hookstep")]
    hookstep: PathBuf,

    /// Measure only these groups of rows. Each group has a host of its own.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Group>,

    /// How long each row of a closed loop is measured, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,

    /// The size of a body in bytes.
    #[arg(long, default_value_t = 1024)]
    body: usize,

    /// How many events are in flight at once, one row each.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    concurrency: Vec<usize>,

    /// The events per second of an open loop.
    #[arg(long, default_value_t = 100)]
    rate: u32,

    /// How long each row of an open loop is measured, in seconds.
    #[arg(long, default_value_t = 10)]
    rate_seconds: u32,

    /// How long the receiver hangs that hangs, in seconds, one row each.
    #[arg(long, value_delimiter = ',', default_value = "10,60")]
    hang: Vec<u64>,

    /// How often the rows with and without a receiver that hangs are measured, in turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// How many requests a second a receiver takes whose limit is to be learned, one group of rows each.
    #[arg(long, value_delimiter = ',', default_value = "1000")]
    limit: Vec<u32>,

    /// The number of events of one org that wait while another org's are measured.
    #[arg(long, default_value_t = 20_000)]
    backlog: usize,

    /// The number of events after which the disk is measured.
    #[arg(long, default_value_t = 2000)]
    events: usize,

    /// The directory for the data directories. The time of a sync of its disk bounds a closed loop.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    data_dir_parent: PathBuf,

    /// A further argument for the host, such as `--host-arg=--inline-limit=1024`; repeatable.
    #[arg(long, allow_hyphen_values = true)]
    host_arg: Vec<String>,
}

/// Rows that belong together.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Group {
    /// Async and sync triggers in a closed loop.
    Closed,
    /// Bodies of 64 KB in a closed loop of 16.
    Large,
    /// Async triggers in an open loop.
    Rate,
    /// Events by `POST /events` and by `PutEvents` that go to ten webhooks each.
    Fanout,
    /// Ten webhooks in an open loop, one of which hangs.
    Hanging,
    /// Single events of one org while many of another wait.
    Backlog,
    /// Receivers whose limit is learned.
    Learned,
    /// The memory of the host, and what an event takes on the disk.
    Disk,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let args = Args::parse();
    let sync = disk::sync_time(&args.data_dir_parent)?;
    println!(
        "{:.2} ms: the median of 100 fdatasync calls after 4 KB each in {}\n",
        sync.as_secs_f64() * 1000.0,
        args.data_dir_parent.display()
    );
    report::head(args.body);
    for group in Group::value_variants().iter().filter(|group| args.measures(**group)) {
        rows::measure(*group, &args).await?;
    }
    Ok(())
}

impl Args {
    fn measures(&self, group: Group) -> bool {
        self.only.is_empty() || self.only.contains(&group)
    }
}
