use std::cell::{Cell, RefCell};
use std::time::Duration;

use hookstep_contract::Spacing;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const EVENT: &str = "0190a000-0000-7000-8000-00000000000b";

/// A batch of messages of these groups.
fn batch(groups: &[&str]) -> Batch {
    let lane = |group: &str| json!({"group": group, "index": 0, "groups": 1});
    let records = groups.iter().enumerate().map(|(index, group)| {
        let event = json!({
            "event_id": EVENT, "org_id": "acme", "config_id": EVENT, "origin": "api", "mode": "async",
            "created_at": "2026-01-02T03:04:05Z",
        });
        let body = json!({"resume": {"version": 1, "event": event, "number": 1, "lane": lane(group)}});
        json!({
            "messageId": index.to_string(), "receiptHandle": format!("r{index}"), "body": body.to_string(),
            "attributes": {"MessageGroupId": group, "SentTimestamp": "1"}, "eventSource": "aws:sqs",
        })
    });
    serde_json::from_value(json!({"Records": records.collect::<Vec<Value>>()})).unwrap()
}

fn group_of(messages: usize) -> Group {
    Group::all_of(batch(&vec!["a"; messages])).remove(0)
}

fn deadlines() -> Deadlines {
    Deadlines::of_a_batch(Instant::now())
}

fn part(in_flight: u32, interval_ms: u64, burst: u32) -> Part {
    Part { in_flight, spacing: Spacing { interval: Duration::from_millis(interval_ms), burst } }
}

/// Runs each message for the time of its place, and notes when it began and ended.
async fn ran(group: &Group, part: Part, secs: &[u64]) -> (Vec<End>, Vec<(Instant, Instant)>) {
    let times = RefCell::new(Vec::new());
    let Ran { ends, .. } = group
        .run(part, deadlines(), async |message| {
            let (begun, secs) = (Instant::now(), secs[message.id.parse::<usize>().unwrap() % secs.len()]);
            tokio::time::sleep(Duration::from_secs(secs)).await;
            times.borrow_mut().push((begun, Instant::now()));
            End::Left.into()
        })
        .await;
    let mut times = times.into_inner();
    times.sort();
    (ends, times)
}

#[test]
fn groups_keep_the_order_of_their_messages() {
    let groups = Group::all_of(batch(&["a", "b", "a"]));
    let ids: Vec<Vec<_>> =
        groups.iter().map(|group| group.messages.iter().map(|message| &*message.id).collect()).collect();
    assert_eq!(ids, [vec!["0", "2"], vec!["1"]]);
    assert_eq!(groups[0].lane().unwrap().number, 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_stays_in_the_queue_and_holds_nothing_up() {
    let mut batch = batch(&["a", "b", "b"]);
    for index in [0, 1] {
        batch.messages[index].body = "no input".to_owned();
    }
    let groups = Group::all_of(batch);
    assert_eq!(groups[0].lane(), None);
    assert_eq!(groups[0].receipts(&groups[0].run_nothing().ends, End::Waits), ["r0"]);
    let (ends, _) = ran(&groups[1], part(1, 0, 1), &[1]).await;
    assert_eq!(ends, [End::Waits, End::Left]);
}

#[tokio::test(start_paused = true)]
async fn the_next_begins_when_a_place_is_free() {
    let begun_at = Instant::now();
    let (ends, times) = ran(&group_of(4), part(2, 0, 10), &[3, 1, 1, 1]).await;
    let seconds: Vec<_> = times.iter().map(|(begun, _)| (*begun - begun_at).as_secs()).collect();
    assert_eq!((seconds, ends), (vec![0, 0, 1, 2], vec![End::Left; 4]));
    assert_eq!((Instant::now() - begun_at).as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_group_is_held_until_what_has_begun_is_paid() {
    let begun_at = Instant::now();
    let (_, times) = ran(&group_of(4), part(10, 1000, 2), &[0]).await;
    let seconds: Vec<_> = times.iter().map(|(begun, _)| (*begun - begun_at).as_secs()).collect();
    assert_eq!(seconds, [0, 0, 1, 2]);
    assert_eq!((Instant::now() - begun_at).as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_the_time_of_the_function_stays() {
    let (ends, times) = ran(&group_of(10), part(1, 0, 10), &[250]).await;
    let stayed = [End::Waits; 7];
    assert_eq!((times.len(), &ends[3..]), (3, &stayed[..]));
    // The limits became this narrow while the events waited.
    let begun_at = Instant::now();
    let (ends, _) = ran(&group_of(2), part(10, 6_000_000, 10), &[1]).await;
    assert_eq!(ends, [End::Left, End::Waits]);
    assert_eq!((Instant::now() - begun_at).as_secs(), 890);
}

#[tokio::test(start_paused = true)]
async fn nothing_overtakes_what_could_not_be_begun() {
    let taken = Cell::new(0);
    let ran = group_of(5)
        .run(part(1, 0, 10), deadlines(), async |message| {
            taken.set(taken.get() + 1);
            if message.id == "2" { End::Waits } else { End::Left }.into()
        })
        .await;
    assert_eq!((taken.get(), ran.ends), (3, vec![End::Left, End::Left, End::Waits, End::Waits, End::Waits]));
}

/// A group whose first attempt is answered by the wish for such a pause.
async fn paused(messages: usize, secs: u64) -> (Ran, Vec<u64>) {
    let (start, begun) = (Instant::now(), RefCell::new(Vec::new()));
    let ran = group_of(messages)
        .run(part(1, 0, 1), deadlines(), async |message| {
            begun.borrow_mut().push((Instant::now() - start).as_secs());
            Taken { pause: (message.id == "0").then(|| Duration::from_secs(secs)), ..End::Left.into() }
        })
        .await;
    (ran, begun.into_inner())
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_a_receiver_asks_for_is_made() {
    let (ran, begun) = paused(2, 90).await;
    assert_eq!((begun, ran.ends), (vec![0, 90], vec![End::Left; 2]));
    // What cannot be sent in the time of the function is kept back for the rest of the pause.
    let start = Instant::now();
    let (ran, begun) = paused(2, 3600).await;
    assert_eq!((begun, ran.ends, ran.pause.as_secs()), (vec![0], vec![End::Left, End::Waits], 3600));
    assert_eq!((Instant::now() - start).as_secs(), 0);
    // With nothing left, the function holds the group.
    let (ran, _) = paused(1, 90).await;
    assert_eq!((ran.ends, (Instant::now() - start).as_secs()), (vec![End::Left], 90));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Batch after batch of one group: no more at once than may be in flight, and in no span of time more than the burst and
    /// what the rate has for the span.
    #[test]
    fn the_limits_hold_for_any_batches(
        in_flight in 1..=10_u32,
        interval_ms in prop_oneof![Just(0), 1..60_000_u64],
        burst in 1..=10_u32,
        batches in prop::collection::vec((1..=10_usize, prop::collection::vec(0..300_u64, 10)), 1..5),
    ) {
        let part = part(in_flight, interval_ms, burst);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let times = runtime.block_on(async {
            let mut all = Vec::new();
            for (messages, secs) in &batches {
                let (ends, times) = ran(&group_of(*messages), part, secs).await;
                assert!(ends[0] == End::Left && ends.is_sorted_by_key(|end| *end != End::Left), "{ends:?}");
                all.extend(times);
            }
            all
        });
        for (first, (from, _)) in times.iter().enumerate() {
            let at_once = times.iter().filter(|(begun, ended)| begun <= from && from < ended).count();
            prop_assert!(at_once <= in_flight as usize, "{at_once} at once");
            for (last, (to, _)) in times.iter().enumerate().skip(first) {
                let passed = (*to - *from).as_secs_f64() * 1000.0;
                let most = f64::from(burst) + if interval_ms == 0 { f64::INFINITY } else { passed / interval_ms as f64 };
                // The clock of tokio counts in milliseconds.
                prop_assert!((last - first + 1) as f64 <= most + 0.01 + 1.0 / interval_ms.max(1) as f64, "{first} to {last}");
            }
        }
    }
}
