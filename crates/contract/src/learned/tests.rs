use proptest::prelude::*;
use serde_json::json;

use super::*;

mod simulation;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_767_323_045).unwrap().plus(Duration::from_millis(millis))
}

/// What is known of a receiver that is to get `per_second`, and had too much at `ceiling`.
fn learned(per_second: u32, ceiling: Option<u32>) -> Learned {
    let hourly = |rate: u32| rate * HOUR;
    let (usual_ms, around_ms) = (Some(20), Some(10));
    Learned {
        per_hour: hourly(per_second),
        ceiling: ceiling.map(hourly),
        usual_ms,
        around_ms,
        ..Learned::new(at(0))
    }
}

/// Attempts that ended in a second, `duration_ms` after their begin.
fn seen(counts: &[(LoadSign, u32)], duration_ms: u64) -> Seen {
    let mut seen = Seen::default();
    let all: u32 = counts.iter().map(|(_, count)| count).sum();
    let signs = counts.iter().flat_map(|(sign, count)| std::iter::repeat_n(*sign, *count as usize));
    for (number, sign) in signs.enumerate() {
        let load = Load { sign, duration_ms, pause_seconds: None };
        let ended_at = at(1_000 + 1_000 * number as u64 / u64::from(all - 1).max(1));
        seen.count(&load, Duration::from_millis(duration_ms + 10), ended_at);
    }
    seen
}

fn hundredths(learned: &Learned) -> (u32, Option<u32>) {
    (learned.per_hour / 36, learned.ceiling.map(|ceiling| ceiling / 36))
}

#[test]
fn the_answers_of_a_second_decide_about_the_rate() {
    use LoadSign::{Answered, Exhausted, Failed, Refused, Silent};
    let takes = |count: u32| vec![(Answered, count)];
    let and = |count: u32, sign: LoadSign, other: u32| vec![(Answered, count), (sign, other)];
    // Rates in hundredths of attempts a second.
    for (rate, ceiling, counts, duration_ms, expected) in [
        // By half while nothing was too much, if it was used.
        (40, None, takes(41), 20, Some((6_000, None))),
        (40, None, takes(20), 20, None),
        // Most was refused: what was answered is what it takes.
        (40, None, and(31, Refused, 10), 20, Some((2_873, Some(3_024)))),
        // A part was.
        (40, None, and(40, Refused, 1), 20, Some((3_800, Some(4_000)))),
        (40, None, and(41, Exhausted, 1), 20, Some((3_800, Some(4_000)))),
        // Nearly all was, by a receiver that had been paused: it takes more than it could answer.
        (40, None, and(3, Refused, 30), 20, Some((1_900, Some(4_000)))),
        // No answer in time.
        (40, None, and(30, Silent, 10), 20, Some((2_000, Some(4_000)))),
        (40, Some(90), and(30, Silent, 10), 20, Some((2_000, Some(7_200)))),
        (40, Some(90), and(40, Silent, 2), 20, Some((3_800, Some(4_000)))),
        (40, None, and(41, Silent, 1), 20, Some((6_000, None))),
        // It has become slow.
        (40, None, takes(31), 141, Some((2_850, Some(4_000)))),
        (40, Some(90), takes(31), 141, Some((2_850, Some(7_200)))),
        (40, None, takes(41), 139, Some((6_000, None))),
        (40, Some(90), takes(9), 500, Some((4_000, Some(9_000)))),
        // Failures hold the rate up.
        (40, None, and(38, Failed, 3), 20, None),
        (40, None, and(40, Failed, 1), 20, Some((6_000, None))),
        // By much where it is far from what was too much, by little where it is near, and anew where that is far behind.
        (40, Some(200), takes(41), 20, Some((14_000, Some(20_000)))),
        (40, Some(60), takes(41), 20, Some((5_100, Some(6_000)))),
        (95, Some(100), takes(96), 20, Some((9_583, Some(10_000)))),
        (111, Some(100), takes(112), 20, Some((11_100, None))),
    ] {
        let before = learned(rate, ceiling);
        let after = before.after(&seen(&counts, duration_ms), 1, at(5_000));
        assert_eq!(after.as_ref().map(hundredths), expected, "{rate} {ceiling:?} {counts:?} {duration_ms}");
        if let Some(after) = after {
            assert_eq!(after.change, before.change + 1);
            let is_too_much = after.per_hour < before.per_hour;
            assert_eq!(after.since, at(if is_too_much { 6_000 } else { 5_000 }), "{after:?}");
        }
    }
}

#[test]
fn a_rise_takes_its_time() {
    for (rate, ceiling, pause_seconds, waits) in
        [(40, None, None, 1_000), (40, Some(100), None, 1_000), (95, Some(100), None, 5_000)]
    {
        let before = Learned { pause_seconds, ..learned(rate, ceiling) };
        let takes = seen(&[(LoadSign::Answered, rate + 1)], 20);
        assert_eq!(before.after(&takes, 1, at(waits - 1)), None, "{rate} {ceiling:?}");
        assert!(before.after(&takes, 1, at(waits)).is_some(), "{rate} {ceiling:?}");
    }
    // To a rate that was too much in half a minute; later if it is low, or if the receiver has asked for a pause.
    for (ceiling, pause_seconds, seconds) in [
        (1_000, None, 30),
        (10, None, 30),
        (5, None, 60),
        (1, None, 120),
        (1_000, Some(1), 30),
        (1_000, Some(60), 1_200),
    ] {
        let before = Learned { pause_seconds, ..learned(ceiling, Some(ceiling)) };
        assert!((before.probe_seconds() - f64::from(seconds)).abs() < 0.1, "{ceiling} {pause_seconds:?}");
    }
}

#[test]
fn a_rate_that_is_not_used_for_want_of_places_gets_more() {
    let mut busy = Seen::default();
    let load = Load { sign: LoadSign::Answered, duration_ms: 20, pause_seconds: None };
    (0..10).for_each(|number| busy.count(&load, Duration::from_millis(520), at(1_000 + 100 * number)));
    let before = learned(40, Some(42));
    let after = before.after(&busy, 1, at(5_000)).unwrap();
    let (rates, places) = ((after.per_hour, after.ceiling), (before.in_flight(), after.in_flight()));
    assert_eq!((rates, places), ((before.per_hour, before.ceiling), (10, 30)));
    assert_eq!(after.after(&busy, 1, at(9_000)), None);
}

#[test]
fn one_of_several_groups_sees_a_part() {
    let quarter = seen(&[(LoadSign::Answered, 11)], 20);
    assert_eq!(learned(40, None).after(&quarter, 1, at(5_000)), None);
    assert_eq!(learned(40, None).after(&quarter, 4, at(5_000)).as_ref().map(hundredths), Some((6_000, None)));
}

#[test]
fn a_receiver_that_takes_longer_has_more_in_flight_and_one_that_becomes_slow_has_not() {
    let with = |usual_ms: u32, around_ms: u32| Learned {
        usual_ms: Some(usual_ms),
        around_ms: Some(around_ms),
        ..learned(100, None)
    };
    for (usual_ms, around_ms, expected) in [(0, 0, 20), (20, 10, 25), (2_000, 10, 421), (60_000, 10, 1_000)] {
        assert_eq!(with(usual_ms, around_ms).in_flight(), expected, "{usual_ms} {around_ms}");
    }
    // It becomes slow: what is usual is so only by and by.
    let slow = with(20, 10).after(&seen(&[(LoadSign::Answered, 10)], 1_020), 1, at(5_000)).unwrap();
    assert_eq!((slow.usual_ms, slow.in_flight()), (Some(120), 45));
    let quick = slow.after(&seen(&[(LoadSign::Answered, 100)], 20), 1, at(9_000)).unwrap();
    assert_eq!(quick.usual_ms, Some(70));
}

fn webhook(fields: &serde_json::Value, known: Option<Learned>) -> WebhookConfig {
    let mut config = json!({
        "org_id": "acme", "config_id": "0190a000-0000-7000-8000-00000000000a", "created_at": at(0), "updated_at": at(0),
        "name": "n", "url": "https://example.com/", "learned": known,
    });
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    serde_json::from_value(config).unwrap()
}

#[test]
fn only_limits_that_follow_the_receiver_are_learned() {
    let known = || Some(Learned { around_ms: Some(80), ..learned(10, None) });
    let rate = |limits: &LaneLimits| limits.rate.map(|rate| (rate.interval().as_millis(), rate.burst));
    for (fields, known, expected) in [
        (json!({}), known(), None),
        (json!({"max_in_flight": 7}), known(), Some((Some(7), None))),
        (json!({"max_in_flight": "auto"}), None, Some((Some(12), Some((200, 1))))),
        (json!({"max_in_flight": "auto"}), known(), Some((Some(4), Some((100, 1))))),
        // The owner's rate holds as well.
        (
            json!({"max_in_flight": "auto", "rate_limit": {"events": 5, "burst": 4}}),
            known(),
            Some((Some(4), Some((200, 4)))),
        ),
        (
            json!({"max_in_flight": "auto", "rate_limit": {"events": 50, "burst": 4}}),
            known(),
            Some((Some(4), Some((100, 1)))),
        ),
    ] {
        let limits = webhook(&fields, known).limits(at(0));
        assert_eq!(limits.map(|limits| (limits.max_in_flight, rate(&limits))), expected, "{fields}");
    }
}

#[test]
fn a_webhook_has_as_many_groups_as_its_rate_needs() {
    let groups = |per_second: u32| {
        let known = Learned { around_ms: Some(0), ..learned(per_second, None) };
        let limits = webhook(&json!({"max_in_flight": "auto"}), Some(known)).limits_of_groups(at(0));
        limits.and_then(|limits| limits.max_in_flight).map(|most| most.div_ceil(LANE_BATCH))
    };
    for (per_second, expected) in [(1, 1), (4, 1), (10, 3), (100, 25), (1_000, 250)] {
        assert_eq!(groups(per_second), Some(expected), "{per_second}");
    }
}

proptest! {
    /// Whatever a receiver answers, its rate stays within bounds, is raised by no more than twice, and lowered by no more than half.
    #[test]
    fn no_answers_lead_out_of_bounds(
        steps in prop::collection::vec((0..200_u32, 0..50_u32, 0..50_u32, 0..50_u32, 0..3_000_u64), 1..60),
    ) {
        let mut known = Learned::new(at(0));
        let mut now = 0;
        for (answered, refused, silent, failed, duration_ms) in steps {
            now += 5_000;
            let counts = [
                (LoadSign::Answered, answered),
                (LoadSign::Refused, refused),
                (LoadSign::Silent, silent),
                (LoadSign::Failed, failed),
            ];
            if answered + refused + silent + failed < 2 {
                continue;
            }
            let Some(after) = known.after(&seen(&counts, duration_ms), 1, at(now)) else { continue };
            prop_assert!((LEAST..=MOST).contains(&after.per_hour));
            prop_assert!((1..=MAX_IN_FLIGHT).contains(&after.in_flight()));
            prop_assert!(after.per_hour <= known.per_hour.max(after.ceiling.unwrap_or(0)) * 2);
            prop_assert!(after.per_hour >= known.per_hour * 47 / 100 || after.per_hour == LEAST);
            let has_signs = refused > 0 || silent * 100 >= answered + refused + silent + failed && silent > 1;
            prop_assert!(!has_signs || after.per_hour <= known.per_hour);
            known = after;
        }
    }
}
