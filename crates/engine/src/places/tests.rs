use proptest::prelude::*;

use super::*;

fn share(org: &str, webhook: &str) -> Share {
    Share { org: org.into(), webhook: webhook.into(), receiver: None }
}

/// So many places, of which as many may be busy.
fn places(all: usize) -> Places<usize> {
    Places::new(Count { places: all, busy: all })
}

/// Lets so many arrive, and returns how many of them got a place.
fn arrive(places: &mut Places<usize>, share: &Share, count: usize) -> usize {
    (0..count)
        .filter(|number| {
            places.take(share) || {
                places.wait(share, *number);
                false
            }
        })
        .count()
}

fn next(places: &mut Places<usize>) -> Option<(String, String, usize)> {
    places.next().map(|(share, who)| (share.org.to_string(), share.webhook.to_string(), who))
}

#[test]
fn one_webhook_holds_a_third_of_the_places_and_one_org_half() {
    let mut places = places(1000);
    assert_eq!(arrive(&mut places, &share("a", "1"), 2000), 334);
    let others: usize =
        (2..100).map(|number| arrive(&mut places, &share("a", &number.to_string()), 1000)).sum();
    assert_eq!(334 + others, 500, "the org");
    assert_eq!(arrive(&mut places, &share("b", "1"), 2000), 167, "a third of what is left");
}

#[test]
fn however_many_take_all_they_can_there_are_places_for_another() {
    let mut places = places(1000);
    let orgs: Vec<Share> = (0..50).map(|org| share(&org.to_string(), "1")).collect();
    let held: usize = (0..1000).flat_map(|_| &orgs).map(|org| arrive(&mut places, org, 1)).sum();
    assert_eq!(held, 962, "20 at most for each of them");
    assert_eq!(arrive(&mut places, &share("another", "1"), 1000), 13);
}

#[test]
fn those_that_are_busy_are_shared_by_the_same_rule() {
    let mut places = Places::new(Count { places: 1000, busy: 30 });
    let (a, b) = (share("a", "1"), share("b", "1"));
    assert_eq!(arrive(&mut places, &a, 100), 10);
    assert_eq!(arrive(&mut places, &b, 1), 1);
    places.rest(&a);
    assert_eq!(
        next(&mut places),
        Some(("a".to_owned(), "1".to_owned(), 10)),
        "in place of the one that rests"
    );
    assert_eq!(next(&mut places), None);
    places.leave(&a, 0);
    assert_eq!(next(&mut places), None, "those that are busy are as many as before");
    places.leave(&a, 1);
    assert!(next(&mut places).is_some());
}

#[test]
fn places_go_round_the_orgs_and_then_round_the_webhooks_of_an_org() {
    let mut places = places(3);
    let hog = share("hog", "1");
    assert_eq!(arrive(&mut places, &hog, 1) + arrive(&mut places, &share("b", "0"), 1), 2);
    assert_eq!(arrive(&mut places, &share("c", "0"), 1), 1, "no place is left");
    for (org, webhook) in [("a", "1"), ("a", "2"), ("d", "1"), ("a", "1"), ("d", "1")] {
        assert_eq!(arrive(&mut places, &share(org, webhook), 1), 0);
    }
    let mut order = Vec::new();
    places.leave(&hog, 1);
    while let Some((org, webhook, _)) = next(&mut places) {
        places.leave(&share(&org, &webhook), 1);
        order.push(format!("{org}{webhook}"));
    }
    assert_eq!(order, ["a1", "d1", "a2", "d1", "a1"]);
    assert_eq!(places.waiting(), 0);
}

fn calling(receiver: &str, org: usize) -> Share {
    Share { receiver: Some(receiver.into()), ..share(&org.to_string(), "1") }
}

#[test]
fn an_address_that_many_call_has_a_third_of_the_places() {
    let mut places = places(1000);
    let held: usize = (0..100).map(|org| arrive(&mut places, &calling("hangs", org), 50)).sum();
    assert_eq!(held, 334);
    assert_eq!(next(&mut places), None);
    assert_eq!(arrive(&mut places, &calling("answers", 7), 1000), 0, "behind those of its own webhook");
    let another = Share { webhook: "2".into(), ..calling("answers", 7) };
    assert!(arrive(&mut places, &another, 1000) > 100);
    assert_eq!(arrive(&mut places, &calling("hangs", 100), 1), 0);
    assert_eq!(arrive(&mut places, &calling("another", 101), 1), 1);
}

#[test]
fn those_that_are_parked_have_turns_when_one_leaves_who_calls_the_same_address() {
    let mut places = places(10);
    let orgs: Vec<Share> = (0..6).map(|org| calling("one", org)).collect();
    let held: usize = orgs.iter().map(|org| arrive(&mut places, org, 2)).sum();
    assert_eq!(held, 4);
    assert_eq!(next(&mut places), None);
    // Nobody is looked at who is parked.
    assert!(places.turns.is_empty(), "{:?}", places.turns);
    let mut running: Vec<Share> = orgs[..2].iter().flat_map(|org| [org.clone(), org.clone()]).collect();
    let mut served = 0;
    while let Some(leaves) = running.pop() {
        places.leave(&leaves, 1);
        while let Some((share, _)) = places.next() {
            served += 1;
            running.insert(0, share);
        }
    }
    assert_eq!(served, 8);
    assert!(places.orgs.is_empty() && places.turns.is_empty() && places.receivers.is_empty());
}

#[test]
fn those_who_are_sent_away_are_forgotten() {
    let mut places = places(2);
    let (a, b) = (share("a", "1"), share("b", "1"));
    assert_eq!(arrive(&mut places, &a, 6), 1);
    assert_eq!(arrive(&mut places, &b, 4), 1);
    places.keep_waiting(|number| *number == 5);
    assert_eq!(places.waiting(), 1);
    places.leave(&b, 1);
    places.leave(&a, 1);
    assert_eq!(next(&mut places), Some(("a".to_owned(), "1".to_owned(), 5)));
    assert_eq!(next(&mut places), None);
    places.leave(&a, 1);
    assert!(places.orgs.is_empty() && places.turns.is_empty(), "nothing is left");
    assert_eq!(places.free, Count { places: 2, busy: 2 });
}

const ALL: Count = Count { places: 12, busy: 6 };

/// Places, and what is known about them from outside.
struct Observed {
    places: Places<usize>,
    /// Who has a place, and whether busy.
    running: Vec<(Share, bool)>,
    /// The numbers that were given, and those that got a place, by webhook.
    arrived: HashMap<Share, Vec<usize>>,
    served: HashMap<Share, Vec<usize>>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Arrive(u8, u8),
    Rest(usize),
    Leave(usize),
}

impl Observed {
    fn new() -> Self {
        let places = Places::new(ALL);
        Self { places, running: Vec::new(), arrived: HashMap::new(), served: HashMap::new() }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Arrive(org, webhook) => self.arrive(share(&org.to_string(), &webhook.to_string())),
            Step::Rest(which) if !self.running.is_empty() => {
                let which = which % self.running.len();
                if std::mem::take(&mut self.running[which].1) {
                    self.places.rest(&self.running[which].0);
                }
            }
            Step::Leave(which) if !self.running.is_empty() => {
                let (share, is_busy) = self.running.remove(which % self.running.len());
                self.places.leave(&share, usize::from(is_busy));
            }
            Step::Rest(_) | Step::Leave(_) => {}
        }
        while let Some((share, number)) = self.places.next() {
            self.run(share, number);
        }
        self.check();
    }

    fn arrive(&mut self, share: Share) {
        let numbers = self.arrived.entry(share.clone()).or_default();
        let number = numbers.len();
        numbers.push(number);
        if self.places.take(&share) {
            self.run(share, number);
        } else {
            self.places.wait(&share, number);
        }
    }

    fn run(&mut self, share: Share, number: usize) {
        self.served.entry(share.clone()).or_default().push(number);
        self.running.push((share, true));
    }

    fn held(&self, is_counted: impl Fn(&Share) -> bool) -> Count {
        let running = || self.running.iter().filter(|(share, _)| is_counted(share));
        Count { places: running().count(), busy: running().filter(|(_, is_busy)| *is_busy).count() }
    }

    fn waits(&self, share: &Share) -> usize {
        self.arrived[share].len() - self.served.get(share).map_or(0, Vec::len)
    }

    fn check(&self) {
        let all = self.held(|_| true);
        assert!(all.places <= ALL.places && all.busy <= ALL.busy, "{all:?}");
        let free = Count { places: ALL.places - all.places, busy: ALL.busy - all.busy };
        assert_eq!(self.places.free, free);
        for (share, arrived) in &self.arrived {
            let served = self.served.get(share).map_or(&[][..], |served| served);
            assert_eq!(served, &arrived[..served.len()], "first come, first served");
            let (org, webhook) =
                (self.held(|other| other.org == share.org), self.held(|other| other == share));
            let is_kept_waiting = self.waits(share) > 0 && is_within_share(org, webhook, free);
            assert!(!is_kept_waiting, "{share:?} waits though there is a place");
        }
        assert_eq!(self.places.waiting(), self.arrived.keys().map(|share| self.waits(share)).sum::<usize>());
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let arrive = || (0..4u8, 0..3u8).prop_map(|(org, webhook)| Step::Arrive(org, webhook));
    let step = prop_oneof![
        // Two of three arrive, so that many wait.
        4 => arrive(),
        1 => any::<usize>().prop_map(Step::Rest),
        2 => any::<usize>().prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 0..300)
}

proptest! {
    #[test]
    fn places_are_never_more_than_there_are_and_never_withheld(steps in steps()) {
        let mut observed = Observed::new();
        for step in steps {
            observed.step(step);
        }
    }

    /// While each of those that leave is replaced at once by one of the webhooks that were there before.
    #[test]
    fn whoever_waits_gets_a_place_after_a_bounded_number_of_others(steps in steps(), leaving in any::<usize>()) {
        let mut observed = Observed::new();
        for step in steps {
            observed.step(step);
        }
        let others: Vec<Share> = observed.arrived.keys().cloned().collect();
        let late = share("late", "1");
        observed.arrive(late.clone());
        let mut left = 0;
        while !observed.served.contains_key(&late) {
            observed.step(Step::Leave(leaving.wrapping_mul(left + 1)));
            for other in &others {
                observed.arrive(other.clone());
            }
            left += 1;
            prop_assert!(left <= others.len() + 1, "{left} left, and it still waits");
        }
    }

    /// Whoever calls whom, everybody is served as the others leave.
    #[test]
    fn whoever_calls_the_same_address_is_served_in_the_end(
        arrivals in prop::collection::vec((0..4_usize, 0..3_usize, 0..3_usize), 1..60),
        leaving in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        let mut places = places(6);
        let mut running = Vec::new();
        let (mut arrived, mut served) = (0, 0);
        for (org, webhook, receiver) in arrivals {
            let share = Share {
                receiver: (receiver > 0).then(|| receiver.to_string().into()),
                ..share(&org.to_string(), &webhook.to_string())
            };
            arrived += 1;
            if places.take(&share) {
                running.push(share);
            } else {
                places.wait(&share, arrived);
                while let Some((share, _)) = places.next() {
                    running.push(share);
                }
            }
        }
        let mut leaving = leaving.iter().cycle();
        while !running.is_empty() {
            let index = leaving.next().map_or(0, |index| index.index(running.len()));
            places.leave(&running.swap_remove(index), 1);
            served += 1;
            while let Some((share, _)) = places.next() {
                running.push(share);
            }
        }
        prop_assert_eq!((served, places.waiting()), (arrived, 0));
        prop_assert!(places.orgs.is_empty() && places.turns.is_empty() && places.receivers.is_empty());
    }

    #[test]
    fn who_leaves_leaves_nothing_behind(steps in steps()) {
        let mut observed = Observed::new();
        for step in steps {
            observed.step(step);
        }
        while !observed.running.is_empty() {
            observed.step(Step::Leave(0));
        }
        prop_assert_eq!(observed.places.waiting(), 0);
        prop_assert!(observed.places.orgs.is_empty() && observed.places.turns.is_empty());
    }
}
