//! What waits for its next attempt: in the journal for up to a minute, in a schedule for longer. Neither is forgotten when
//! the host is killed, nor sent twice when an execution is run again.
#![expect(clippy::unwrap_used, reason = "a host that cannot be asked fails the test")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_host::{Histories, Options, ServiceError, TableCall, TableGate};
use serde_json::{Value, json};

use crate::world::process::{FREE_PORT, Hookstep, Process, serve};
use crate::world::{Api, Dir, Receiver, Reply, World, until};

const GROUP: &str = "hookstep-retries";

/// Starts a host whose clock is two hours ahead.
fn later(options: &mut Options) {
    options.sources = Sources {
        clock: || (Sources::system().clock)() + Duration::from_secs(2 * 3600),
        ..Sources::system()
    };
}

/// An event that waits on the directory of a host that was killed.
struct Waiting {
    /// A token of the event's org.
    token: String,
    config_id: String,
    event_id: String,
}

impl Waiting {
    /// The event's end on a host that has taken up the directory.
    async fn ended(&self, world: &World) -> Value {
        let api = Api { token: self.token.clone(), ..world.api.clone() };
        api.ended(&self.config_id, &self.event_id).await
    }
}

/// A host that keeps the executions that succeeded.
async fn remembering(dir: &Path) -> Hookstep {
    Hookstep::started(Process::start(serve(dir, FREE_PORT).args(["--history", "full"]))).await
}

/// Kills a host while an event waits for its second attempt, which comes after this many seconds.
async fn killed_while_waiting(dir: &Path, receiver: &Receiver, pause: u32) -> Waiting {
    let host = remembering(dir).await;
    let fields = json!({"retry": {"schedule_seconds": [pause]}});
    let config_id = host.api.create_webhook(&receiver.url, fields).await;
    let event_id = host.api.trigger(&config_id, "{}").await;
    if pause > 60 {
        until("the execution ended", async || statuses(dir, &event_id) == ["SUCCEEDED"]).await;
    } else {
        until("the execution waits", async || waiting(dir) == 1).await;
    }
    host.process.kill().await;
    Waiting { token: host.api.token, config_id, event_id }
}

fn journal(dir: &Path) -> rusqlite::Connection {
    let journal = rusqlite::Connection::open(dir.join("hookstep.sqlite")).unwrap();
    journal.busy_timeout(Duration::from_secs(10)).unwrap();
    journal
}

/// How many executions wait in the journal.
fn waiting(dir: &Path) -> i64 {
    let count = "SELECT count(*) FROM executions WHERE wake_at IS NOT NULL";
    journal(dir).query_row(count, [], |row| row.get(0)).unwrap()
}

/// Puts the only execution back to its start, as `kill -9` leaves it when it comes before the last commits.
fn run_again(dir: &Path) {
    let forget = "UPDATE executions SET status = 'RUNNING', stopped_at = NULL, output = NULL, history = NULL,
                  checkpoint = NULL, wake_at = NULL";
    assert_eq!(journal(dir).execute(forget, []).unwrap(), 1);
}

fn statuses(dir: &Path, event_id: &str) -> Vec<String> {
    let executions = hookstep_host::executions_of(dir, event_id.parse().unwrap()).unwrap();
    executions.into_iter().map(|execution| execution.status.to_string()).collect()
}

/// The event was delivered by its second attempt, and the receiver was called for nothing else.
fn assert_delivered(event: &Value, receiver: &Receiver) {
    assert_eq!(event["status"], "succeeded", "{event}");
    let attempts = event["attempts"].as_array().unwrap();
    let numbers: Vec<_> = attempts.iter().map(|attempt| &attempt["number"]).collect();
    assert_eq!((numbers, receiver.calls()), (vec![&json!(1), &json!(2)], 2), "{event}");
}

async fn failing_once() -> Receiver {
    Receiver::answering([500, 200].map(Reply::status)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_survives_kill_9_and_is_overdue_at_the_next_start() {
    let (dir, receiver) = (Dir::new(), failing_once().await);
    let event = killed_while_waiting(dir.path(), &receiver, 3600).await;
    let world = World::open(dir, |_| ()).await;
    let name = format!("{}-2", event.event_id);
    let schedule = world.host.clients().schedules.get_schedule().name(&name).group_name(GROUP).send().await;
    let schedule = schedule.unwrap();
    let input: Value = serde_json::from_str(schedule.target().unwrap().input().unwrap()).unwrap();
    assert_eq!((&input["resume"]["number"], receiver.calls()), (&json!(2), 1), "{input}");

    let world = world.reopen(later).await;
    assert_delivered(&event.ended(&world).await, &receiver);
    gone(&world, &name).await;
}

/// Waits until there is no such schedule.
async fn gone(world: &World, name: &str) {
    let schedules = &world.host.clients().schedules;
    until("the schedule is deleted", async || {
        let found = schedules.get_schedule().name(name).group_name(GROUP).send().await;
        found.is_err_and(|error| error.as_service_error().unwrap().is_resource_not_found_exception())
    })
    .await;
}

/// Refuses the first deletions of a schedule.
#[derive(Debug)]
struct Undeletable(AtomicUsize);

impl TableGate for Undeletable {
    fn refuse(&self, call: &TableCall<'_>) -> Option<ServiceError> {
        let is_meant = call.operation == "DeleteItem" && call.table == "schedules";
        let left = is_meant.then(|| self.0.load(Ordering::Relaxed)).filter(|left| *left > 0)?;
        self.0.store(left - 1, Ordering::Relaxed);
        Some(ServiceError::new("InternalServerError", "planned by a test"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_that_starts_its_execution_twice_sends_the_attempt_once() {
    let (dir, receiver) = (Dir::new(), failing_once().await);
    let event = killed_while_waiting(dir.path(), &receiver, 3600).await;
    let world = World::open(dir, |options| {
        later(options);
        options.histories = Histories::Full;
        options.table_gate = Some(Arc::new(Undeletable(AtomicUsize::new(1))));
    })
    .await;
    event.ended(&world).await;
    gone(&world, &format!("{}-2", event.event_id)).await;
    world.settled(&event.event_id).await;
    assert_eq!(statuses(world.dir.path(), &event.event_id), ["SUCCEEDED"; 3]);
    assert_delivered(&event.ended(&world).await, &receiver);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_run_again_after_it_made_a_schedule_makes_no_second_one() {
    let (dir, receiver) = (Dir::new(), failing_once().await);
    let event = killed_while_waiting(dir.path(), &receiver, 3600).await;
    run_again(dir.path());
    let world = World::open(dir, |_| ()).await;
    world.settled(&event.event_id).await;
    assert_eq!(receiver.calls(), 1, "the first attempt is not made again");

    let world = world.reopen(later).await;
    assert_delivered(&event.ended(&world).await, &receiver);
}

#[tokio::test]
async fn an_execution_run_again_goes_on_with_the_attempt_that_is_next() {
    let (dir, receiver) = (Dir::new(), failing_once().await);
    let event = killed_while_waiting(dir.path(), &receiver, 2).await;
    run_again(dir.path());
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    assert_delivered(&host.api.ended(&event.config_id, &event.event_id).await, &receiver);
}

#[tokio::test]
async fn an_execution_run_again_after_it_succeeded_sends_nothing() {
    let (dir, receiver) = (Dir::new(), Receiver::ok().await);
    let host = remembering(dir.path()).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = host.api.trigger(&config_id, "{}").await;
    until("the execution ended", async || statuses(dir.path(), &event_id) == ["SUCCEEDED"]).await;
    host.process.kill().await;
    run_again(dir.path());

    let host = remembering(dir.path()).await;
    until("the execution ended again", async || statuses(dir.path(), &event_id) == ["SUCCEEDED"]).await;
    let event = host.api.event(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    receiver.only();
}

#[tokio::test]
async fn a_wait_before_a_retry_survives_kill_9_and_ends_at_its_time() {
    let (dir, receiver) = (Dir::new(), failing_once().await);
    let event = killed_while_waiting(dir.path(), &receiver, 3).await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    assert_delivered(&host.api.ended(&event.config_id, &event.event_id).await, &receiver);
    let seen = receiver.seen();
    let pause = seen[1].at - seen[0].at;
    // Three seconds and a tenth of jitter; the upper bound allows for a busy machine.
    assert!((Duration::from_millis(2600)..Duration::from_secs(8)).contains(&pause), "{pause:?}");
}
