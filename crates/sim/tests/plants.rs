#![expect(clippy::unwrap_used, reason = "a definition that is not as expected fails the test")]

use hookstep_sim::{Break, End, Event, Limit, Mode, Plant, Scenario, Story, Webhook, pairs, run, shrink};

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;

/// A scenario that finds a bug: a week from a seed, or a day that is about what the bug breaks.
fn of(plant: Plant) -> Scenario {
    let scenario = match plant {
        Plant::CancelIgnored | Plant::OldPlan | Plant::MiscountedAttempt => Scenario::of(2),
        Plant::LostSchedule => Scenario { task_faults: Vec::new(), ..on("ScheduleRetry") },
        Plant::WatchForgotten => longer(on("ScheduleRetry")),
        Plant::RulesIgnored => on("Transform"),
        Plant::LaneNoteStays | Plant::MessageStays => on("JoinLane"),
        Plant::OtherReceiver => Scenario::of(2),
        Plant::NoLane => two_bursts(Limit::InFlight(1)),
        // Its webhook is disabled for days of failures, although its receiver has worked in between.
        Plant::CircuitStays => Scenario::of(13),
        Plant::SyncLies => {
            let cut = Break { at: HOUR + SECOND, steps: 3, end: End::PowerCut(100), down: 2 * SECOND };
            let scenario = two_bursts(Limit::None);
            Scenario { breaks: vec![cut], sync_micros: 1_500_000, ..scenario }
        }
        _ => Scenario::of(1),
    };
    Scenario { plant: Some(plant), ..scenario }
}

/// A day with an event that comes to a state, and the first fault there.
fn on(state: &str) -> Scenario {
    let turn = pairs().iter().position(|(of, _)| *of == state).unwrap() as u64;
    Scenario::of_turns(turn, turn..turn + 1)
}

/// The same with faults that outlast every retrier.
fn longer(mut scenario: Scenario) -> Scenario {
    scenario.task_faults.iter_mut().for_each(|fault| fault.times = 12);
    scenario
}

/// Twenty events at once, and twenty ten minutes later, for one of two webhooks.
fn two_bursts(limit: Limit) -> Scenario {
    let webhook = |number| {
        let schedule = vec![20, 40, 3600];
        Webhook { number, schedule, timeout: 30, limit, orders: 1, rules: false, phases: Vec::new() }
    };
    let event = |number: u32| {
        let at = HOUR + u64::from(number) * 100 + u64::from(number / 20) * 600 * SECOND;
        Event { number, at, webhook: 1, mode: Mode::Async, keyed: false, repeated: false }
    };
    let events = (1..40).map(event).collect();
    Scenario { days: 1, webhooks: vec![webhook(0), webhook(1)], events, ..Scenario::quiet(7) }
}

#[test]
fn every_planted_bug_is_found() {
    let is_found = |plant: &Plant| !run(&of(*plant)).unwrap().violations.is_empty();
    let unnoticed: Vec<_> = Plant::ALL.into_iter().filter(|plant| !is_found(plant)).collect();
    assert!(unnoticed.is_empty(), "not found: {unnoticed:?}");
}

#[test]
fn what_finds_a_bug_finds_nothing_without_it() {
    for plant in
        [Plant::LostSchedule, Plant::WatchForgotten, Plant::NoLane, Plant::CircuitStays, Plant::SyncLies]
    {
        let outcome = run(&Scenario { plant: None, ..of(plant) }).unwrap();
        assert!(outcome.violations.is_empty(), "{plant:?}:\n{}", Story(&outcome));
    }
}

#[test]
fn a_week_that_fails_is_made_small() {
    let outcome = run(&of(Plant::LaneNoteStays)).unwrap();
    let (parts, kind) = (outcome.scenario.parts(), outcome.violations[0].kind);
    let (smallest, _) = shrink(outcome);
    assert!(smallest.violations.iter().any(|violation| violation.kind == kind));
    // A webhook with a lane and an event are enough.
    let left = smallest.scenario.parts();
    assert!(left <= 2 && left < parts, "{}", Story(&smallest));
}
