//! From exec to the first poll of the Runtime API.

use std::time::Duration;

use crate::Outcome;
use crate::environment::Environment;
use crate::functions::{Function, Functions};
use crate::numbers::Times;

/// One function's starts.
struct Starts<'a> {
    function: &'a Function,
    wall: Times,
    cpu: Times,
}

/// Starts every function this many times, in turn, so that disturbances affect all functions alike.
pub(crate) async fn measure(functions: &Functions, times: usize) -> Outcome<()> {
    let mut rows: Vec<_> = functions
        .iter()
        .map(|function| Starts { function, wall: Times::default(), cpu: Times::default() })
        .collect();
    for _ in 0..times {
        for row in &mut rows {
            let (wall, cpu) = start(row.function).await?;
            row.wall.push(wall);
            row.cpu.push(cpu);
        }
    }
    println!("From exec to the first poll, {times} starts each; ratios of medians\n");
    println!("| function | KiB | zip KiB | wall ms | min | p90 | of empty | CPU ms | min | p90 | of empty |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let Some(empty) = rows.first() else { return Ok(()) };
    for row in &rows {
        println!(
            "| {} | {} | {} | {} | {} |",
            row.function.name,
            row.function.kib()?,
            row.function.zipped_kib().await.map_or("?".to_owned(), |kib| kib.to_string()),
            cells(&row.wall, &empty.wall),
            cells(&row.cpu, &empty.cpu)
        );
    }
    println!();
    Ok(())
}

async fn start(function: &Function) -> Outcome<(Duration, Duration)> {
    let mut environment = Environment::start(function).await?;
    let (polled, cpu) = environment.next_poll().await?;
    Ok((polled - environment.started, cpu))
}

fn cells(times: &Times, empty: &Times) -> String {
    format!(
        "{:.2} | {:.2} | {:.2} | {:.2}",
        times.median(),
        times.quantile(0.0),
        times.quantile(0.9),
        times.median() / empty.median()
    )
}
