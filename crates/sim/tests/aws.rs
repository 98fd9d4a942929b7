use hookstep_sim::{Report, Scenario, Story, run};

/// The seeds of the weeks that are run each time; `hookstep-sim --platform aws` runs as many as there is time for.
const WEEKS: [u64; 6] = [2, 4, 6, 11, 12, 37];

#[test]
fn no_promise_is_broken_in_weeks_on_aws() {
    let mut report = Report::default();
    for seed in WEEKS {
        let outcome = run(&Scenario::on_aws(seed)).unwrap();
        assert!(outcome.violations.is_empty(), "seed {seed}:\n{}", Story(&outcome));
        report.add(&outcome);
    }
    for what in [
        "a read sees what was some time before",
        "a partition of a table is throttled",
        "a schedule starts late",
        "an execution is started twice",
        "a message is received again",
    ] {
        assert!(report.mishaps.get(what).is_some_and(|count| *count > 0), "{what}: never\n{report}");
    }
}
