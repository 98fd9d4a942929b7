use hookstep_contract::{Period, RateLimit};
use proptest::prelude::*;

use super::*;

/// Message `n` is due in second `n`.
fn waiting(id: &str) -> Waiting {
    Waiting { id: id.to_owned(), due_at: second(id.parse().unwrap()), order: None }
}

fn second(second: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_767_323_045).unwrap().plus(Duration::from_secs(second))
}

fn lane(messages: usize) -> Lane {
    Lane { waiting: (0..messages).map(|number| waiting(&number.to_string())).collect(), ..Lane::default() }
}

fn now(id: &str) -> Turn {
    Turn::Now(waiting(id))
}

#[test]
fn without_limits_all_have_their_turn_at_once() {
    let (mut lane, start) = (lane(3), Instant::now());
    let limits = LaneLimits::default();
    let turns: Vec<_> = (0..4).map(|_| lane.next(&limits, start)).collect();
    assert_eq!(turns, [now("0"), now("1"), now("2"), Turn::AfterAnother]);
    lane.in_flight = 0;
    assert_eq!(lane.next(&limits, start), Turn::Idle);
}

#[test]
fn a_lane_is_not_forgotten_while_an_event_blocks_its_order() {
    let (mut lane, start) = (Lane::default(), Instant::now());
    let (front, behind) = (Waiting { order: Some("a".to_owned()), ..waiting("1") }, waiting("2"));
    lane.join(front.clone());
    lane.join(Waiting { order: Some("a".to_owned()), ..behind });
    let limits = LaneLimits::ORDERED_WEBHOOK;
    assert_eq!(lane.next(&limits, start), Turn::Now(front.clone()));
    lane.in_flight -= 1;
    lane.orders.hold(front.clone(), second(0), None);
    assert_eq!(lane.next(&limits, start), Turn::AfterAnother);
    lane.release(|_| true);
    assert_eq!(lane.next(&limits, start), Turn::Now(front.clone()));
    lane.in_flight -= 1;
    lane.leave(&front);
    assert!(matches!(lane.next(&limits, start), Turn::Now(Waiting { id, .. }) if id == "2"));
}

#[test]
fn a_limit_that_is_raised_lets_more_through_and_one_that_is_lowered_waits_for_those_in_flight() {
    let (mut lane, start) = (lane(9), Instant::now());
    let mut turns = |most: u32, ended: u32| {
        lane.in_flight -= ended;
        let limits = LaneLimits { max_in_flight: Some(most), rate: None };
        let is_now = |turn: &Turn| matches!(turn, Turn::Now(_));
        std::iter::repeat_with(|| lane.next(&limits, start)).take_while(is_now).count()
    };
    assert_eq!([turns(1, 0), turns(1, 0), turns(3, 0), turns(3, 1)], [1, 0, 2, 1]);
    assert_eq!([turns(1, 2), turns(1, 1)], [0, 1]);
}

#[test]
fn a_lane_is_forgotten_when_its_pace_may_be() {
    let (mut lane, start) = (lane(1), Instant::now());
    let rate = RateLimit { events: 1, per: Period::Minute, burst: 1 };
    let limits = LaneLimits { max_in_flight: None, rate: Some(rate) };
    assert_eq!(lane.next(&limits, start), now("0"));
    lane.in_flight = 0;
    let minute = start + Duration::from_secs(60);
    assert_eq!(lane.next(&limits, start), Turn::At(minute));
    assert_eq!(lane.next(&limits, minute), Turn::Idle);
}

#[test]
fn nobody_has_a_turn_during_a_pause_and_the_lane_remembers_it() {
    let (mut lane, start) = (lane(1), Instant::now());
    let limits = LaneLimits { max_in_flight: Some(1), rate: None };
    let end = start + Duration::from_secs(9);
    lane.pause(end);
    lane.pause(start);
    assert_eq!(lane.next(&limits, start), Turn::At(end));
    assert_eq!(lane.next(&limits, end), now("0"));
    lane.in_flight = 0;
    assert_eq!(lane.next(&limits, start), Turn::At(end));
    assert_eq!(lane.next(&limits, end), Turn::Idle);
}

#[test]
fn a_probe_is_alone_and_comes_when_it_is_due() {
    let (mut lane, start) = (lane(3), Instant::now());
    let pause = SWEEP / 2;
    lane.in_flight = 1;
    assert_eq!(lane.next_probe(Duration::ZERO, start), Turn::At(start + SWEEP));
    lane.in_flight = 0;
    assert_eq!(lane.next_probe(pause, start), Turn::At(start + pause));
    lane.pause(start + pause);
    assert_eq!(lane.next_probe(Duration::ZERO, start), Turn::At(start + pause));
    let later = start + pause;
    assert_eq!(lane.next_probe(Duration::ZERO, later), now("0"));
    assert_eq!(lane.next_probe(Duration::ZERO, later), Turn::At(later + SWEEP));
    lane.give_back(waiting("0"));
    assert_eq!(lane.next_probe(Duration::ZERO, later), now("0"));
}

#[test]
fn a_pause_that_a_probe_was_answered_with_ends_with_the_probes() {
    let (mut lane, start) = (lane(2), Instant::now());
    let limits = LaneLimits { max_in_flight: Some(2), rate: None };
    assert_eq!(lane.next_probe(Duration::ZERO, start), now("0"));
    lane.pause(start + Duration::from_secs(600));
    assert!(matches!(lane.next(&limits, start), Turn::At(_)));
    lane.end_probes();
    assert_eq!(lane.next(&limits, start), now("1"));
    lane.pause(start + Duration::from_secs(600));
    lane.end_probes();
    assert!(lane.paused_until.is_some());
}

#[test]
fn what_is_over_leaves_wherever_it_waits_and_is_looked_for_once_in_a_while() {
    let (mut lane, start) = (lane(3), Instant::now());
    lane.waiting.push_back(waiting("1"));
    let is_over = |due_at| due_at <= second(1);
    assert_eq!(lane.outlived(is_over, start), [waiting("0"), waiting("1"), waiting("1")]);
    assert_eq!((lane.in_flight, &lane.waiting), (3, &[waiting("2")].into()));
    assert_eq!(lane.outlived(|_| true, start), []);
    let later = start + SWEEP;
    lane.in_flight = WITHOUT_LIMITS;
    assert_eq!(lane.outlived(|_| true, later), []);
    lane.in_flight = 0;
    assert_eq!(lane.outlived(|_| true, later), [waiting("2")]);
}

#[test]
fn what_is_over_leaves_as_places_become_free() {
    let (mut lane, start) = (lane(250), Instant::now());
    let mut count = || {
        let over = lane.outlived(|_| true, start).len();
        lane.in_flight = 0;
        over
    };
    assert_eq!([count(), count(), count(), count()], [100, 100, 50, 0]);
}

proptest! {
    /// Whatever ends when: no more are in flight than allowed, all have their turn in order, and nobody waits in vain.
    #[test]
    fn all_have_their_turn_in_order(
        messages in 0..60_usize,
        most in prop::option::of(1..5_u32),
        rate in prop::option::of((1..20_u32, 1..5_u32)),
        ends in prop::collection::vec(any::<bool>(), 400),
    ) {
        let rate = rate.map(|(events, burst)| RateLimit { events, per: Period::Second, burst });
        let limits = LaneLimits { max_in_flight: most, rate };
        let (mut lane, mut time) = (lane(messages), Instant::now());
        let mut seen = Vec::new();
        for ends in ends {
            match lane.next(&limits, time) {
                Turn::Now(waiting) => seen.push(waiting.id),
                Turn::At(moment) => {
                    prop_assert!(moment > time);
                    time = moment;
                }
                Turn::AfterAnother => {
                    prop_assert!(lane.in_flight > 0);
                    lane.in_flight -= 1;
                }
                Turn::Idle => break,
            }
            prop_assert!(most.is_none_or(|most| lane.in_flight <= most));
            if ends && lane.in_flight > 0 {
                lane.in_flight -= 1;
            }
        }
        let expected: Vec<_> = (0..messages).map(|number| number.to_string()).collect();
        prop_assert_eq!(seen, expected);
    }
}
