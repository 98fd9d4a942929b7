//! Checks that both engines agree: one table of cases runs on the embedded host and on the deployed template
//! (`ministack`). Each case enters through the public API, and everything visible from outside is compared.
#![expect(clippy::unwrap_used, reason = "a case that cannot be run fails the test")]

pub(crate) mod across;
mod delayed;
mod faulty;
mod formats;
mod health;
mod lanes;
mod meanwhile;
mod observation;
pub(crate) mod orgs;
pub(crate) mod overdue;
mod published;
mod queued;
mod schedules;
mod table;

use std::panic::AssertUnwindSafe;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use hookstep_ambient::Sources;
use hookstep_contract::MachineKind;
use hookstep_contract::limits::OVERDUE_AFTER;
use hookstep_executions::{DeliveryMachines, ExecutionClient, ResumeMachine};
use hookstep_store::{Bodies, Configs, Events, Lanes, Publications, WatchList};
use http::Method;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use delayed::Delayed;
use health::Known;
use meanwhile::Change;

use crate::world::{Answer, Api, Fault, ORG, Receiver, Reply, World, accepted, closed_port, until};

/// A case: its input, the receiver's behaviour, and the expected observation.
struct Case {
    name: &'static str,
    /// The webhook's fields apart from its name and URL.
    webhook: Value,
    /// The receiver's responses in turn, repeating the last one; if empty, nothing listens.
    replies: Vec<Reply>,
    /// The response of the authorisation server that the webhook's `auth.token_url` names; without one, there
    /// is no such server.
    grants: Vec<Reply>,
    how: How,
    content_type: &'static str,
    content_encoding: Option<&'static str>,
    body: Bytes,
    /// The faults of the platform that the deliveries of the webhook meet.
    faults: Vec<Fault>,
    /// The minimum time between two attempts, in seconds.
    pause: f64,
    /// The expected part of the observation (`observation`): these fields with these values.
    expected: Value,
}

/// How an event is submitted.
#[derive(Clone, Copy, Debug)]
enum How {
    /// By a trigger.
    Async,
    /// By a sync trigger, which waits for the receiver's response.
    Sync,
    /// By a trigger that is repeated with the same idempotency key.
    Twice,
    /// By an upload and a trigger with the resulting claim check. A second upload to the same URL is refused.
    Upload,
    /// By a trigger whose path has the id in upper case, repeated in lower case with the same idempotency key.
    UpperCase,
    /// By a trigger with the claim check of an upload that never happened.
    NoUpload,
    /// By a trigger, followed by a replay.
    Replayed,
    /// By a trigger, followed by a bulk replay.
    ReplayedInBulk,
    /// By a trigger, followed by two replays; observed is the first event.
    ReplayedTwice,
    /// By a trigger, a replay and a bulk replay of all that failed, which takes only the replay.
    Recovered,
    /// By a trigger; its retry is cancelled before the replay.
    Cancelled,
    /// By a trigger; its webhook changes before the retry.
    Changed(Change),
    /// By a trigger with a delay.
    Delayed(Delayed),
    /// By an upload, which somebody tries to replace before the replay.
    Overwritten,
    /// By a sync trigger whose first attempt outlasts its budget.
    SyncInVain,
    /// By a sync trigger that a fault of the platform ends, repeated with the same idempotency key.
    SyncAgain,
    /// By a trigger; the time of every schedule comes at once.
    Scheduled,
    /// By a trigger after which nothing works on the event any more, until it is found.
    Overdue,
    /// By a trigger of which nothing can be recorded, until a person puts the event back.
    Redriven,
    /// By a trigger, after this is known about the receiver.
    Known(Known),
    /// By a test send, after its circuit was opened.
    TestOfFailing,
    /// By a test send.
    Test,
    /// By a trigger, followed by a replay of the body as received.
    Reapplied,
    /// By the bus.
    Bus,
    /// By the bus, with a claim check.
    BusWithUpload,
    /// By the bus, after the webhook was deleted.
    BusWhenDeleted,
    /// By the bus, to every subscriber to the event's type: the detail is the body.
    Subscribed,
    /// By its type, through `POST /events`, with a repetition.
    Published,
    /// By its type, through `POST /events`: the catalogue refuses another payload, and marks this one.
    Catalogued,
    /// By a trigger that disables the webhook; another webhook subscribes to the resulting event.
    Told,
}

/// The deployment under test.
pub(crate) trait Engine {
    /// A user of [`ORG`] with every scope.
    fn api(&self) -> &Api;

    /// Puts an event of this type on the bus.
    async fn put_event(&self, detail_type: &str, detail: &str);

    /// Plans a fault of the platform for the deliveries of this webhook.
    async fn plan(&self, config_id: &str, fault: &Fault);

    /// The table of webhooks.
    fn configs(&self) -> Configs;

    /// The client, and the group of the schedules of attempts.
    fn schedules(&self) -> (aws_sdk_scheduler::Client, String);

    /// The client of the state machines.
    fn states(&self) -> aws_sdk_sfn::Client;

    /// Makes this event look overdue, and lets `reconcile` run.
    async fn reconcile(&self, config_id: &str, event_id: &str);

    /// Where `hookstep redrive` finds the queue of lost events, and what it starts.
    fn redrive_args(&self) -> Vec<String>;

    /// The variables with the credentials for `hookstep redrive`.
    fn credentials(&self) -> [(&'static str, String); 2];
}

impl Engine for World {
    fn api(&self) -> &Api {
        &self.api
    }

    async fn put_event(&self, detail_type: &str, detail: &str) {
        put_events(&self.host.clients().events, "hookstep", detail_type, detail).await;
    }

    async fn plan(&self, config_id: &str, fault: &Fault) {
        self.faults.plan(config_id, fault.clone());
    }

    fn configs(&self) -> Configs {
        Configs::new(self.host.clients().tables.clone(), "configs")
    }

    fn schedules(&self) -> (aws_sdk_scheduler::Client, String) {
        (self.host.clients().schedules.clone(), "hookstep-retries".to_owned())
    }

    fn states(&self) -> aws_sdk_sfn::Client {
        self.host.clients().states.clone()
    }

    async fn reconcile(&self, config_id: &str, event_id: &str) {
        let clients = self.host.clients().clone();
        overdue::make_overdue(&clients.tables, "events", config_id, event_id).await;
        let machine = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";
        let states = ExecutionClient::new(move || clients.states);
        let ctx = hookstep_reconcile::Context {
            configs: Configs::new(clients.tables.clone(), "configs"),
            events: Events::new(clients.tables.clone(), "events"),
            bodies: Bodies::new(clients.tables.clone(), "events"),
            lanes: Lanes::new(clients.tables.clone(), "events"),
            publications: Publications::new(clients.tables.clone(), "events"),
            watch_list: WatchList::new(clients.tables, "events"),
            machines: DeliveryMachines::new(states.clone(), machine, "", MachineKind::Express),
            machine: ResumeMachine::new(states, machine),
            overdue_after: OVERDUE_AFTER,
            run_limit: hookstep_reconcile::RUN_LIMIT,
            sources: Sources::system(),
        };
        hookstep_reconcile::handle(hookstep_reconcile::Tick::default(), &ctx).await.unwrap();
    }

    fn redrive_args(&self) -> Vec<String> {
        let endpoint = format!("{}/aws", self.api.base);
        let machine = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";
        ["--endpoint-url", &endpoint, "--lost-queue-url", "hookstep-lost", "--state-machine", machine]
            .map(str::to_owned)
            .to_vec()
    }

    fn credentials(&self) -> [(&'static str, String); 2] {
        let key = hookstep_host::aws_credentials(self.dir.path(), &Sources::system()).unwrap();
        [
            ("AWS_ACCESS_KEY_ID", key.access_key_id.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", key.secret_access_key),
        ]
    }
}

/// A host whose retries have no pauses, as the jitter allows, so that no fault is waited for.
pub(crate) async fn world() -> World {
    World::with_options(|options| {
        options.sources = Sources { random: || 0.0, ..Sources::system() };
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_host_does_what_the_table_says() {
    run(&world().await, 20).await;
}

/// Runs all cases, this many concurrently, and checks each against the table. Returns the name and the
/// observation of each case, in the order of the table.
pub(crate) async fn run(engine: &impl Engine, at_once: usize) -> Vec<(&'static str, Value)> {
    let cases = stream::iter(table::cases()).map(|case| async move {
        // The panic message has been printed by now, but it does not name the case.
        let seen = AssertUnwindSafe(observe(engine, &case)).catch_unwind().await;
        let seen = seen.unwrap_or_else(|_| panic!("case failed: {}", case.name));
        if let Err(difference) = observation::holds(&case.expected, &seen) {
            panic!("{}: {difference}\n{seen:#}", case.name);
        }
        (case.name, seen)
    });
    cases.buffered(at_once).collect().await
}

/// Runs a case; returns its observation.
async fn observe(engine: &impl Engine, case: &Case) -> Value {
    let api = engine.api();
    let receiver = match case.replies.as_slice() {
        [] => None,
        replies => Some(Receiver::answering(replies.to_vec()).await),
    };
    let url = match &receiver {
        Some(receiver) => receiver.url.clone(),
        None => closed_port().await,
    };
    let mut fields = case.webhook.clone();
    if !case.grants.is_empty() {
        fields["auth"]["token_url"] = Receiver::answering(case.grants.clone()).await.url.into();
    }
    let config_id = api.create_webhook(&url, fields).await;
    for fault in &case.faults {
        engine.plan(&config_id, fault).await;
    }
    let Accepted { event_id, answer } = send(engine, case, &config_id).await;
    let event = api.ended(&config_id, &event_id).await;
    let webhook = api.get(&format!("/webhook/{config_id}")).await;
    let seen = receiver.map(|receiver| receiver.seen()).unwrap_or_default();
    observation::observation(&event, answer, &webhook, &seen, case.pause)
}

/// An accepted event, and the response to a waiting producer.
struct Accepted {
    event_id: String,
    answer: Value,
}

impl From<String> for Accepted {
    fn from(event_id: String) -> Self {
        Self { event_id, answer: Value::Null }
    }
}

async fn send(engine: &impl Engine, case: &Case, config_id: &str) -> Accepted {
    let api = engine.api();
    let triggering = |query: &str| {
        let request = api.request(Method::POST, &format!("/webhook/{config_id}/trigger{query}"));
        let request = request.header("content-type", case.content_type);
        match case.content_encoding {
            Some(coding) => request.header("content-encoding", coding),
            None => request,
        }
    };
    let with_body = |query: &str| triggering(query).body(case.body.clone());
    match case.how {
        How::Async => accepted(&Answer::to(with_body("")).await).into(),
        How::Sync => {
            let answer = Answer::to(with_body("?sync=true")).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let answer = answer.json();
            Accepted { event_id: answer["event_id"].as_str().unwrap().to_owned(), answer }
        }
        How::Twice => {
            twice(api, config_id, || with_body("").header("idempotency-key", "of this case")).await.into()
        }
        How::UpperCase => {
            let key = ("idempotency-key", "of this case");
            let path = format!("/webhook/{}/trigger", config_id.to_uppercase());
            let upper = api.request(Method::POST, &path).header("content-type", case.content_type);
            let upper = upper.header(key.0, key.1).body(case.body.clone());
            let event_id = accepted(&Answer::to(upper).await);
            api.ended(config_id, &event_id).await;
            assert_eq!(accepted(&Answer::to(with_body("").header(key.0, key.1)).await), event_id);
            let path = format!("/webhook/{}/events/{}", config_id.to_uppercase(), event_id.to_uppercase());
            assert_eq!(api.get(&path).await.json()["event_id"], event_id);
            event_id.into()
        }
        How::Upload => {
            let claim_check = upload(api, config_id, Some(&case.body)).await;
            accepted(&Answer::to(triggering(&format!("?claim_check={claim_check}"))).await).into()
        }
        How::NoUpload => {
            let claim_check = upload(api, config_id, None).await;
            accepted(&Answer::to(triggering(&format!("?claim_check={claim_check}"))).await).into()
        }
        How::Replayed | How::Reapplied => {
            let first = sent(api, config_id, with_body("")).await;
            let path = format!("/webhook/{config_id}/events/{first}/replay");
            let how = json!({"reapply": matches!(case.how, How::Reapplied)});
            accepted(&api.post(&path, &how).await).into()
        }
        How::ReplayedInBulk => {
            let first = sent(api, config_id, with_body("")).await;
            let asked = json!({"event_ids": [first]});
            let started = api.post(&format!("/webhook/{config_id}/events/replay"), &asked).await;
            assert_eq!(started.status, 202, "{started:?}");
            let events = api.until_events(config_id, |events| events.len() == 2).await;
            let replay = events.iter().find(|event| event["replay_of"] == first).unwrap();
            replay["event_id"].as_str().unwrap().to_owned().into()
        }
        How::ReplayedTwice => {
            let first = sent(api, config_id, with_body("")).await;
            for _ in 0..2 {
                let path = format!("/webhook/{config_id}/events/{first}/replay");
                let replay = accepted(&api.post(&path, &json!({})).await);
                api.ended(config_id, &replay).await;
            }
            api.until(config_id, &first, |event| event["status"] == "recovered").await;
            first.into()
        }
        How::Recovered => recovered(api, config_id, sent(api, config_id, with_body("")).await).await.into(),
        How::Cancelled => {
            let event_id = accepted(&Answer::to(with_body("")).await);
            api.until(config_id, &event_id, |event| event["next_attempt_at"].is_string()).await;
            let path = format!("/webhook/{config_id}/events/{event_id}/cancel");
            assert_eq!(api.post(&path, &json!({})).await.status, 200);
            event_id.into()
        }
        How::Changed(change) => {
            let event_id = accepted(&Answer::to(with_body("")).await);
            meanwhile::change(api, config_id, event_id, change).await
        }
        How::Delayed(delayed) => {
            let query = format!("?delay_seconds={}", delayed.seconds());
            let answer = Answer::to(with_body(&query)).await;
            assert_eq!(answer.json()["status"], "scheduled", "{answer:?}");
            delayed::wait(engine, config_id, accepted(&answer), delayed).await
        }
        How::Overwritten => meanwhile::overwrite(api, config_id, &case.body).await,
        How::SyncInVain => {
            let answer = Answer::to(with_body("?sync=true")).await;
            let event_id = accepted(&answer);
            api.ended(config_id, &event_id).await;
            Accepted { event_id, answer: answer.json() }
        }
        How::SyncAgain => meanwhile::again(config_id, || with_body("?sync=true")).await,
        How::Scheduled => {
            let event_id = accepted(&Answer::to(with_body("")).await);
            schedules::fire_all(engine, config_id, &event_id).await;
            event_id.into()
        }
        How::Overdue => {
            let event_id = accepted(&Answer::to(with_body("")).await);
            overdue::take_up(engine, config_id, &event_id, case.replies.len().saturating_sub(1)).await;
            event_id.into()
        }
        How::Redriven => {
            let event_id = accepted(&Answer::to(with_body("")).await);
            assert_eq!(overdue::redrive(engine, config_id).await, event_id, "the event keeps its id");
            event_id.into()
        }
        How::Known(known) => {
            health::store(engine, config_id, known).await;
            let event_id = accepted(&Answer::to(with_body("")).await);
            health::look(api, config_id, &event_id, known).await;
            event_id.into()
        }
        How::Test | How::TestOfFailing => {
            if matches!(case.how, How::TestOfFailing) {
                health::store(engine, config_id, Known::Down).await;
            }
            let request = api.request(Method::POST, &format!("/webhook/{config_id}/test"));
            let request = request.header("content-type", case.content_type).body(case.body.clone());
            let answer = Answer::to(request).await.json();
            let event_id = answer["event_id"].as_str().unwrap().to_owned();
            if matches!(case.how, How::TestOfFailing) {
                health::look(api, config_id, &event_id, Known::Down).await;
            }
            Accepted { event_id, answer }
        }
        How::Bus => put(engine, config_id, payload(case)).await.into(),
        How::BusWithUpload => {
            let claim_check = upload(api, config_id, Some(&case.body)).await;
            put(engine, config_id, ("claim_check", claim_check.into())).await.into()
        }
        How::BusWhenDeleted => {
            assert_eq!(api.delete(&format!("/webhook/{config_id}")).await.status, 204);
            put(engine, config_id, payload(case)).await.into()
        }
        How::Subscribed => {
            engine.put_event("cases.subscribed", std::str::from_utf8(&case.body).unwrap()).await;
            let event = api.first_event(config_id).await;
            event["event_id"].as_str().unwrap().to_owned().into()
        }
        How::Published => published::publish(api, case, config_id).await.into(),
        How::Catalogued => published::publish_catalogued(api, case, config_id).await.into(),
        How::Told => {
            let watching = Receiver::ok().await;
            let fields = json!({"event_types": ["Webhook Disabled"]});
            let watcher = api.create_webhook(&watching.url, fields).await;
            let event_id = accepted(&Answer::to(with_body("")).await);
            // Another case may disable its webhook at the same time.
            let told = |events: &[Value]| {
                let bodies = || watching.seen().into_iter().map(|seen| String::from_utf8(seen.body).unwrap());
                let of_this = |body: &String| body.contains(&event_id) && body.contains(config_id);
                events.iter().any(|event| event["event_type"] == "Webhook Disabled")
                    && bodies().any(|body| of_this(&body))
            };
            api.until_events(&watcher, told).await;
            event_id.into()
        }
    }
}

/// Puts an event on a bus.
pub(crate) async fn put_events(client: &Client, bus: &str, detail_type: &str, detail: &str) {
    let entry = PutEventsRequestEntry::builder().event_bus_name(bus).source("tests");
    let entry = entry.detail_type(detail_type).detail(detail).build();
    let put = client.put_events().entries(entry).send().await.unwrap();
    assert_eq!(put.failed_entry_count(), 0, "{put:?}");
}

/// Waits for an event to end; returns its id.
async fn sent(api: &Api, config_id: &str, request: RequestBuilder) -> String {
    let event_id = accepted(&Answer::to(request).await);
    api.ended(config_id, &event_id).await;
    event_id
}

/// Sends the same request twice; the second response must name the first event.
async fn twice(api: &Api, config_id: &str, request: impl Fn() -> RequestBuilder) -> String {
    let first = accepted(&Answer::to(request()).await);
    api.ended(config_id, &first).await;
    let repeated = Answer::to(request()).await;
    assert_eq!(accepted(&repeated), first);
    assert_eq!(repeated.headers["idempotent-replayed"], "true");
    first
}

/// Replays an event, then all that failed in bulk; returns the id of the event after the bulk replay has told its results.
async fn recovered(api: &Api, config_id: &str, first: String) -> String {
    let path = format!("/webhook/{config_id}/events");
    let replay = accepted(&api.post(&format!("{path}/{first}/replay"), &json!({})).await);
    api.ended(config_id, &replay).await;
    let all = json!({"since": "2026-01-01T00:00:00Z"});
    let asked = json!({"since": "2026-01-01T00:00:00Z", "dry_run": true});
    let forecast = api.post(&format!("{path}/replay"), &asked).await;
    assert_eq!(forecast.json(), json!({"events": 1, "complete": true}));
    let job = api.post(&format!("{path}/replay"), &all).await.json();
    let progress = format!("/webhook/{config_id}/replays/{}", job["replay_id"].as_str().unwrap());
    until("the bulk replay has ended", async || {
        let job = api.get(&progress).await.json();
        job["status"] == "done" && job["results"]["in_progress"] == 0
    })
    .await;
    let job = api.get(&progress).await.json();
    let results = json!({"succeeded": 1, "failed": 0, "skipped": 0, "in_progress": 0});
    assert_eq!((&job["found"], &job["started"], &job["results"]), (&json!(1), &json!(1), &results), "{job}");
    api.until(config_id, &first, |event| event["status"] == "recovered").await;
    first
}

/// Requests an upload URL and, if asked, uploads; returns the claim check.
async fn upload(api: &Api, config_id: &str, body: Option<&Bytes>) -> String {
    let upload = Upload::new(api, config_id, body.map_or(1, Bytes::len)).await;
    if let Some(body) = body {
        let stored = upload.put(api, body.clone()).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        let overwritten = upload.put(api, Bytes::from(vec![b'?'; body.len()])).await;
        assert_eq!(overwritten.status, 412, "an upload is written once: {overwritten:?}");
    }
    upload.claim_check
}

/// A place for an upload.
struct Upload {
    url: String,
    headers: Value,
    claim_check: String,
}

impl Upload {
    async fn new(api: &Api, config_id: &str, size: usize) -> Self {
        let upload = api.post(&format!("/webhook/{config_id}/uploads"), &json!({"size": size})).await;
        assert_eq!(upload.status, 201, "{upload:?}");
        let upload = upload.json();
        let text = |name: &str| upload[name].as_str().unwrap().to_owned();
        Self { url: text("upload_url"), headers: upload["headers"].clone(), claim_check: text("claim_check") }
    }

    async fn put(&self, api: &Api, body: Bytes) -> Answer {
        // A refused PUT leaves its body unread, so that its connection ends.
        let put = api.http.put(&self.url).header("connection", "close").body(body);
        let headers = self.headers.as_object().unwrap().iter();
        Answer::to(headers.fold(put, |put, (name, value)| put.header(name, value.as_str().unwrap()))).await
    }
}

/// The field of the event's detail that carries the body.
fn payload(case: &Case) -> (&'static str, Value) {
    ("payload", json!(std::str::from_utf8(&case.body).unwrap()))
}

/// The bus assigns the event's id, so the event is found through its webhook.
async fn put(engine: &impl Engine, config_id: &str, (field, body): (&str, Value)) -> String {
    let detail = json!({"org_id": ORG, "config_id": config_id, "correlation_id": "order 7", field: body});
    engine.put_event("Webhook Trigger", &detail.to_string()).await;
    let event = engine.api().first_event(config_id).await;
    event["event_id"].as_str().unwrap().to_owned()
}
