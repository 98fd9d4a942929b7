use hookstep_sim::{
    Behaviour, Event, How, Limit, Mode, Phase, Platform, Report, Scenario, Story, TaskFault, Webhook, run,
};

/// The seeds of the weeks that are run each time; `hookstep-sim --platform aws` runs as many as there is time for.
const WEEKS: [u64; 4] = [2, 6, 12, 37];

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

/// Steps that are throttled, and a receiver that never answers, take more than five minutes together.
#[test]
fn an_event_whose_execution_was_cut_off_goes_on() {
    let phases =
        vec![Phase { at: 0, behaviour: Behaviour::Hang }, Phase { at: 600_000, behaviour: Behaviour::Quick }];
    let webhook = Webhook {
        number: 0,
        schedule: vec![60],
        timeout: 110,
        limit: Limit::None,
        orders: 1,
        rules: false,
        phases,
    };
    let event = Event { number: 1, at: 60_000, webhook: 0, mode: Mode::Async, keyed: false, repeated: false };
    let fault = |state: &str| TaskFault {
        state: state.to_owned(),
        event: None,
        call: 0,
        times: 8,
        how: How::Throttled,
    };
    let task_faults = ["FetchConfig", "RecordEvent", "UpdateStatus"].map(fault).into();
    let quiet = Scenario { platform: Platform::Aws, days: 1, ..Scenario::quiet(3) };
    let scenario = Scenario { webhooks: vec![webhook], events: vec![event], task_faults, ..quiet };
    let outcome = run(&scenario).unwrap();
    assert!(outcome.violations.is_empty(), "{}", Story(&outcome));
    assert_eq!(outcome.mishaps.get("an express execution is cut off"), Some(&1), "{}", outcome.text());
    assert!(outcome.counts.hits > 1, "{}", outcome.text());
}
