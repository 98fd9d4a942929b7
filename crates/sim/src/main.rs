//! Runs simulations from the command line.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use hookstep_sim::{Plant, Report, Scenario, Story, run, shrink};

/// Puts the host through simulated weeks, each from a seed
#[derive(Parser)]
#[command(version)]
struct Args {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many seeds to run
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// Run for so many minutes instead
    #[arg(long)]
    minutes: Option<u64>,
    /// Run this seed alone, and print everything that happens
    #[arg(long)]
    seed: Option<u64>,
    /// What plays the services below the product: `host`, or `aws` with what its services may do
    #[arg(long, default_value = "host")]
    platform: String,
    /// Plant a bug
    #[arg(long)]
    plant: Option<String>,
    /// Plant each bug in turn, and say in how many of the weeks it is found
    #[arg(long)]
    plants: bool,
    /// Do not make the first scenario that fails smaller
    #[arg(long)]
    no_shrink: bool,
    /// How many threads run simulations, one each at a time
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    let plant = match &args.plant {
        None => None,
        Some(name) => match Plant::ALL.into_iter().find(|plant| format!("{plant:?}") == *name) {
            Some(plant) => Some(plant),
            None => {
                writeln!(io::stderr(), "there is no such bug; there are {:?}", Plant::ALL)?;
                return Ok(ExitCode::from(2));
            }
        },
    };
    let of = match &*args.platform {
        "host" => Scenario::of,
        "aws" => Scenario::on_aws,
        _ => {
            writeln!(io::stderr(), "there is no such platform; there are host and aws")?;
            return Ok(ExitCode::from(2));
        }
    };
    if args.plants {
        return plants(&args, of);
    }
    let scenario = |seed| Scenario { plant, ..of(seed) };
    if let Some(seed) = args.seed {
        return one(&args, &scenario(seed));
    }
    let begin = Instant::now();
    let report = many(&args, &scenario)?;
    let (mut out, took) = (io::stdout(), begin.elapsed().as_secs_f64());
    let weeks = report.simulated.as_secs_f64() / (7.0 * 86_400.0);
    writeln!(out, "{report}\n{weeks:.0} weeks in {took:.1} s: {:.1} a second", weeks / took)?;
    let Some((seed, _)) = report.failed.first() else { return Ok(ExitCode::SUCCESS) };
    one(&args, &scenario(*seed))
}

/// Says in how many weeks each planted bug is found, in which first, and how.
fn plants(args: &Args, of: fn(u64) -> Scenario) -> io::Result<ExitCode> {
    let (mut out, mut are_found) = (io::stdout(), true);
    for plant in Plant::ALL {
        let report = many(args, &|seed| Scenario { plant: Some(plant), ..of(seed) })?;
        let (found, of, first) = (report.failed.len(), report.scenarios, report.failed.first());
        writeln!(out, "{:20} {found:>4} of {of}   first: {first:?}", format!("{plant:?}"))?;
        are_found &= first.is_some();
    }
    Ok(if are_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one scenario, and tells its story if it fails.
fn one(args: &Args, scenario: &Scenario) -> io::Result<ExitCode> {
    let outcome = run(scenario)?;
    let mut out = io::stdout();
    if args.seed.is_some() {
        writeln!(out, "{}", outcome.text())?;
    }
    if outcome.violations.is_empty() {
        writeln!(out, "seed {}: all is well", scenario.seed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (smallest, runs) = if args.no_shrink { (outcome, 0) } else { shrink(outcome) };
    writeln!(out, "\nseed {} fails; made smaller in {runs} runs:\n{}", scenario.seed, Story(&smallest))?;
    Ok(ExitCode::FAILURE)
}

/// Runs many scenarios, on several threads.
fn many(args: &Args, scenario: &(impl Fn(u64) -> Scenario + Sync)) -> io::Result<Report> {
    let (next, total) = (AtomicU64::new(args.from), Mutex::new(Report::default()));
    let stop_at = args.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let goes_on = |seed: u64| stop_at.map_or(seed < args.from + args.seeds, |at| Instant::now() < at);
    let work = || -> io::Result<()> {
        let mut report = Report::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !goes_on(seed) {
                break;
            }
            report.add(&run(&scenario(seed))?);
        }
        total.lock().unwrap_or_else(PoisonError::into_inner).merge(report);
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..args.threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(result) => result,
            Err(_) => Err(io::Error::other("a simulation panicked")),
        })
    })?;
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}
