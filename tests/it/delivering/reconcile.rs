//! Events that nothing works on any more are started again. The clock of `reconcile` is ahead of the host's, so that what is
//! in progress is overdue.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::limits::OVERDUE_AFTER;
use hookstep_contract::{EventId, EventMetadata, EventRecord, MachineKind, Mode, Origin, Status};
use hookstep_executions::{DeliveryMachines, ExecutionClient, ResumeMachine};
use hookstep_reconcile::{Context, RUN_LIMIT, Report, Tick, handle};
use hookstep_store::{
    Bodies, Configs, Events, Lanes, Open, Publications, WatchList, Watched, WatchedPublication,
};
use serde_json::json;
use time::OffsetDateTime;

use crate::world::{Answer, Fault, ORG, Receiver, Reply, World, accepted, until};

const EXPRESS: &str = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";
const EVENTS: &str = "events";

fn in_hours(hours: i64) -> OffsetDateTime {
    (Sources::system().clock)() + time::Duration::hours(hours)
}

/// `reconcile` on this host, at a later time.
fn at(world: &World, clock: fn() -> OffsetDateTime) -> Context {
    let clients = world.host.clients().clone();
    let (tables, states) = (clients.tables.clone(), ExecutionClient::new(move || clients.states));
    Context {
        events: Events::new(tables.clone(), EVENTS),
        configs: Configs::new(tables.clone(), "configs"),
        bodies: Bodies::new(tables.clone(), EVENTS),
        lanes: Lanes::new(tables.clone(), EVENTS),
        publications: Publications::new(tables.clone(), EVENTS),
        watch_list: WatchList::new(tables, EVENTS),
        machines: DeliveryMachines::new(states.clone(), EXPRESS, "", MachineKind::Express),
        machine: ResumeMachine::new(states, EXPRESS),
        overdue_after: OVERDUE_AFTER,
        run_limit: RUN_LIMIT,
        sources: Sources { clock, ..Sources::system() },
    }
}

async fn run(ctx: &Context) -> Report {
    handle(Tick::default(), ctx).await.unwrap()
}

const NOTHING: Report = Report { restarted: 0, ended: 0, published: 0 };
const RESTARTED: Report = Report { restarted: 1, ..NOTHING };
const ENDED: Report = Report { ended: 1, ..NOTHING };

/// Lets the executions of a webhook die once they have recorded their events.
fn break_down(world: &World, config_id: &str) {
    for state in ["Deliver", "RecordMissed", "RecordException"] {
        world.faults.plan(config_id, Fault { state, error: "Broken", times: None });
    }
}

/// An event whose execution died after it had recorded the event.
async fn stuck(world: &World, config_id: &str) -> String {
    break_down(world, config_id);
    let event_id = world.api.trigger(config_id, "{}").await;
    world.api.until(config_id, &event_id, |event| event["status"] == "in_progress").await;
    world.settled(&event_id).await;
    world.faults.clear(config_id);
    event_id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_whose_execution_died_is_started_again_and_only_once() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let delivered = world.api.deliver(&id, "{}").await;
    let event_id = stuck(&world, &id).await;
    // Too soon: its attempt might be under way.
    assert_eq!(run(&at(&world, || in_hours(0))).await, NOTHING);

    let later = at(&world, || in_hours(1));
    assert_eq!(run(&later).await, RESTARTED);
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!((&event["status"], event["attempts"].as_array().unwrap().len()), (&json!("succeeded"), 1));
    assert_eq!(run(&later).await, NOTHING);
    assert_eq!(run(&at(&world, || in_hours(2))).await, NOTHING);
    assert_eq!(receiver.calls(), 2);
    assert_eq!(world.api.event(&id, delivered["event_id"].as_str().unwrap()).await, delivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_start_an_event_once() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = stuck(&world, &id).await;
    let (one, other) = (at(&world, || in_hours(1)), at(&world, || in_hours(1)));
    let (one, other) = tokio::join!(run(&one), run(&other));
    assert_eq!(one.restarted + other.restarted, 1, "{one:?} {other:?}");
    world.api.ended(&id, &event_id).await;
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_event_is_not_overdue_before_its_time_and_is_sent_without_its_schedule() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let query = "?delay_seconds=7200";
    let event_id = accepted(&Answer::to(world.api.triggering(&id, query, "{}")).await);
    world.api.until(&id, &event_id, |event| event["status"] == "scheduled").await;
    world.settled(&event_id).await;
    assert_eq!(run(&at(&world, || in_hours(1))).await, NOTHING);
    assert_eq!(world.api.event(&id, &event_id).await["status"], "scheduled");
    let schedule = world.host.clients().schedules.delete_schedule().name(format!("{event_id}-1"));
    schedule.group_name("hookstep-retries").send().await.unwrap();
    assert_eq!(run(&at(&world, || in_hours(3))).await, RESTARTED);
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_did_not_come_is_made_and_one_that_is_cancelled_is_not() {
    let (world, receiver) =
        (World::start().await, Receiver::answering([500, 500, 200].map(Reply::status)).await);
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [7200]}})).await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let event_id = world.api.trigger(&id, "{}").await;
        world.api.until(&id, &event_id, |event| event["next_attempt_at"].is_string()).await;
        world.settled(&event_id).await;
        waiting.push(event_id);
    }
    // Its time has not come: it is looked at again when that has passed.
    assert_eq!(run(&at(&world, || in_hours(1))).await, NOTHING);
    let cancelled = world.api.post(&format!("/webhook/{id}/events/{}/cancel", waiting[1]), &json!({})).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    assert_eq!(run(&at(&world, || in_hours(3))).await, RESTARTED);
    let event = world.api.ended(&id, &waiting[0]).await;
    assert_eq!((&event["status"], &event["attempts"][1]["number"]), (&json!("succeeded"), &json!(2)));
    assert_eq!(receiver.calls(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_cannot_be_sent_again_fails_and_says_why() {
    let (world, receiver) = (World::with_options(|o| o.keep_bodies = false).await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = stuck(&world, &id).await;
    assert_eq!(run(&at(&world, || in_hours(1))).await, ENDED);
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!((&event["status"], &event["reason"]["code"]), (&json!("failed"), &json!("platform")));
    let detail = event["reason"]["detail"].as_str().unwrap();
    assert!(detail.contains("the only copy of the body was lost"), "{detail}");
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_is_not_repeated_when_its_user_has_gone() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    break_down(&world, &id);
    world.api.post(&format!("/webhook/{id}/test"), &json!({"body": {}})).await;
    let event_id = world.api.first_event(&id).await["event_id"].as_str().unwrap().to_owned();
    world.settled(&event_id).await;
    world.faults.clear(&id);
    assert_eq!(world.api.event(&id, &event_id).await["status"], "in_progress");
    assert_eq!(run(&at(&world, || in_hours(1))).await, ENDED);
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!((&event["status"], &event["reason"]["code"]), (&json!("failed"), &json!("platform")));
    assert_eq!(receiver.calls(), 0);
}

/// An event that the platform stopped before it was transformed, and whose schedule was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_never_prepared_is_prepared_when_it_is_started_again() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"transform": {"jsonata": "{'wrapped': $}"}, "retry": {"schedule_seconds": [7200]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    world.faults.plan(&id, Fault { state: "FetchConfig", error: "Broken", times: None });
    let event_id = world.api.trigger(&id, "7").await;
    world.api.until(&id, &event_id, |event| event["next_attempt_at"].is_string()).await;
    world.settled(&event_id).await;
    world.faults.clear(&id);
    assert_eq!(run(&at(&world, || in_hours(3))).await, RESTARTED);
    assert_eq!(world.api.ended(&id, &event_id).await["status"], "succeeded");
    assert_eq!(receiver.only().body, br#"{"wrapped":7}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_of_what_was_sent_is_not_transformed_again_when_it_is_started_again() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"transform": {"jsonata": "{'wrapped': $}"}, "retry": {"schedule_seconds": [7200]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let first = world.api.deliver(&id, "7").await["event_id"].as_str().unwrap().to_owned();
    world.faults.plan(&id, Fault { state: "FetchConfig", error: "Broken", times: None });
    let replay = world.api.post(&format!("/webhook/{id}/events/{first}/replay"), &json!({})).await;
    let event_id = accepted(&replay);
    world.api.until(&id, &event_id, |event| event["next_attempt_at"].is_string()).await;
    world.settled(&event_id).await;
    world.faults.clear(&id);
    assert_eq!(run(&at(&world, || in_hours(3))).await, RESTARTED);
    assert_eq!(world.api.ended(&id, &event_id).await["status"], "succeeded");
    let bodies: Vec<_> = receiver.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [br#"{"wrapped":7}"#, br#"{"wrapped":7}"#]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_started_in_vain_ten_times_is_given_up() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = stuck(&world, &id).await;
    let later = at(&world, || in_hours(1));
    let (org_id, config_id) = (ORG.parse().unwrap(), id.parse().unwrap());
    for _ in 0..10 {
        let seen = later.events.get(&org_id, config_id, event_id.parse().unwrap()).await.unwrap().unwrap();
        let three_days_ago = later.sources.now().minus(Duration::from_secs(3 * 86_400));
        assert!(later.events.claim_overdue(&seen, three_days_ago).await.unwrap());
    }
    assert_eq!(run(&later).await, ENDED);
    let event = world.api.event(&id, &event_id).await;
    assert_eq!((&event["status"], &event["reason"]["code"]), (&json!("failed"), &json!("platform")));
    let detail = event["reason"]["detail"].as_str().unwrap();
    assert!(detail.contains("each time that it was started again"), "{detail}");
    assert_eq!(receiver.calls(), 0);
}

/// Writes an event's record, as if its execution had got no further.
async fn write_event(world: &World, config_id: &str, status: Status) -> EventId {
    let tables = world.host.clients().tables.clone();
    let sources = Sources::system();
    let (event_id, now) = (EventId((sources.new_id)()), sources.now());
    let (org_id, config_id) = (ORG.parse().unwrap(), config_id.parse().unwrap());
    let event = EventMetadata::new(org_id, config_id, event_id, Origin::Api, Mode::Async, now);
    let record = EventRecord::new(&event, "e", status, None, Duration::from_secs(86_400));
    Events::new(tables.clone(), EVENTS).create(&record).await.unwrap();
    if status == Status::InProgress {
        Bodies::new(tables.clone(), EVENTS).keep(&event, b"{}").await.unwrap();
    }
    let webhook = Watched { org_id: event.org_id, config_id, event_id: None };
    WatchList::new(tables, EVENTS).watch(&webhook, now).await.unwrap();
    event_id
}

/// Runs that have time for a single step each, until they have started this many events again; returns what each did.
async fn hasty_runs(world: &World, expected: u32) -> Vec<u32> {
    let hasty = Context { run_limit: Duration::ZERO, ..at(world, || in_hours(1)) };
    let mut restarted = Vec::new();
    while restarted.iter().sum::<u32>() < expected {
        restarted.push(run(&hasty).await.restarted);
        assert!(restarted.len() < 100, "{restarted:?}");
    }
    restarted.retain(|count| *count > 0);
    restarted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_events_the_three_that_are_stuck_are_started() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let mut stuck = Vec::new();
    for number in 0..1000 {
        let status = if number % 400 == 7 { Status::InProgress } else { Status::Succeeded };
        let event_id = write_event(&world, &id, status).await;
        stuck.extend((status == Status::InProgress).then_some(event_id));
    }
    hasty_runs(&world, 3).await;
    for event_id in stuck {
        assert_eq!(world.api.ended(&id, &event_id.to_string()).await["status"], "succeeded");
    }
    assert_eq!(receiver.calls(), 3);
    assert_eq!(run(&at(&world, || in_hours(1))).await, NOTHING);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cut_off_within_a_webhook_is_continued_there() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for _ in 0..210 {
        write_event(&world, &id, Status::InProgress).await;
    }
    let runs = hasty_runs(&world, 210).await;
    assert!(runs.len() > 1, "{runs:?}");
    world.api.until_events_of(&id, 210, "succeeded").await;
    assert_eq!(receiver.calls(), 210);
}

/// Counts the calls of the tables.
#[derive(Debug, Default)]
struct Counter(AtomicUsize);

impl hookstep_aws_local::TableGate for Counter {
    fn refuse(&self, _: &hookstep_aws_local::TableCall<'_>) -> Option<hookstep_aws_local::ServiceError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_finds_nothing_to_do_reads_little() {
    let counter = Arc::new(Counter::default());
    let gate = counter.clone();
    let world = World::with_options(move |options| options.table_gate = Some(gate)).await;
    let ctx = at(&world, || in_hours(1));
    run(&ctx).await;
    let before = counter.0.load(Ordering::Relaxed);
    assert_eq!(run(&ctx).await, NOTHING);
    // The cursor and, if a slot has ended meanwhile, its eight partitions and the cursor again.
    assert!(counter.0.load(Ordering::Relaxed) - before <= 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watch_list_shows_in_no_list_and_no_index() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    stuck(&world, &id).await;
    run(&at(&world, || in_hours(1))).await;
    assert_eq!(world.api.events(&id, "").await["data"].as_array().unwrap().len(), 1);
    let items = world.host.clients().tables.scan().table_name(EVENTS).send().await.unwrap().items.unwrap();
    let watched = items.iter().filter(|item| item["pk"].as_s().unwrap().starts_with("watch"));
    let mut count = 0;
    for item in watched {
        let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        let is_cursor = item["sk"].as_s().unwrap() == "cursor";
        assert_eq!(names, if is_cursor { ["pk", "sk", "slot"] } else { ["expires_at", "pk", "sk"] });
        count += 1;
    }
    // The webhook, the event and the cursor.
    assert_eq!(count, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_waits_for_its_turn_is_not_overdue_however_long_that_takes() {
    let never = Reply::status(200).after(Duration::from_secs(3600));
    let (world, receiver) = (World::start().await, Receiver::answering([never, Reply::status(200)]).await);
    let id = world.api.create_webhook(&receiver.url, json!({"max_in_flight": 1})).await;
    world.api.trigger(&id, "{}").await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    // The first one is overdue: nobody can know that it is still being sent after that time.
    let waits = world.api.trigger(&id, "{}").await;
    let lanes = Lanes::new(world.host.clients().tables.clone(), EVENTS);
    let (org_id, config_id) = (ORG.parse().unwrap(), id.parse().unwrap());
    until("it waits", async || lanes.waiting(&org_id, config_id).await.unwrap().waiting == 1).await;
    let ctx = at(&world, || in_hours(1));
    assert_eq!(run(&ctx).await, RESTARTED);
    until("the other one waits, too", async || lanes.waiting(&org_id, config_id).await.unwrap().waiting == 2)
        .await;
    let ctx = at(&world, || in_hours(4));
    assert_eq!(run(&ctx).await, NOTHING);
    assert_eq!(world.api.event(&id, &waits).await["status"], "in_progress");
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_whose_deliveries_were_not_all_started_is_started_again_and_sent_once() {
    // As on AWS, where a publication and its deliveries cannot be stored in one transaction.
    let (world, receiver) =
        (World::with_options(|options| options.bodies_in_state = true).await, Receiver::ok().await);
    for _ in 0..2 {
        world.api.create_webhook(&receiver.url, json!({"event_types": ["t"]})).await;
    }
    let event = json!({"event_type": "t", "payload": {"n": 1}, "idempotency_key": "k"});
    let answer = world.api.post("/events", &event).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let publication_id: EventId = answer.json()["publication_id"].as_str().unwrap().parse().unwrap();
    let org_id = ORG.parse().unwrap();
    let later = at(&world, || in_hours(1));
    let (publication, open) = later.publications.get(&org_id, publication_id).await.unwrap().unwrap();
    assert_eq!((open, publication.deliveries.len()), (Open::No, 2));
    let ended = async || {
        for delivery in &publication.deliveries {
            let (config_id, event_id) = (delivery.config_id.to_string(), delivery.event_id.to_string());
            assert_eq!(world.api.ended(&config_id, &event_id).await["status"], "succeeded");
            world.settled(&event_id).await;
        }
    };
    ended().await;

    // The process died before it had started the second one, or before it had noted that all were.
    let third = world.api.create_webhook(&receiver.url, json!({})).await.parse().unwrap();
    let mut publication = publication.clone();
    publication.deliveries.push(hookstep_contract::PublishedDelivery::of(publication_id, third, 1));
    later.publications.put(&publication, Open::Yes).await.unwrap();
    // On a clock that is an hour ahead, the third one may already be overdue at its start, and is then started once more.
    let report = run(&later).await;
    assert!(report.restarted <= 1, "{report:?}");
    assert_eq!(Report { restarted: 0, ..report }, Report { published: 1, ..NOTHING });
    for delivery in &publication.deliveries {
        let (config_id, event_id) = (delivery.config_id.to_string(), delivery.event_id.to_string());
        assert_eq!(world.api.ended(&config_id, &event_id).await["status"], "succeeded");
        world.settled(&event_id).await;
    }
    let calls = receiver.calls();
    assert!((3..=3 + report.restarted as usize).contains(&calls), "{calls} {report:?}");
    let (_, open) = later.publications.get(&org_id, publication_id).await.unwrap().unwrap();
    assert_eq!(open, Open::No);
    // A producer that repeats its request does the same.
    later.publications.put(&publication, Open::Yes).await.unwrap();
    let again = world.api.post("/events", &event).await;
    assert_eq!((again.status, again.json()["deliveries"].as_array().unwrap().len()), (202, 3));
    let (_, open) = later.publications.get(&org_id, publication_id).await.unwrap().unwrap();
    assert_eq!((open, receiver.calls()), (Open::No, calls));
    let watched = WatchedPublication { org_id, publication_id };
    later.watch_list.watch_publication(&watched, Sources::system().now()).await.unwrap();
}
