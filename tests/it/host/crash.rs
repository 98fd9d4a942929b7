//! The host as a process: killed, asked to stop, and restarted on the data it left.
#![expect(clippy::unwrap_used, reason = "a host that cannot be asked fails the test")]

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::process::{FREE_PORT, Hookstep, Process, command, output, run, serve};
use crate::world::{Answer, Api, Dir, Receiver, Reply, until};

#[tokio::test]
async fn an_accepted_event_survives_kill_9() {
    let dir = Dir::new();
    let receiver = Receiver::answering([Reply::status(200).after(Duration::from_millis(700))]).await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = host.api.trigger(&config_id, r#"{"reading": 1.0}"#).await;
    host.process.kill().await;

    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let event = host.api.ended(&config_id, &event_id).await;
    assert_eq!(event["status"], "succeeded", "{event}");
    let last = receiver.seen().pop().unwrap();
    assert_eq!(last.header("webhook-id"), Some(event_id.as_str()));
    assert_eq!(last.body, br#"{"reading": 1.0}"#);
}

#[tokio::test]
async fn an_attempt_cut_by_kill_9_is_made_again_under_the_same_webhook_id() {
    let dir = Dir::new();
    let never = Reply::status(200).after(Duration::from_secs(3600));
    let receiver = Receiver::answering([never, Reply::status(200)]).await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = host.api.trigger(&config_id, "cut").await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    host.process.kill().await;

    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let event = host.api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2, "calls");
    assert!(seen.iter().all(|call| call.header("webhook-id") == Some(&event_id) && call.body == b"cut"));
}

#[tokio::test]
async fn a_sync_event_whose_producer_was_cut_off_by_kill_9_still_ends() {
    let dir = Dir::new();
    let never = Reply::status(200).after(Duration::from_secs(3600));
    let receiver = Receiver::answering([never, Reply::status(200)]).await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let producer = tokio::spawn(host.api.triggering(&config_id, "?sync=true", "{}").send());
    until("the receiver is called", async || receiver.calls() == 1).await;
    host.process.kill().await;
    assert!(producer.await.unwrap().is_err(), "the producer cannot have an answer");

    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let event_id = receiver.seen()[0].header("webhook-id").unwrap().to_owned();
    assert_eq!(host.api.ended(&config_id, &event_id).await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_host_at_random_moments_loses_no_accepted_event() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let dir = Dir::new();
    let receiver = MoodyReceiver::start(dice.random()).await;
    let mut host = Hookstep::start(dir.path(), FREE_PORT).await;
    let api = host.api.clone();
    let address = api.base.strip_prefix("http://").unwrap().to_owned();
    let config_id = api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [1]}})).await;

    let enough = Arc::new(AtomicBool::new(false));
    let produce = || tokio::spawn(produce(api.clone(), config_id.clone(), Arc::clone(&enough)));
    let producers = [produce(), produce(), produce(), produce()];
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(dice.random_range(50..400))).await;
        host.process.kill().await;
        host = Hookstep::start(dir.path(), &address).await;
    }
    enough.store(true, Ordering::Relaxed);
    let mut accepted = Vec::new();
    for producer in producers {
        accepted.extend(producer.await.unwrap());
    }
    println!("{} events accepted", accepted.len());
    assert!(!accepted.is_empty(), "no round let an event in");

    until("every event ended", async || {
        let statuses = statuses(&api, &config_id).await;
        accepted.iter().all(|id| statuses.contains_key(id))
            && statuses.values().all(|status| status != "in_progress")
    })
    .await;
    let statuses = statuses(&api, &config_id).await;
    assert!(statuses.values().all(|status| status == "succeeded"), "{statuses:?}");
    let seen = receiver.seen.lock().unwrap();
    let lost: Vec<_> = accepted.iter().filter(|id| !seen.contains_key(*id)).collect();
    assert!(lost.is_empty(), "never sent: {lost:?}");
}

#[tokio::test]
async fn sigterm_lets_an_attempt_in_flight_end() {
    let dir = Dir::new();
    let receiver = Receiver::answering([Reply::status(200).after(Duration::from_millis(1500))]).await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = host.api.trigger(&config_id, "{}").await;
    until("the receiver is called", async || receiver.calls() == 1).await;
    host.stop().await;

    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    assert_eq!(host.api.event(&config_id, &event_id).await["status"], "succeeded");
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test]
async fn sigterm_leaves_a_waiting_producer_its_answer() {
    let dir = Dir::new();
    let receiver =
        Receiver::answering([Reply::status(200).body("done").after(Duration::from_millis(1500))]).await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let producer = tokio::spawn(Answer::to(host.api.triggering(&config_id, "?sync=true", "{}")));
    until("the receiver is called", async || receiver.calls() == 1).await;
    host.stop().await;
    let answer = producer.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!((&answer.json()["status"], &answer.json()["body"]), (&json!("succeeded"), &json!("done")));
}

#[tokio::test]
async fn a_data_directory_serves_one_process() {
    let dir = Dir::new();
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let (status, second) = run(&mut serve(dir.path(), FREE_PORT)).await;
    assert_eq!(status.code(), Some(1));
    assert!(
        second.stderr().contains("the data directory is in use by another process"),
        "{}",
        second.stderr()
    );
    assert_eq!(host.api.get("/healthz").await.status, 200, "the first one is not disturbed");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let dir = Dir::new();
    let taken = TcpListener::bind(FREE_PORT).await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, host) = run(&mut serve(dir.path(), &address)).await;
    assert_eq!(status.code(), Some(1));
    assert!(host.stderr().contains(&format!("cannot listen on {address}")), "{}", host.stderr());
}

#[tokio::test]
async fn the_first_start_prints_an_admin_token_and_no_later_one_does() {
    let dir = Dir::new();
    let mut command = serve(dir.path(), FREE_PORT);
    let mut host = Hookstep::started(Process::start(command.env_remove("HOOKSTEP_ADMIN_TOKEN"))).await;
    let line = host.process.line("admin token").await;
    let token = line.split_whitespace().find(|word| word.starts_with("hookstep_")).unwrap().to_owned();
    host.api.token = token.clone();
    assert_eq!(host.api.get("/webhook").await.status, 200);
    host.stop().await;

    let mut host = Hookstep::started(Process::start(command.env_remove("HOOKSTEP_ADMIN_TOKEN"))).await;
    host.process.line("admin token").await;
    assert!(!host.process.stdout().contains("hookstep_"), "{}", host.process.stdout());
    host.api.token = token;
    assert_eq!(host.api.get("/webhook").await.status, 200);
}

#[tokio::test]
async fn a_platform_starts_with_its_own_token_and_no_other() {
    const PLATFORM_TOKEN: &str = "platform-token-of-the-tests";
    let dir = Dir::new();
    let mut command = serve(dir.path(), FREE_PORT);
    command.env_remove("HOOKSTEP_ADMIN_TOKEN").env("HOOKSTEP_PLATFORM_TOKEN", PLATFORM_TOKEN);
    for status in [201, 409] {
        let mut host = Hookstep::started(Process::start(&mut command)).await;
        host.process.line("admin token").await;
        assert!(!host.process.stdout().contains("hookstep_"), "{}", host.process.stdout());
        host.api.token = PLATFORM_TOKEN.to_owned();
        let org = host.api.post("/orgs", &serde_json::json!({"org_id": "acme", "name": "Acme"})).await;
        assert_eq!(org.status, status, "{org:?}");
        host.stop().await;
    }
    let (status, host) = run(command.env("HOOKSTEP_ADMIN_TOKEN", PLATFORM_TOKEN)).await;
    assert_eq!(status.code(), Some(1));
    assert!(host.stderr().contains("must be another token"), "{}", host.stderr());
}

#[tokio::test]
async fn an_admin_token_that_can_be_guessed_is_refused() {
    let dir = Dir::new();
    let (status, host) = run(serve(dir.path(), FREE_PORT).env("HOOKSTEP_ADMIN_TOKEN", "secret")).await;
    assert_eq!(status.code(), Some(1));
    assert!(host.stderr().contains("HOOKSTEP_ADMIN_TOKEN must have at least"), "{}", host.stderr());
}

#[tokio::test]
async fn a_token_made_beside_the_host_does_only_what_it_was_made_for() {
    let dir = Dir::new();
    let receiver = Receiver::ok().await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let make = ["token", "--org", "acme", "--scopes", "trigger", "--data-dir"];
    let token = output(command("hookstep").args(make).arg(dir.path())).await.trim().to_owned();
    let api = Api { token, ..host.api.clone() };
    Answer::to(api.triggering(&config_id, "", "{}")).await.problem(404);
    api.get("/webhook").await.problem(403);
    api.get(&format!("/webhook/{config_id}/events")).await.problem(403);
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test]
async fn history_prints_the_executions_of_an_event_state_by_state() {
    let dir = Dir::new();
    let receiver = Receiver::ok().await;
    let serve = Process::start(serve(dir.path(), FREE_PORT).env("HOOKSTEP_HISTORY", "full"));
    let host = Hookstep::started(serve).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let event_id = host.api.trigger(&config_id, "{}").await;
    host.api.ended(&config_id, &event_id).await;
    // The history of an express execution is written after the event's status.
    until("the execution ended", async || {
        hookstep_host::executions_of(dir.path(), event_id.parse().unwrap()).unwrap()[0].status == "SUCCEEDED"
    })
    .await;
    let history = ["history", &event_id, "--data-dir"];
    let printed = output(command("hookstep").args(history).arg(dir.path()).arg("--json")).await;
    let execution: Value = serde_json::from_str(&printed).unwrap();
    assert!(execution["arn"].as_str().unwrap().starts_with("arn:aws:states:"), "{printed}");
    assert_eq!(execution["status"], "SUCCEEDED");
    let events = execution["history"].as_array().unwrap();
    let entered = events.iter().filter(|event| event["type"] == "TaskStateEntered");
    let tasks: Vec<_> = entered.map(|event| event["state"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["FetchConfig", "RecordEvent", "Deliver", "UpdateStatus"]);

    let shown = output(command("hookstep").args(history).arg(dir.path())).await;
    assert!(shown.contains(" SUCCEEDED\n") && shown.contains("succeeded, HTTP 200\n"), "{shown}");
    let places: Vec<_> = tasks.iter().map(|task| shown.find(task).unwrap()).collect();
    assert!(places.is_sorted() && shown.lines().all(|line| line.chars().count() <= 100), "{shown}");

    let nobody = ["history", crate::world::NOBODY, "--data-dir"];
    let (status, process) = run(command("hookstep").args(nobody).arg(dir.path())).await;
    assert_eq!(status.code(), Some(1));
    assert!(process.stderr().contains("there is no execution of the event"), "{}", process.stderr());
}

#[tokio::test]
async fn the_help_names_every_setting() {
    let help = output(command("hookstep").args(["serve", "--help"])).await;
    let hatches = ["allow-http-targets", "allow-private-targets"];
    for setting in ["listen", "data-dir", "public-url", "async-workflow", "history", "inline-limit"]
        .into_iter()
        .chain(hatches)
    {
        let variable = format!("HOOKSTEP_{}", setting.replace('-', "_").to_uppercase());
        for name in [format!("--{setting}"), variable] {
            assert!(help.contains(&name), "{name} is not in the help:\n{help}");
        }
    }
}

#[tokio::test]
async fn the_help_says_how_to_bring_an_admin_token() {
    let help = output(command("hookstep").args(["serve", "--help"])).await;
    assert!(help.contains("HOOKSTEP_ADMIN_TOKEN"), "{help}");
}

/// A slow receiver that fails some events once.
#[derive(Clone)]
struct MoodyReceiver {
    url: String,
    dice: Arc<Mutex<StdRng>>,
    /// How often each `webhook-id` arrived.
    seen: Arc<Mutex<HashMap<String, usize>>>,
}

impl MoodyReceiver {
    async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind(FREE_PORT).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let receiver =
            Self { url, dice: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))), seen: Arc::default() };
        let router = axum::Router::new().fallback(Self::answer).with_state(receiver.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        receiver
    }

    async fn answer(State(receiver): State<Self>, headers: HeaderMap) -> StatusCode {
        let (delay, fails) = {
            let mut dice = receiver.dice.lock().unwrap();
            (Duration::from_millis(dice.random_range(0..60)), dice.random_bool(0.2))
        };
        tokio::time::sleep(delay).await;
        let mut seen = receiver.seen.lock().unwrap();
        let calls = seen.entry(headers["webhook-id"].to_str().unwrap().to_owned()).or_default();
        *calls += 1;
        if *calls == 1 && fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
    }
}

/// Triggers events whether or not the host is up; returns the ids of the accepted events.
async fn produce(api: Api, config_id: String, enough: Arc<AtomicBool>) -> Vec<String> {
    let mut accepted = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        if let Ok(response) = api.triggering(&config_id, "", r#"{"n": 1}"#).send().await
            && response.status() == StatusCode::ACCEPTED
            && let Ok(body) = response.bytes().await
        {
            let answer: Value = serde_json::from_slice(&body).unwrap();
            accepted.push(answer["event_id"].as_str().unwrap().to_owned());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    accepted
}

/// The status of every event of a webhook.
async fn statuses(api: &Api, config_id: &str) -> BTreeMap<String, String> {
    let mut statuses = BTreeMap::new();
    let mut query = "?limit=100".to_owned();
    loop {
        let page = api.events(config_id, &query).await;
        let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
        let events = page["data"].as_array().unwrap().iter();
        statuses.extend(events.map(|event| (text(event, "event_id"), text(event, "status"))));
        let Some(cursor) = page["next_cursor"].as_str() else { return statuses };
        query = format!("?limit=100&cursor={cursor}");
    }
}
