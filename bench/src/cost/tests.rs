//! The cost target, and a check that the counts match the definition.

use clap::Parser;
use hookstep_contract::MachineKind;
use tokio::sync::Mutex;

use crate::Args;
use crate::assumptions::Assumptions;
use crate::bill::{Bill, GOAL, QUEUED_GOAL, RETRY_GOALS};
use crate::counts::Counts;
use crate::paths::Path;

fn defaults() -> Assumptions {
    given(&[])
}

fn given(options: &[&str]) -> Assumptions {
    Args::try_parse_from([&["bench-cost"], options].concat()).unwrap().given
}

/// One test at a time: if a tracing call site is reached for the first time while another thread installs its
/// subscriber, the call site may be disabled for good.
async fn walk(path: Path, workflow: MachineKind, keep_bodies: bool) -> Counts {
    static TURN: Mutex<()> = Mutex::const_new(());
    let _turn = TURN.lock().await;
    path.walk(workflow, keep_bodies).await.unwrap()
}

fn invocations(counts: &Counts) -> Vec<(&str, u64)> {
    counts.functions.iter().map(|(name, function)| (name.as_str(), function.invocations)).collect()
}

fn states(counts: &Counts, machine: MachineKind) -> Vec<&str> {
    counts.of(machine).flat_map(|execution| &execution.states).map(String::as_str).collect()
}

#[tokio::test]
async fn a_million_deliveries_cost_no_more_than_the_goal() {
    let counts = walk(Path::Delivered, MachineKind::Express, false).await;
    let total = Bill::of(&counts, &defaults()).total();
    assert!(total <= GOAL, "{total:.2} dollars");
    assert_eq!(counts.write_units, 2.0);
    // Storing a kilobyte costs one write unit, and a month of storage.
    let kept = walk(Path::Delivered, MachineKind::Express, true).await;
    let more = Bill::of(&kept, &defaults()).total() - total;
    assert!((0.6..1.1).contains(&more), "{more:.2} dollars for the body");
}

#[tokio::test]
async fn a_delivery_takes_four_invocations_three_writes_and_no_transition() {
    let counts = walk(Path::Delivered, MachineKind::Express, true).await;
    let expected = [("deliver", 1), ("fetch-config", 1), ("trigger", 1), ("update-status", 1)];
    assert_eq!(invocations(&counts), expected);
    // The writes: the body, the event's record, and its end together with the small attempt. The webhook is
    // read twice, and the org once.
    assert_eq!((counts.write_units, counts.read_units), (3.0, 1.5));
    assert_eq!((counts.s3_puts, counts.s3_gets, counts.transitions()), (0, 0, 0));
    assert_eq!((counts.http_units, counts.deliveries, counts.log_lines), (1, 1, 0));
    let expected = [
        "Start",
        "FetchConfig",
        "HasPayloadRules",
        "RecordEvent",
        "IsDeliverable",
        "Deliver",
        "UpdateStatus",
        "RouteAfterAttempt",
        "Done",
    ];
    assert_eq!(states(&counts, MachineKind::Express), expected);
}

#[tokio::test]
async fn on_the_standard_machine_every_state_is_a_transition() {
    let counts = walk(Path::Delivered, MachineKind::Standard, true).await;
    assert_eq!((counts.transitions(), counts.of(MachineKind::Express).count()), (9, 0));
    assert_eq!(counts.write_units, 3.0);
}

#[tokio::test]
async fn a_claim_check_is_put_looked_at_and_read_to_be_signed_and_to_be_sent() {
    let counts = walk(Path::ClaimCheck, MachineKind::Express, true).await;
    assert_eq!((counts.s3_puts, counts.s3_gets), (1, 3));
    assert_eq!(counts.functions["hydrate"].invocations, 1);
    assert_eq!(counts.functions["deliver"].requests["s3"], 2);
    assert_eq!(counts.object_bytes, 256 * 1024);
}

#[tokio::test]
async fn the_first_retry_waits_in_the_express_execution_and_later_ones_are_schedules() {
    let counts = walk(Path::OneRetry, MachineKind::Express, true).await;
    assert_eq!((counts.deliveries, counts.functions["deliver"].invocations), (2, 2));
    // The body, the record, the first attempt and the status after it, and the end with the last attempt.
    assert_eq!((counts.write_units, counts.transitions()), (5.0, 0));
    assert_eq!(states(&counts, MachineKind::Express).last(), Some(&"Done"));
    let one = Bill::of(&counts, &defaults()).total();
    let counts = walk(Path::TwoRetries, MachineKind::Express, true).await;
    assert_eq!((counts.deliveries, counts.transitions()), (3, 0));
    assert_eq!(counts.of(MachineKind::Express).count(), 2);
    let later = Bill::of(&counts, &defaults()).total() - one;
    let counts = walk(Path::Down, MachineKind::Express, true).await;
    assert_eq!((counts.deliveries, counts.of(MachineKind::Express).count()), (10, 9));
    let down = Bill::of(&counts, &defaults()).total();
    for (what, costs, goal) in
        [("one", one, RETRY_GOALS[0]), ("later", later, RETRY_GOALS[1]), ("all", down, RETRY_GOALS[2])]
    {
        assert!(costs <= goal, "{what}: {costs:.2} dollars");
    }
}

#[tokio::test]
async fn a_delay_adds_an_execution_and_a_schedule() {
    let counts = walk(Path::Delayed, MachineKind::Express, true).await;
    assert_eq!((counts.deliveries, counts.of(MachineKind::Express).count()), (1, 2));
    let less = Bill::of(&walk(Path::Delivered, MachineKind::Express, true).await, &defaults()).total();
    let more = Bill::of(&counts, &defaults()).total() - less;
    assert!((3.0..7.0).contains(&more), "{more:.2} dollars for the delay");
}

#[tokio::test]
async fn a_lane_adds_an_execution_and_a_tenth_of_a_batch() {
    let counts = walk(Path::Lane, MachineKind::Express, true).await;
    assert_eq!((counts.deliveries, counts.of(MachineKind::Express).count()), (1, 2));
    let states = states(&counts, MachineKind::Express);
    for state in ["JoinLane", "QueueInLane", "InLane", "LeaveLane", "RefreshPlan", "Done"] {
        assert!(states.contains(&state), "{states:?}");
    }
    let bill = Bill::of(&counts, &defaults());
    let sqs = bill.0.iter().find(|line| line.what == "SQS requests").map(|line| line.each);
    assert_eq!(sqs, Some(1.2));
    let less = Bill::of(&walk(Path::Delivered, MachineKind::Express, true).await, &defaults()).total();
    let more = bill.total() - less;
    assert!((3.0..8.0).contains(&more), "{more:.2} dollars for the lane");
}

#[tokio::test]
async fn a_slow_receiver_costs_a_quarter_from_the_queue() {
    let total = |path: Path, counts: &Counts| Bill::of(counts, &path.given(&defaults())).total();
    let direct = total(Path::Slow, &walk(Path::Slow, MachineKind::Express, true).await);
    let counts = walk(Path::SlowQueued, MachineKind::Express, true).await;
    let queued = total(Path::SlowQueued, &counts);
    assert!(direct > 80.0 && queued <= QUEUED_GOAL, "{direct:.2} and {queued:.2} dollars");
    assert_eq!((counts.deliveries, counts.of(MachineKind::Express).count()), (1, 2));
}

/// The states that are counted for the queue are a way through the definition.
#[tokio::test]
async fn the_way_by_the_queue_is_one_of_the_definition() {
    let definition: serde_json::Value =
        serde_json::from_str(include_str!("../../../statemachine.asl.json")).unwrap();
    let counts = walk(Path::SlowQueued, MachineKind::Express, true).await;
    let mut tasks = 0;
    for execution in counts.of(MachineKind::Express) {
        for pair in execution.states.windows(2) {
            let state = definition["States"][&pair[0]].to_string();
            assert!(state.contains(&format!("\"{}\"", pair[1])), "{pair:?}");
        }
        let is_task = |name: &&String| definition["States"][name.as_str()]["Type"] == "Task";
        tasks += execution.states.iter().filter(is_task).count();
        assert_eq!(definition["States"][execution.states.last().unwrap()]["Type"], "Succeed");
    }
    assert_eq!(tasks, counts.executions.iter().map(|execution| execution.tasks.len()).sum::<usize>());
}

#[tokio::test]
async fn an_order_adds_what_a_lane_does_and_two_waits() {
    let counts = walk(Path::Ordered, MachineKind::Express, true).await;
    assert_eq!((counts.deliveries, counts.of(MachineKind::Express).count()), (1, 2));
    let states = states(&counts, MachineKind::Express);
    for state in ["InLane", "LeaveLane", "Done"] {
        assert!(states.contains(&state), "{states:?}");
    }
    let less = Bill::of(&walk(Path::Lane, MachineKind::Express, true).await, &defaults()).total();
    let more = Bill::of(&counts, &defaults()).total() - less;
    assert!((0.5..3.0).contains(&more), "{more:.2} dollars for the order");
}

#[tokio::test]
async fn a_skipped_event_is_recorded_and_not_sent() {
    let counts = walk(Path::Skipped, MachineKind::Express, true).await;
    assert_eq!(invocations(&counts), [("fetch-config", 1), ("trigger", 1)]);
    // The body of a skipped event is stored, too: it can be sent once the webhook is enabled again.
    assert_eq!((counts.write_units, counts.deliveries), (2.0, 0));
}

#[test]
fn less_memory_is_less_of_a_core() {
    let options = ["--cpu-ms", "deliver=2", "--cold-share", "0", "--memory-mb"];
    let billed = |memory| given(&[&options[..], &[memory]].concat()).billed_ms("deliver", 100.0, 0.0);
    assert_eq!((billed("1769"), billed("128")), (102.0, 128.0));
}

#[test]
fn a_function_that_is_none_cannot_be_given_a_time() {
    let refused = Args::try_parse_from(["bench-cost", "--cpu-ms", "sleep=1"]).unwrap_err();
    assert!(refused.to_string().contains("there is no function sleep"));
}
