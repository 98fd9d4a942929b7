use hookstep_sim::{Scenario, Story, run};

/// How many weeks are run each time; `hookstep-sim` runs as many as there is time for.
const WEEKS: u64 = 12;

#[test]
fn no_promise_is_broken_in_weeks_of_faults() {
    let (mut lives, mut accepted) = (0, 0);
    for seed in 1..=WEEKS {
        let outcome = run(&Scenario::of(seed)).unwrap();
        assert!(outcome.violations.is_empty(), "seed {seed}:\n{}", Story(&outcome));
        lives += outcome.lives;
        accepted += outcome.counts.accepted;
    }
    assert!(lives > WEEKS && accepted > 5 * WEEKS, "{lives} starts of the host, {accepted} events");
}
