//! Cases in which the platform fails: functions that are throttled, crash, time out or are not ready, and calls that are
//! refused. None of these faults may end an event that the schedule still has attempts for.

use bytes::Bytes;
use serde_json::{Value, json};

use super::table::usual;
use super::{Case, How};
use crate::world::{Fault, Reply};

const THROTTLED: &str = "Lambda.TooManyRequestsException";
const CRASHED: &str = "Lambda.Unknown";

/// How often a task fails in ten seconds of throttling: its pauses are 1, 2, 4 and 8 s.
const TEN_SECONDS: u32 = 4;

/// A step of a delivery, and the names of its cases.
struct Step {
    state: &'static str,
    /// What the service says when it is throttled.
    throttled: &'static str,
    /// Throttled for ten seconds, throttled for good, and crashed.
    names: [&'static str; 3],
    /// How many attempts an event has if the step is throttled for good from the first attempt on, and how many of
    /// them reach the receiver.
    for_good: (&'static str, u32, usize),
    /// How many requests the receiver gets if the step crashes once.
    after_a_crash: usize,
}

const STEPS: [Step; 6] = [
    Step {
        state: "FetchConfig",
        throttled: THROTTLED,
        names: [
            "FetchConfig throttled for ten seconds",
            "FetchConfig throttled for good",
            "FetchConfig crashed",
        ],
        for_good: ("failed", 2, 0),
        after_a_crash: 1,
    },
    Step {
        state: "Transform",
        throttled: THROTTLED,
        names: ["Transform throttled for ten seconds", "Transform throttled for good", "Transform crashed"],
        for_good: ("failed", 2, 0),
        after_a_crash: 1,
    },
    Step {
        state: "RecordEvent",
        throttled: "DynamoDB.ThrottlingException",
        names: [
            "RecordEvent throttled for ten seconds",
            "RecordEvent throttled for good",
            "RecordEvent refused by a name that nobody knows",
        ],
        // The missed attempt is recorded together with the event, so the next one finds a record.
        for_good: ("succeeded", 2, 1),
        after_a_crash: 1,
    },
    Step {
        state: "Hydrate",
        throttled: THROTTLED,
        names: ["Hydrate throttled for ten seconds", "Hydrate throttled for good", "Hydrate crashed"],
        for_good: ("failed", 2, 0),
        after_a_crash: 1,
    },
    Step {
        state: "Deliver",
        throttled: THROTTLED,
        names: ["Deliver throttled for ten seconds", "Deliver throttled for good", "Deliver crashed"],
        for_good: ("failed", 2, 0),
        after_a_crash: 1,
    },
    Step {
        state: "UpdateStatus",
        throttled: THROTTLED,
        names: [
            "UpdateStatus throttled for ten seconds",
            "UpdateStatus throttled for good",
            "UpdateStatus crashed",
        ],
        for_good: ("failed", 2, 2),
        after_a_crash: 2,
    },
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = STEPS.iter().flat_map(of_step).collect();
    cases.extend(others());
    cases
}

fn of_step(step: &Step) -> [Case; 3] {
    let Step { state, throttled, names, for_good: (status, attempts, requests), .. } = step;
    let once = json!({"event": {"status": "succeeded", "attempt_count": 1}, "requests": [{}]});
    // Further attempts begin with another state of the same function.
    let throttled_for_good = match *state {
        "FetchConfig" => vec![fault(state, throttled, None), fault("RefreshPlan", throttled, None)],
        _ => vec![fault(state, throttled, None)],
    };
    let outcome = if *status == "succeeded" { "succeeded" } else { "failed_platform" };
    let missed = json!({
        "event": {"status": status, "outcome": outcome, "attempt_count": attempts, "next_attempt_at": null,
            "attempts": [{"number": 1, "outcome": "failed_platform", "reason": {"code": "platform"}}, {"number": 2, "outcome": outcome}]},
        "enabled": true, "requests": vec![json!({}); *requests],
    });
    let again = json!({
        "event": {"status": "succeeded", "attempt_count": 2,
            "attempts": [{"outcome": "failed_platform", "reason": {"code": "platform"}}, {"outcome": "succeeded"}]},
        "requests": vec![json!({}); step.after_a_crash],
    });
    let crash = if *state == "RecordEvent" { "DynamoDB.AmazonDynamoDBException" } else { CRASHED };
    // The native task takes any error for a transient one, so it has to last.
    let times = if *state == "RecordEvent" { None } else { Some(1) };
    [
        case(step, names[0], vec![fault(state, throttled, Some(TEN_SECONDS))], once),
        case(step, names[1], throttled_for_good, missed),
        case(step, names[2], vec![fault(state, crash, times)], again),
    ]
}

fn case(step: &Step, name: &'static str, faults: Vec<Fault>, expected: Value) -> Case {
    let mut webhook = json!({"retry": {"schedule_seconds": [1]}});
    if step.state == "Transform" {
        webhook["transform"] = json!({"jsonata": "{\"seen\": reading}"});
    }
    let usual = usual(name, expected);
    let body = match step.state {
        "Hydrate" => Bytes::from(vec![b'x'; 300_000]),
        "Transform" => Bytes::from_static(b"{\"reading\": 7}"),
        _ => usual.body.clone(),
    };
    Case { webhook, faults, body, ..usual }
}

fn others() -> Vec<Case> {
    let again = |name, faults| Case {
        webhook: json!({"retry": {"schedule_seconds": [1]}}),
        faults,
        ..usual(
            name,
            json!({"event": {"status": "succeeded", "attempt_count": 2, "attempts": [{"outcome": "failed_platform"}, {}]}}),
        )
    };
    let stopped = json!({
        "event": {"status": "failed", "outcome": "failed_platform", "attempt_count": 1, "reason": {"code": "platform"}},
        "answer": {"status": "failed", "outcome": "failed_platform", "reason": {"code": "platform"}},
        "requests": [],
    });
    vec![
        again("FetchConfig timed out", vec![fault("FetchConfig", "States.Timeout", Some(1))]),
        again("Deliver timed out", vec![fault("Deliver", "States.Timeout", Some(1))]),
        again("a result was too large", vec![fault("UpdateStatus", "States.DataLimitExceeded", Some(1))]),
        again("Deliver's sandbox was killed", vec![fault("Deliver", "Runtime.ExitError", Some(1))]),
        Case {
            faults: vec![fault("Deliver", "Lambda.ResourceNotReadyException", Some(2))],
            ..usual(
                "Deliver was not ready",
                json!({"event": {"status": "succeeded", "attempt_count": 1}, "requests": [{}]}),
            )
        },
        Case {
            faults: vec![fault("RecordMissed", THROTTLED, Some(2)), fault("Deliver", CRASHED, Some(1))],
            webhook: json!({"retry": {"schedule_seconds": [1]}}),
            ..usual(
                "the missed attempt cannot be recorded at first",
                json!({"event": {"status": "succeeded", "attempt_count": 2}, "requests": [{}]}),
            )
        },
        Case {
            how: How::Sync,
            faults: vec![fault("Deliver", CRASHED, Some(1))],
            ..usual("sync, Deliver crashed", stopped.clone())
        },
        Case {
            how: How::Sync,
            faults: vec![fault("FetchConfig", CRASHED, Some(1))],
            ..usual("sync, FetchConfig crashed", stopped)
        },
        Case {
            how: How::SyncAgain,
            faults: vec![fault("Deliver", CRASHED, Some(1))],
            ..usual(
                "sync, repeated with its key after a crash",
                json!({"event": {"status": "succeeded", "attempt_count": 1}, "answer": {"status": "succeeded"}, "requests": [{}]}),
            )
        },
    ]
}

/// Cases whose next attempt is more than a minute away, so that it is in a schedule.
pub(super) fn scheduled() -> Vec<Case> {
    let fired = |name, replies: &[u16], faults, expected| Case {
        how: How::Scheduled,
        webhook: json!({"retry": {"schedule_seconds": [120, 600]}}),
        replies: replies.iter().copied().map(Reply::status).collect(),
        faults,
        ..usual(name, expected)
    };
    let twice = json!({"event": {"status": "succeeded", "attempt_count": 2, "attempts": [{}, {"status_code": 200}]}, "requests": [{}, {}]});
    vec![
        fired("a retry by a schedule", &[503, 200], vec![], twice.clone()),
        fired(
            "a retry by a schedule that is throttled at first",
            &[503, 200],
            vec![fault("ScheduleRetry", "Scheduler.ThrottlingException", Some(TEN_SECONDS))],
            twice,
        ),
        fired(
            "two retries by schedules",
            &[503, 503, 200],
            vec![],
            json!({"event": {"status": "succeeded", "attempt_count": 3}, "requests": [{}, {}, {}]}),
        ),
        Case {
            body: Bytes::from(vec![b'x'; 300_000]),
            ..fired(
                "a claim check by a schedule",
                &[503, 200],
                vec![],
                json!({"event": {"status": "succeeded", "attempt_count": 2, "size": 300_000}, "requests": [{}, {}]}),
            )
        },
        Case {
            webhook: json!({"retry": {"schedule_seconds": [120]}, "transform": {"jsonata": "{\"seen\": reading}"}}),
            body: Bytes::from_static(b"{\"reading\": 7}"),
            ..fired(
                "a transformed body by a schedule",
                &[503, 200],
                vec![],
                json!({"event": {"status": "succeeded"}, "requests": [{"body": "{\"seen\":7}"}, {"body": "{\"seen\":7}"}]}),
            )
        },
        Case {
            webhook: json!({"retry": {"schedule_seconds": [120]}, "transform": {"jsonata": "{\"seen\": reading}"}}),
            body: Bytes::from_static(b"{\"reading\": 7}"),
            ..fired(
                "a body that could not be transformed at first, by a schedule",
                &[200],
                vec![fault("Transform", CRASHED, Some(1))],
                json!({"event": {"status": "succeeded", "attempt_count": 2}, "requests": [{"body": "{\"seen\":7}"}]}),
            )
        },
    ]
}

pub(super) fn fault(state: &'static str, error: &'static str, times: Option<u32>) -> Fault {
    Fault { state, error, times }
}
