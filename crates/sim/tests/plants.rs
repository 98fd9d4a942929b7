use hookstep_sim::{Plant, Scenario, Story, run, shrink};

/// The first seed that finds each bug.
const FOUND: [(Plant, u64); 7] = [
    (Plant::NoCondition, 1),
    (Plant::SyncLies, 9),
    (Plant::MiscountedAttempt, 2),
    (Plant::LostSchedule, 5),
    (Plant::LaneNoteStays, 2),
    (Plant::NoLane, 6),
    (Plant::SuccessForgotten, 1),
];

fn planted(plant: Plant, seed: u64) -> Scenario {
    Scenario { plant: Some(plant), ..Scenario::of(seed) }
}

#[test]
fn every_planted_bug_is_found() {
    assert!(Plant::ALL.iter().all(|plant| FOUND.iter().any(|(found, _)| found == plant)));
    for (plant, seed) in FOUND {
        let outcome = run(&planted(plant, seed)).unwrap();
        assert!(!outcome.violations.is_empty(), "{plant:?} is not found by seed {seed}");
    }
}

#[test]
fn a_week_that_fails_is_made_small() {
    let outcome = run(&Scenario { days: 2, ..planted(Plant::LaneNoteStays, 2) }).unwrap();
    let (parts, kind) = (outcome.scenario.parts(), outcome.violations[0].kind);
    let (smallest, _) = shrink(outcome);
    assert!(smallest.violations.iter().any(|violation| violation.kind == kind));
    // A webhook with a lane and an event are enough.
    let left = smallest.scenario.parts();
    assert!(left <= 4 && left < parts, "{}", Story(&smallest));
}
