#![expect(clippy::unwrap_used, reason = "a definition that is not as expected fails the test")]

use std::collections::BTreeSet;

use hookstep_sim::{READING, Report, STATES, Scenario, Story, UNREACHED, pairs, run};
use serde_json::Value;

/// How many pairs have one day together, an hour each.
const TOGETHER: usize = 12;

/// The definition of a delivery.
fn definition() -> serde_json::Map<String, Value> {
    let text = include_str!("../../../statemachine.asl.json");
    let definition: Value = serde_json::from_str(text).unwrap();
    definition["States"].as_object().unwrap().clone()
}

#[test]
fn every_state_with_a_task_is_reached_or_has_a_reason_why_not() {
    let definition = definition();
    let tasks = definition.iter().filter(|(_, state)| state["Type"] == "Task").map(|(name, _)| name.as_str());
    let unreached = UNREACHED.iter().map(|(state, _)| *state);
    assert_eq!(tasks.collect::<BTreeSet<_>>(), STATES.into_iter().chain(unreached).collect());
    let catches = |state: &Value| {
        let mut catchers = state["Catch"].as_array().into_iter().flatten();
        catchers.any(|catcher| catcher["Next"] == "RecordException")
    };
    let reading = STATES.into_iter().filter(|name| catches(&definition[*name]));
    assert_eq!(reading.collect::<BTreeSet<_>>(), BTreeSet::from(READING));
}

#[test]
fn every_pair_of_a_state_and_a_fault_is_met() {
    let (mut report, all) = (Report::default(), pairs().len() as u64);
    for turn in (0..all).step_by(TOGETHER) {
        let outcome = run(&Scenario::of_turns(turn, turn..all.min(turn + TOGETHER as u64))).unwrap();
        assert!(outcome.violations.is_empty(), "{}", Story(&outcome));
        report.add(&outcome);
    }
    assert!(report.uncovered().is_empty(), "{report}");
}
