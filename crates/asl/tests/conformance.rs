//! Runs the cases under `conformance/`; the README there explains their format. A new case needs no new code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hookstep_asl::{EventKind, TaskError};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::support::{self, Call, START, Script};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    definition: Value,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    tasks: Vec<Call>,
    #[serde(default = "half")]
    random: f64,
    expect: Expect,
    states: Option<Vec<String>>,
    scheduled_at: Option<Vec<i64>>,
    ended_at: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Expect {
    Output {
        output: Value,
    },
    Error {
        error: String,
        #[serde(default)]
        cause_contains: Vec<String>,
    },
}

fn half() -> f64 {
    0.5
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut failed = Vec::new();
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for case in cases {
            count += 1;
            let case = read(case);
            let title = format!("{}: {}", file.file_name().unwrap().display(), case.name);
            if catch_unwind(AssertUnwindSafe(|| check(case))).is_err() {
                failed.push(title);
            }
        }
    }
    assert!(count > 50, "only {count} cases were found");
    assert!(failed.is_empty(), "{} of {count} cases failed: {failed:#?}", failed.len());
}

fn read(mut case: Value) -> Case {
    for field in ["input", "tasks"] {
        if let Some(value) = case.get_mut(field) {
            *value = repeated(value.take());
        }
    }
    serde_json::from_value(case).unwrap()
}

/// Expands `{"repeat": …, "times": …}`.
fn repeated(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.contains_key("repeat") => {
            let times = usize::try_from(fields["times"].as_u64().unwrap()).unwrap();
            Value::from(fields["repeat"].as_str().unwrap().repeat(times))
        }
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, field)| (name, repeated(field))).collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(repeated).collect()),
        other => other,
    }
}

fn check(case: Case) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let machine = support::load(&case.definition);
        let host = Script::new(case.tasks.clone(), case.random);
        let ended = support::finish(&machine, case.input.clone(), &host).await;
        check_end(&case.expect, ended);
        check_history(&case, &host);
    });
}

fn check_end(expect: &Expect, ended: Result<Value, TaskError>) {
    match (expect, ended) {
        // Compared as text, because 1 and 1.0 are different outputs.
        (Expect::Output { output }, Ok(actual)) => assert_eq!(actual.to_string(), output.to_string()),
        (Expect::Error { error, cause_contains }, Err(actual)) => {
            assert_eq!(&actual.error, error, "{}", actual.cause);
            for part in cause_contains {
                assert!(actual.cause.contains(part), "`{part}` is not in: {}", actual.cause);
            }
        }
        (_, actual) => panic!("ended otherwise: {actual:?}"),
    }
}

fn check_history(case: &Case, host: &Script) {
    assert_eq!(host.calls.lock().unwrap().len(), 0, "calls left in the script");
    if let Some(states) = &case.states {
        assert_eq!(&host.visited(), states, "states");
    }
    let events = host.events();
    if let Some(scheduled_at) = &case.scheduled_at {
        let scheduled = events.iter().filter(|event| event.kind == EventKind::TaskScheduled);
        assert_eq!(
            &scheduled.map(|event| seconds(event.timestamp)).collect::<Vec<_>>(),
            scheduled_at,
            "scheduled_at"
        );
    }
    if let Some(ended_at) = case.ended_at {
        assert_eq!(seconds(events.last().unwrap().timestamp), ended_at, "ended_at");
    }
}

fn seconds(at: OffsetDateTime) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "rounds away the timer's millisecond")]
    let seconds = (at - START).as_seconds_f64().round() as i64;
    seconds
}
