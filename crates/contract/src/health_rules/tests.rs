use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;

const START: i64 = 1_767_323_045;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(START).unwrap().plus(Duration::from_secs(seconds))
}

/// The last attempt of an event that was accepted at `accepted`.
fn last(accepted: u64, ended: u64, outcome: Outcome, number: u32) -> LastAttempt {
    let millis = u64::try_from(at(accepted).unix_millis()).unwrap();
    let event_id = EventId(Uuid::from_u128(u128::from(millis) << 80 | 0x7000_8000_0000_0000_0000));
    LastAttempt { event_id, ended_at: at(ended), outcome, number }
}

/// An attempt that was started at this second, and how it ended.
fn attempt(started: u64, outcome: Outcome) -> Attempt {
    let attempt = json!({
        "number": 1, "started_at": at(started), "duration_ms": 5, "outcome": outcome,
        "reason": {"code": "http_status", "detail": "the receiver answered 503"},
    });
    serde_json::from_value(attempt).unwrap()
}

const FAILED: Outcome = Outcome::FailedHttp;
const SUCCEEDED: Outcome = Outcome::Succeeded;

fn failures(count: u64) -> Vec<LastAttempt> {
    (0..count).map(|second| last(second, second, FAILED, 1)).collect()
}

/// What a failure at `second` changes, after these attempts.
fn after(before: Option<&Health>, attempts: &[LastAttempt], second: u64) -> Option<HealthChange> {
    let recent = Recent::of(attempts, before, at(second));
    Health::after_failure(before, &attempt(second, FAILED), recent, &HealthRules::default(), at(second))
}

fn failing(opened: u64) -> Health {
    after(None, &failures(10), opened).unwrap().health.unwrap()
}

#[test]
fn failures_in_a_row_are_counted_from_the_last_success() {
    for (attempts, failures, since) in [
        (vec![], 0, None),
        (vec![last(0, 0, SUCCEEDED, 1)], 0, None),
        (vec![last(0, 1, FAILED, 1), last(2, 3, FAILED, 1)], 2, Some(1)),
        // All attempts of an event that was accepted after the success came after it.
        (vec![last(0, 0, SUCCEEDED, 1), last(1, 9, FAILED, 4)], 4, Some(9)),
        // Of one that was accepted before it, only the last one surely did.
        (vec![last(2, 5, SUCCEEDED, 1), last(1, 9, FAILED, 4)], 1, Some(9)),
        (vec![last(1, 4, FAILED, 4), last(2, 5, SUCCEEDED, 1)], 0, None),
        // Neither the event's own faults nor the platform's are the receiver's.
        (vec![last(0, 1, Outcome::FailedPayload, 1), last(0, 1, Outcome::FailedPlatform, 3)], 0, None),
        (vec![last(0, 1, Outcome::Refused, 1), last(0, 2, Outcome::FailedTimeout, 1)], 2, Some(1)),
    ] {
        let recent = Recent::of(&attempts, None, at(10));
        assert_eq!((recent.failures, recent.failing_since), (failures, since.map(at)), "{attempts:?}");
    }
}

#[test]
fn a_receiver_is_degraded_by_the_share_of_failures_and_failing_by_their_row() {
    let mixed = |failed: u64, of: u64| -> Vec<_> {
        let outcome = |number| if number < failed { FAILED } else { SUCCEEDED };
        (0..of).map(|number| last(number, number, outcome(number), 1)).collect()
    };
    let degraded = Some((HealthState::Degraded, DetailType::Degraded));
    let failing = Some((HealthState::Failing, DetailType::Failing));
    for (attempts, second, expected) in [
        (failures(1), 1, None),
        (failures(2), 2, None),
        (failures(3), 3, degraded),
        (vec![last(0, 305, FAILED, 3)], 305, degraded),
        // A fifth, and a little less.
        (mixed(5, 25), 26, degraded),
        (mixed(5, 26), 26, None),
        (mixed(4, 8), 9, None),
        // Long ago.
        (mixed(5, 25), 400, None),
        // In a row, and for a minute.
        (failures(10), 10, degraded),
        (failures(10), 59, degraded),
        (failures(10), 60, failing),
        (failures(9), 60, degraded),
        (mixed(40, 41), 100, degraded),
        // With little traffic, for an hour.
        (failures(3), 3599, None),
        (failures(3), 3600, failing),
        (failures(2), 9000, None),
    ] {
        let change = after(None, &attempts, second);
        let state = change.as_ref().and_then(|change| change.health.as_ref()).map(|health| health.state);
        let news = change.and_then(|change| change.news).map(|(detail_type, _)| detail_type);
        assert_eq!(state.zip(news), expected, "{second} {attempts:?}");
    }
}

#[test]
fn what_is_known_of_a_degraded_receiver_counts_for_longer_than_its_last_events() {
    let degraded = after(None, &failures(3), 3).unwrap().health.unwrap();
    assert_eq!((degraded.failures, degraded.failing_since), (3, Some(at(0))));
    // At a high rate, the last events are all of this second.
    let recent: Vec<_> = (0..10).map(|_| last(60, 60, FAILED, 1)).collect();
    assert_eq!(after(None, &recent, 60).unwrap().health.unwrap().state, HealthState::Degraded);
    let failing = after(Some(&degraded), &recent, 60).unwrap().health.unwrap();
    assert_eq!(
        (failing.state, failing.change, failing.failing_since),
        (HealthState::Failing, degraded.change + 1, Some(at(0)))
    );
    // Unless one has succeeded meanwhile.
    let recent = [recent, vec![last(59, 59, SUCCEEDED, 1)]].concat();
    assert_eq!(after(Some(&degraded), &recent, 60), None);
}

#[test]
fn a_row_that_a_process_has_seen_counts_where_the_latest_events_say_nothing() {
    let row = |count: u64| (0..count).fold(Row::default(), |row, second| row.longer(at(second)));
    let state = |recent: Recent, second| {
        let rules = HealthRules::default();
        let change = Health::after_failure(None, &attempt(second, FAILED), recent, &rules, at(second));
        change.and_then(|change| change.health).map(|health| health.state)
    };
    for (attempts, failures, second, expected) in [
        (vec![], 2, 2, None),
        (vec![], 3, 3, Some(HealthState::Degraded)),
        (vec![], 10, 10, Some(HealthState::Degraded)),
        (vec![], 10, 60, Some(HealthState::Failing)),
        // Another process has seen a success.
        (vec![last(1, 1, SUCCEEDED, 1)], 10, 60, None),
        // The success was before the row.
        (vec![last(0, 0, SUCCEEDED, 1)], 0, 60, None),
    ] {
        let recent = Recent::of(&attempts, None, at(second)).with(row(failures), at(second));
        assert_eq!(state(recent, second), expected, "{attempts:?} {failures} {second}");
    }
}

#[test]
fn the_circuit_is_probed_less_and_less_often() {
    let mut health = failing(60);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let Some(Circuit::Open { probe_at, .. }) = health.circuit else { panic!("{health:?}") };
        pauses.push(probe_at.since(health.since).as_secs());
        let began = probe_at.since(at(0)).as_secs();
        let probing = health.probing(probe_at, Duration::from_secs(30)).unwrap();
        // What began before it is no answer to the probe.
        assert_eq!(after(Some(&probing), &[], began - 1), None);
        let change = after(Some(&probing), &[], began).unwrap();
        assert_eq!(change.news, None);
        health = Health { since: at(began), ..change.health.unwrap() };
        assert_eq!(after(Some(&health), &[], began), None);
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
    assert_eq!(health.failures, 19);
}

#[test]
fn a_probe_that_succeeds_closes_the_circuit_and_its_receiver_is_healthy_after_a_minute() {
    let open = failing(60);
    let success = |health: &Health, started, second| {
        health.after_success(&attempt(started, SUCCEEDED), Recent::default(), at(second))
    };
    assert_eq!(success(&open, 59, 61), None);
    let closed = success(&open, 90, 91).unwrap();
    assert_eq!(closed.news, Some((DetailType::Recovered, open.clone())));
    let ramping = closed.health.unwrap();
    assert_eq!(ramping.state, HealthState::Healthy);
    assert_eq!(
        ramping.circuit,
        Some(Circuit::Ramping { closed_at: at(91), probes: 0, failed_since: Some(at(0)) })
    );
    assert_eq!(success(&ramping, 92, 92), None);
    assert_eq!(success(&ramping, 92, 151), Some(HealthChange { health: None, news: None }));
}

#[test]
fn a_receiver_that_fails_while_it_ramps_up_is_soon_probed_again_and_later_than_before() {
    let open = failing(60);
    let probing = open.probing(at(90), Duration::from_secs(30)).unwrap();
    let open = after(Some(&probing), &[], 90).unwrap().health.unwrap();
    let ramping = open.after_success(&attempt(150, SUCCEEDED), Recent::default(), at(150)).unwrap();
    let ramping = ramping.health.unwrap();
    let since =
        |count: u64| -> Vec<_> { (0..count).map(|second| last(0, 151 + second, FAILED, 2)).collect() };
    assert_eq!(after(Some(&ramping), &since(3), 149), None);
    assert_eq!(after(Some(&ramping), &since(2), 153), None);
    let again = after(Some(&ramping), &since(3), 154).unwrap().health.unwrap();
    let probe_at = at(154 + 120);
    assert_eq!(
        again.circuit,
        Some(Circuit::Open { opened_at: at(154), probe_at, probed_at: None, probes: 2 })
    );
}

#[test]
fn a_receiver_that_fails_after_it_has_ramped_up_is_judged_as_any_other() {
    let ramping = failing(60).after_success(&attempt(90, SUCCEEDED), Recent::default(), at(90)).unwrap();
    let ramping = ramping.health.unwrap();
    let since =
        |count: u64| -> Vec<_> { (0..count).map(|second| last(149, 150 + second, FAILED, 1)).collect() };
    let change = after(Some(&ramping), &since(3), 153).unwrap().health.unwrap();
    assert_eq!((change.state, change.circuit), (HealthState::Degraded, None));
    let change = after(Some(&ramping), &since(10), 210).unwrap().health.unwrap();
    let circuit = Circuit::Open { opened_at: at(210), probe_at: at(240), probed_at: None, probes: 0 };
    assert_eq!((change.state, change.circuit), (HealthState::Failing, Some(circuit)));
}

#[test]
fn a_degraded_receiver_is_healthy_when_few_attempts_fail() {
    let degraded = after(None, &failures(5), 5).unwrap().health.unwrap();
    let with = |successes: u64| {
        let successes = (0..successes).map(|second| last(6 + second, 6 + second, SUCCEEDED, 1));
        let recent = Recent::of(
            &failures(5).into_iter().chain(successes).collect::<Vec<_>>(),
            Some(&degraded),
            at(60),
        );
        degraded.after_success(&attempt(60, SUCCEEDED), recent, at(60))
    };
    let still = with(40).unwrap();
    assert_eq!(still.news, None);
    let health = still.health.unwrap();
    assert_eq!((health.state, health.failing_since, health.failures), (HealthState::Degraded, None, 0));
    let recovered = with(46).unwrap();
    assert_eq!((recovered.health, recovered.news), (None, Some((DetailType::Recovered, degraded))));
}

#[test]
fn a_webhook_is_given_up_after_days_without_a_success() {
    let day = 24 * 3600;
    let (failing, degraded) = (failing(60), after(None, &failures(3), 3).unwrap().health.unwrap());
    for (days, seconds, expected) in
        [(5, 5 * day - 1, false), (5, 5 * day, true), (1, day, true), (0, 300 * day, false)]
    {
        let rules = HealthRules::with_days(days);
        assert_eq!(failing.is_given_up(&rules, at(seconds)), expected, "{days} {seconds}");
        assert!(!degraded.is_given_up(&rules, at(seconds)));
    }
}

proptest! {
    /// Whatever a receiver does: no two probes are under way at once, an open circuit is probed again within half an hour and
    /// what a probe may take, and after a success no circuit is open.
    #[test]
    fn a_receiver_that_takes_events_again_gets_them(
        steps in prop::collection::vec((1..2_000_u64, any::<bool>(), 0..40_u64), 1..200),
    ) {
        let rules = HealthRules::default();
        let timeout = Duration::from_secs(30);
        let (mut health, mut recent, mut now) = (None::<Health>, Vec::new(), 0);
        for (pause, is_taken, takes) in steps {
            now += pause;
            let started = now;
            if let Some(Circuit::Open { probe_at, .. }) = health.as_ref().and_then(|health| health.circuit) {
                let longest = MAX_PROBE_PAUSE + timeout + crate::limits::PROBE_MARGIN;
                prop_assert!(probe_at <= at(now).plus(longest));
                let Some(probing) = health.as_ref().and_then(|health| health.probing(at(now), timeout)) else { continue };
                prop_assert_eq!(probing.probing(at(now + takes), timeout), None);
                health = Some(probing);
            }
            now += takes;
            let outcome = if is_taken { SUCCEEDED } else { FAILED };
            recent.push(last(started, now, outcome, 1));
            let seen = &recent[recent.len().saturating_sub(100)..];
            let (attempt, seen) = (attempt(started, outcome), Recent::of(seen, health.as_ref(), at(now)));
            let change = match (&health, is_taken) {
                (Some(before), true) => before.after_success(&attempt, seen, at(now)),
                (None, true) => None,
                (before, false) => Health::after_failure(before.as_ref(), &attempt, seen, &rules, at(now)),
            };
            if let Some(change) = change {
                if let (Some(before), Some(after)) = (&health, &change.health) {
                    prop_assert_eq!(after.change, before.change + 1);
                }
                health = change.health;
            }
            let is_open = health.as_ref().is_some_and(|health| matches!(health.circuit, Some(Circuit::Open { .. })));
            prop_assert!(!(is_taken && is_open), "{:?}", health);
            prop_assert_eq!(is_open, health.as_ref().is_some_and(|health| health.state == HealthState::Failing));
        }
    }
}
