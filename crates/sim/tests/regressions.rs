use hookstep_sim::{Event, How, Limit, Mode, Scenario, Story, TaskFault, Webhook, run};

/// What a simulation has found, made small, and mended since.
#[test]
fn what_was_mended_stays_mended() {
    for (what, scenario) in [
        ("a note in a lane without a message (seed 29)", not_queued()),
        ("the fault of a repetition in place of a success (seed 42)", missed_after_success()),
    ] {
        let outcome = run(&scenario).unwrap();
        assert!(outcome.violations.is_empty(), "{what}:\n{}", Story(&outcome));
        assert!(!outcome.coverage.is_empty(), "{what}: no fault was met");
    }
}

/// The event could not be queued in its lane, and its note that it waits there stayed for 14 days.
fn not_queued() -> Scenario {
    let scenario = one_event(29, Limit::InFlight(2), Vec::new());
    let fault =
        TaskFault { state: "QueueInLane".to_owned(), event: None, call: 0, times: 12, how: How::Throttled };
    Scenario { task_faults: vec![fault], ..scenario }
}

/// The request was repeated with its key. The new execution met a fault before it found out that the event had succeeded, and its
/// attempt that was never made took the place of the one that was.
fn missed_after_success() -> Scenario {
    let fault = TaskFault {
        state: "FetchConfig".to_owned(),
        event: None,
        call: 1,
        times: 12,
        how: How::StalledAfter,
    };
    Scenario { task_faults: vec![fault], ..one_event(42, Limit::None, vec![30]) }
}

fn one_event(seed: u64, limit: Limit, schedule: Vec<u32>) -> Scenario {
    let webhook = Webhook { number: 0, schedule, timeout: 60, limit, rules: false, phases: Vec::new() };
    let event = Event { number: 11, at: 60_000, webhook: 0, mode: Mode::Async, keyed: true, repeated: true };
    Scenario { days: 1, webhooks: vec![webhook], events: vec![event], ..Scenario::quiet(seed) }
}
