use hookstep_sim::{
    Behaviour, Break, End, Event, How, Limit, Mode, Phase, Platform, Scenario, Story, TableFault, TaskFault,
    Trouble, Webhook, run,
};

/// What a simulation has found, made small, and mended since.
#[test]
fn what_was_mended_stays_mended() {
    for (what, scenario) in [
        ("a note in a lane without a message (seed 29)", not_queued()),
        ("the fault of a repetition in place of a success (seed 42)", missed_after_success()),
        (
            "a fault in place of an attempt that was made, in an order (seed 219)",
            missed_in_place_of_a_failure(),
        ),
        ("an event that blocks its order, and is not said to (seed 421)", block_not_noted()),
    ] {
        let outcome = run(&scenario).unwrap();
        assert!(outcome.violations.is_empty(), "{what}:\n{}", Story(&outcome));
        assert!(!outcome.coverage.is_empty(), "{what}: no fault was met");
    }
}

/// A producer who waits for the answer of a receiver was told that the event is accepted, because it took long, and not because it was on
/// the disk, which wrote nothing (seed 125).
#[test]
fn nothing_is_accepted_before_it_is_on_a_disk_that_stands_still() {
    let mut scenario = one_event(125, Limit::None, vec![30]);
    let event = &mut scenario.events[0];
    (event.mode, event.keyed, event.repeated) = (Mode::Sync, false, false);
    scenario.troubles = vec![Trouble { at: 59_900, lasts: 48_000, is_full: false }];
    scenario.breaks = vec![Break { at: 100_000, steps: 0, end: End::PowerCut(100), down: 600_000 }];
    let outcome = run(&scenario).unwrap();
    assert!(outcome.violations.is_empty(), "{}", Story(&outcome));
}

/// What is in a table and in memory was only in the table if the answer to its write was lost: the repetition found it there. A schedule
/// did not start until the next start of the host (seed 391), and a message had no turn until then.
#[test]
fn what_was_written_without_an_answer_is_not_forgotten() {
    let mut retried = one_event(391, Limit::None, vec![600]);
    retried.webhooks[0].phases = vec![
        Phase { at: 0, behaviour: Behaviour::Status(503) },
        Phase { at: 75_000, behaviour: Behaviour::Quick },
    ];
    let in_lane = one_event(391, Limit::InFlight(1), vec![30]);
    let in_order = one_event(391, Limit::Ordered { blocks: true }, vec![30]);
    for (table, scenario) in [("schedules", retried), ("lanes", in_lane), ("lanes", in_order)] {
        let fault = TableFault { table: table.to_owned(), call: 0, times: 1, lost: true };
        let outcome = run(&Scenario { table_faults: vec![fault], ..scenario }).unwrap();
        assert!(outcome.violations.is_empty(), "{}", Story(&outcome));
        assert!(outcome.text().contains(&format!("PutItem of {table} is LOST")), "{}", outcome.text());
        let late = outcome.log.iter().find(|line| line.text.contains("nothing worked on them"));
        assert_eq!(late, None, "{}", outcome.text());
    }
}

/// A body that was stored a moment before was not found by a read that did not ask for consistency, and its event failed for good without
/// an attempt (seeds 4, 6, 8 and 12 on AWS).
#[test]
fn a_body_that_was_just_stored_is_found_on_aws() {
    let mut scenario = one_event(4, Limit::InFlight(1), vec![30]);
    // One after the other, so that none waits in the lane.
    let event = |number: u32| Event { number, at: 60_000 * u64::from(number), ..scenario.events[0].clone() };
    scenario.events = (1..=10).map(event).collect();
    let outcome = run(&Scenario { platform: Platform::Aws, ..scenario }).unwrap();
    assert!(outcome.violations.is_empty(), "{}", Story(&outcome));
    assert!(outcome.text().contains("STALE: GetItem of events"), "{}", outcome.text());
}

/// A webhook that was made a moment before was not found by a read that did not ask for consistency.
#[test]
fn a_webhook_that_was_just_made_is_found_on_aws() {
    let scenario = one_event(1, Limit::None, vec![30]);
    let webhook = |number| Webhook { number, ..scenario.webhooks[0].clone() };
    let event = |number| Event { number, at: 0, webhook: number, ..scenario.events[0].clone() };
    let (webhooks, events) = ((1..=20).map(webhook).collect(), (1..=20).map(event).collect());
    let outcome = run(&Scenario { platform: Platform::Aws, webhooks, events, ..scenario }).unwrap();
    assert!(outcome.violations.is_empty(), "{}", Story(&outcome));
    let text = outcome.text();
    assert!(text.contains("STALE: GetItem of configs") && !text.contains("404"), "{text}");
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

/// An execution that keeps the place of its event in an order learns from the plan which attempt it makes. A fault before that was recorded
/// as the first one, whose record was lost; or, after the second one, not at all, and nothing worked on the event.
fn missed_in_place_of_a_failure() -> Scenario {
    let mut scenario = one_event(219, Limit::Ordered { blocks: false }, vec![1, 1, 1, 1]);
    scenario.webhooks[0].phases = vec![
        Phase { at: 0, behaviour: Behaviour::Status(500) },
        Phase { at: 75_000, behaviour: Behaviour::Quick },
    ];
    let fault = |call| TaskFault {
        state: "RefreshPlan".to_owned(),
        event: None,
        call,
        times: 1,
        how: How::StalledAfter,
    };
    Scenario { task_faults: vec![fault(1), fault(3)], ..scenario }
}

/// A failed event that holds up those behind it was not noted as such, so that nobody could see which one to cancel; and in a host in which
/// nothing else happened, it was not looked at again.
fn block_not_noted() -> Scenario {
    let mut scenario = one_event(421, Limit::Ordered { blocks: true }, Vec::new());
    scenario.webhooks[0].phases = vec![
        Phase { at: 0, behaviour: Behaviour::Status(500) },
        Phase { at: 75_000, behaviour: Behaviour::Quick },
    ];
    let behind =
        Event { number: 12, at: 61_000, keyed: false, repeated: false, ..scenario.events[0].clone() };
    scenario.events.push(behind);
    let fault =
        TaskFault { state: "KeepPlace".to_owned(), event: None, call: 0, times: 12, how: How::Failed };
    Scenario { task_faults: vec![fault], ..scenario }
}

fn one_event(seed: u64, limit: Limit, schedule: Vec<u32>) -> Scenario {
    let webhook =
        Webhook { number: 0, schedule, timeout: 60, limit, orders: 1, rules: false, phases: Vec::new() };
    let event = Event { number: 11, at: 60_000, webhook: 0, mode: Mode::Async, keyed: true, repeated: true };
    Scenario { days: 1, webhooks: vec![webhook], events: vec![event], ..Scenario::quiet(seed) }
}
