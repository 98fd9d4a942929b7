//! Printing an execution for people: a line for each state.

use std::io;
use std::time::Duration;

use hookstep_contract::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::out::{self, Colour, paint, sanitise};

/// How deep in an output the result of an attempt is looked for.
const MAX_DEPTH: usize = 3;

/// An event of a history, as far as it is printed.
#[derive(Deserialize)]
pub(super) struct Event {
    timestamp: Timestamp,
    #[serde(rename = "type")]
    kind: String,
    state: Option<String>,
    /// JSON, as text.
    output: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

/// A state that was entered.
struct Visit<'a> {
    state: &'a str,
    entered: Timestamp,
    exited: Option<Timestamp>,
    /// What it made.
    output: Option<&'a str>,
    /// The errors in it. A state that is retried can have several, and succeed.
    errors: Vec<String>,
}

/// Prints a heading and the states of an execution.
pub(super) fn execution(arn: &str, status: &str, events: &[Event]) -> io::Result<()> {
    // `arn:aws:states:<region>:<account>:<kind>:<machine>:<name>`
    let name = arn.splitn(7, ':').last().unwrap_or(arn);
    let painted = paint(colour(status), status);
    out::line(format_args!("{} {painted}", paint(Colour::Bold, name)))?;
    let Some(start) = events.first().map(|event| event.timestamp) else {
        return out::line(match status {
            "SUCCEEDED" => {
                "  it succeeded, so its history is not kept; `hookstep serve --history full` keeps all\n"
            }
            _ => "  its history is written when it ends\n",
        });
    };
    out::line(format_args!("  started {start}"))?;
    let visits = visits(events);
    let width = visits.iter().map(|visit| visit.state.len()).max().unwrap_or_default();
    for visit in &visits {
        print(visit, start, width)?;
    }
    out::line("")
}

fn print(visit: &Visit<'_>, start: Timestamp, width: usize) -> io::Result<()> {
    let Visit { state, entered, exited, output, errors } = visit;
    let at = seconds(entered.since(start));
    let (mark, took) = match exited {
        Some(exited) if errors.is_empty() => (paint(Colour::Green, "✓"), seconds(exited.since(*entered))),
        Some(exited) => (paint(Colour::Yellow, "!"), seconds(exited.since(*entered))),
        None if errors.is_empty() => (paint(Colour::Yellow, "…"), "running".to_owned()),
        None => (paint(Colour::Red, "✗"), "failed".to_owned()),
    };
    let output = output.and_then(|output| serde_json::from_str(output).ok());
    let result = output.and_then(|output| result(&output, MAX_DEPTH)).unwrap_or_default();
    let line = format!("  {mark} {at:>9}  {state:<width$}  {took:>9}  {}", sanitise(&result));
    out::line(line.trim_end())?;
    for error in errors {
        out::line(format_args!("      {}", paint(Colour::Red, &sanitise(error))))?;
    }
    Ok(())
}

/// The states in the order in which they were entered. Choices are left out: the next state shows them.
fn visits(events: &[Event]) -> Vec<Visit<'_>> {
    let mut visits: Vec<Visit<'_>> = Vec::new();
    for event in events {
        let Some(state) = event.state.as_deref().filter(|_| !event.kind.starts_with("Choice")) else {
            continue;
        };
        if event.kind.ends_with("StateEntered") {
            let (entered, errors) = (event.timestamp, Vec::new());
            visits.push(Visit { state, entered, exited: None, output: None, errors });
            continue;
        }
        let Some(visit) = visits.iter_mut().rev().find(|visit| visit.state == state) else { continue };
        if let Some(error) = &event.error {
            let cause = event.cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default();
            visit.errors.push(format!("{error}{cause}"));
        }
        if event.kind.ends_with("StateExited") {
            visit.exited = Some(event.timestamp);
        }
        if event.kind == "TaskSucceeded" {
            visit.output = event.output.as_deref();
        }
    }
    visits
}

/// How an attempt ended, if the output says so.
fn result(output: &Value, depth: usize) -> Option<String> {
    let fields = output.as_object()?;
    if let Some(outcome) = fields.get("outcome").and_then(Value::as_str) {
        let code = fields.get("status_code").and_then(Value::as_u64);
        return Some(code.map_or(outcome.to_owned(), |code| format!("{outcome}, HTTP {code}")));
    }
    depth.checked_sub(1).and_then(|depth| fields.values().find_map(|value| result(value, depth)))
}

fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

fn colour(status: &str) -> Colour {
    match status {
        "SUCCEEDED" => Colour::Green,
        "RUNNING" => Colour::Yellow,
        _ => Colour::Red,
    }
}
