//! The test environment: a host that serves over TCP, and its API clients. Receivers are in `receiver`.
//!
//! A test leaves nothing behind. Its threads, ports, directories and processes end with it. The test fails if
//! one of them remains, or if its host or one of its processes ended unexpectedly. `.ci/leftovers.py` checks
//! after the run for leftovers that a test cannot see itself.
#![expect(clippy::unwrap_used, reason = "a world that cannot be built fails the test")]

pub(crate) mod collector;
mod dir;
pub(crate) mod disk;
mod faults;
pub(crate) mod life;
pub(crate) mod mailbox;
pub(crate) mod node;
pub(crate) mod process;
pub(crate) mod python;
mod receiver;
mod server;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hookstep_contract::limits::{INLINE_BYTES, SYNC_BUDGET};
use hookstep_contract::{EventId, MachineKind, Publish, Scope};
use hookstep_egress::Policy;
use hookstep_expression::Sandbox;
use hookstep_host::{Histories, Host, MetricsOptions, NewToken, Options};
use http::{HeaderMap, Method};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::world::process::binary;
use life::raced;
use server::Server;

pub(crate) use dir::Dir;
pub(crate) use faults::{Fault, Faults};
pub(crate) use receiver::{Receiver, Reply, Seen, closed_port};

/// Makes `clock`, the clock of a single test, which is so many minutes ahead of the system's as the static `$ahead` says.
macro_rules! own_clock {
    ($ahead:ident = $minutes:expr) => {
        static $ahead: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new($minutes);
        fn clock() -> time::OffsetDateTime {
            let minutes = $ahead.load(std::sync::atomic::Ordering::Relaxed);
            (hookstep_ambient::Sources::system().clock)() + time::Duration::minutes(minutes)
        }
    };
}
pub(crate) use own_clock;

/// The org of [`World::api`].
pub(crate) const ORG: &str = "acme";

/// A well-formed id that belongs to nothing.
pub(crate) const NOBODY: &str = "0190a000-0000-7000-8000-00000000000f";

/// Both hatches open: receivers may be on this machine and use plain HTTP.
pub(crate) const DEVELOPMENT: Policy = Policy { allow_http_targets: true, allow_private_targets: true };

/// How long to wait for a condition on a busy machine, and how often to check it.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A host with its own data directory, serving on a free port.
pub(crate) struct World {
    pub(crate) host: Host,
    /// An admin of [`ORG`].
    pub(crate) api: Api,
    /// The faults of the platform that the host meets.
    pub(crate) faults: Arc<Faults>,
    // Drop order: the host's threads must end before its directory is removed.
    server: Server,
    pub(crate) dir: Dir,
}

impl World {
    /// A host with the hatches open, otherwise configured as in production.
    pub(crate) async fn start() -> Self {
        Self::with_options(|_| ()).await
    }

    /// A host that keeps the histories of all executions, for [`Self::history`].
    pub(crate) async fn with_histories() -> Self {
        Self::with_options(|options| options.histories = Histories::Full).await
    }

    pub(crate) async fn with_options(set: impl FnOnce(&mut Options)) -> Self {
        Self::open(Dir::new(), set).await
    }

    /// Stops the host and opens another one on the same data.
    pub(crate) async fn reopen(self, set: impl FnOnce(&mut Options)) -> Self {
        Self::open(self.stop().await, set).await
    }

    /// Stops the host, and leaves its data.
    pub(crate) async fn stop(self) -> Dir {
        let Self { host, dir, mut server, .. } = self;
        server.stop().await;
        host.stop().await;
        drop(server);
        dir
    }

    /// A host on the data that is in this directory.
    pub(crate) async fn open(dir: Dir, set: impl FnOnce(&mut Options)) -> Self {
        // Presigned URLs are signed for the address, so it must be known first.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let faults = Arc::<Faults>::default();
        let mut options = Options {
            data_dir: dir.path().to_owned(),
            public_url: base.clone(),
            policy: DEVELOPMENT,
            inline_limit: INLINE_BYTES,
            sync_budget: SYNC_BUDGET,
            keep_bodies: true,
            frame_origins: hookstep_contract::FrameOrigins::default(),
            static_ips: String::new(),
            publish: Publish::Failures,
            health_rules: hookstep_contract::HealthRules::default(),
            mailer: None,
            sandbox: Sandbox::new(binary("hookstep")),
            async_workflow: MachineKind::Express,
            histories: Histories::Failed,
            table_gate: None,
            durability: hookstep_host::Durability::Disk,
            task_faults: Some(faults.clone()),
            network: None,
            storage_driver: None,
            metrics: MetricsOptions::default(),
            bodies_in_state: false,
            spans: None,
            sources: hookstep_ambient::Sources::system(),
        };
        set(&mut options);
        let (host, server) = Server::start(options, listener).await;
        let token = host.create_token(NewToken::admin(ORG.parse().unwrap())).await.unwrap();
        let api = Api { http: http_client().build().unwrap(), base, token };
        Self { host, api, faults, server, dir }
    }

    /// An admin of another org.
    pub(crate) async fn admin_of(&self, org_id: &str) -> Api {
        let token = self.host.create_token(NewToken::admin(org_id.parse().unwrap())).await.unwrap();
        Api { token, ..self.api.clone() }
    }

    /// A user of [`ORG`] who has only this scope.
    pub(crate) async fn with_scopes(&self, scopes: &[Scope]) -> Api {
        let new = NewToken { scopes: scopes.to_vec(), ..NewToken::admin(ORG.parse().unwrap()) };
        Api { token: self.host.create_token(new).await.unwrap(), ..self.api.clone() }
    }

    /// Waits until every execution of the event has ended.
    pub(crate) async fn settled(&self, event_id: &str) {
        let (event_id, start) = (event_id.parse().unwrap(), Instant::now());
        while hookstep_host::executions_of(self.dir.path(), event_id)
            .unwrap()
            .iter()
            .any(|run| run.status == "RUNNING")
        {
            assert!(start.elapsed() < WAIT_TIMEOUT, "{event_id} is still running");
            raced(tokio::time::sleep(POLL_INTERVAL)).await;
        }
    }

    /// Everything the Step Functions API returns about an event's executions: every input, output and
    /// parameter.
    pub(crate) async fn history(&self, event_id: &str) -> String {
        let event_id: EventId = event_id.parse().unwrap();
        let mut text = String::new();
        for execution in hookstep_host::executions_of(self.dir.path(), event_id).unwrap() {
            text.push_str(&execution.history);
            let states = &self.host.clients().states;
            let described = states.describe_execution().execution_arn(&execution.arn).send().await.unwrap();
            text.push_str(described.input().unwrap_or_default());
            text.push_str(described.output().unwrap_or_default());
            let history = states.get_execution_history().execution_arn(&execution.arn).send().await.unwrap();
            for event in history.events() {
                let entered = event.state_entered_event_details().and_then(|details| details.input());
                let exited = event.state_exited_event_details().and_then(|details| details.output());
                let scheduled = event.task_scheduled_event_details().map(|details| details.parameters());
                for part in [entered, exited, scheduled].into_iter().flatten() {
                    text.push_str(part);
                }
            }
        }
        text
    }
}

/// An API client with a token.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: String,
}

impl Api {
    /// A request that carries the token, for the caller to complete.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(Method::POST, path).body(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(Method::PUT, path).body(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, path)).await
    }

    /// Creates a webhook to `url` with these additional fields; returns its id.
    pub(crate) async fn create_webhook(&self, url: &str, fields: Value) -> String {
        let mut config = json!({"name": "test", "url": url});
        config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let created = self.post("/webhook", &config).await;
        assert_eq!(created.status, 201, "{created:?}");
        created.json()["config_id"].as_str().unwrap().to_owned()
    }

    /// A JSON trigger, for the caller to complete; `query` includes its question mark.
    pub(crate) fn triggering(
        &self,
        config_id: &str,
        query: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        self.request(Method::POST, &format!("/webhook/{config_id}/trigger{query}"))
            .header("content-type", "application/json")
            .body(body)
    }

    /// Triggers an event that is accepted; returns its id.
    pub(crate) async fn trigger(&self, config_id: &str, body: impl Into<reqwest::Body>) -> String {
        accepted(&Answer::to(self.triggering(config_id, "", body)).await)
    }

    /// The response to a sync trigger whose delivery ended in time.
    pub(crate) async fn trigger_sync(&self, config_id: &str, body: impl Into<reqwest::Body>) -> Value {
        let answer = Answer::to(self.triggering(config_id, "?sync=true", body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub(crate) async fn event(&self, config_id: &str, event_id: &str) -> Value {
        let answer = self.get(&format!("/webhook/{config_id}/events/{event_id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The events of a webhook, newest first; `query` includes its question mark.
    pub(crate) async fn events(&self, config_id: &str, query: &str) -> Value {
        let answer = self.get(&format!("/webhook/{config_id}/events{query}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The events of a webhook (at most 100), once they meet the condition.
    pub(crate) async fn until_events(
        &self,
        config_id: &str,
        awaited: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let list = self.events(config_id, "?limit=100").await;
            let events = list["data"].as_array().unwrap();
            if awaited(events) {
                return events.clone();
            }
            assert!(start.elapsed() < WAIT_TIMEOUT, "{} events: {events:?}", events.len());
            raced(tokio::time::sleep(POLL_INTERVAL)).await;
        }
    }

    /// Waits until a webhook has exactly this many events with this status.
    pub(crate) async fn until_events_of(&self, config_id: &str, count: usize, status: &str) {
        let start = Instant::now();
        loop {
            let (mut found, mut cursor) = (0, String::new());
            loop {
                let list = self.events(config_id, &format!("?limit=100&status={status}{cursor}")).await;
                found += list["data"].as_array().unwrap().len();
                match list["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            if found == count {
                return;
            }
            assert!(found < count && start.elapsed() < WAIT_TIMEOUT, "{found} events are {status}");
            raced(tokio::time::sleep(POLL_INTERVAL)).await;
        }
    }

    /// The newest event of a webhook, as soon as there is one.
    pub(crate) async fn first_event(&self, config_id: &str) -> Value {
        let start = Instant::now();
        loop {
            // A deleted webhook is not found until it has an event.
            let answer = self.get(&format!("/webhook/{config_id}/events")).await;
            if answer.status == 200 && answer.json()["data"][0].is_object() {
                return answer.json()["data"][0].take();
            }
            assert!(start.elapsed() < WAIT_TIMEOUT, "no event: {answer:?}");
            raced(tokio::time::sleep(POLL_INTERVAL)).await;
        }
    }

    /// The event, once it meets the condition.
    pub(crate) async fn until(
        &self,
        config_id: &str,
        event_id: &str,
        awaited: impl Fn(&Value) -> bool,
    ) -> Value {
        let start = Instant::now();
        loop {
            // The event is not found until its record is written.
            let answer = self.get(&format!("/webhook/{config_id}/events/{event_id}")).await;
            if answer.status == 200 && awaited(&answer.json()) {
                return answer.json();
            }
            assert!(start.elapsed() < WAIT_TIMEOUT, "{event_id} is still {answer:?}");
            raced(tokio::time::sleep(POLL_INTERVAL)).await;
        }
    }

    /// The event, once it has its final status.
    pub(crate) async fn ended(&self, config_id: &str, event_id: &str) -> Value {
        let is_open = |event: &Value| event["status"] == "in_progress" || event["status"] == "scheduled";
        self.until(config_id, event_id, |event| !is_open(event)).await
    }

    /// Triggers an event and returns it once it has its final status.
    pub(crate) async fn deliver(&self, config_id: &str, body: impl Into<reqwest::Body>) -> Value {
        let event_id = self.trigger(config_id, body).await;
        self.ended(config_id, &event_id).await
    }
}

/// The event id in a 202 response.
pub(crate) fn accepted(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["event_id"].as_str().unwrap().to_owned()
}

/// A timestamp from the API. Compared as text, `05Z` and `05.1Z` would sort in the wrong order.
pub(crate) fn moment(text: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(text.as_str().unwrap_or_default(), &Rfc3339).unwrap()
}

/// A response from the host.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Sends the request.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let whole = async {
            let response = request.send().await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok::<_, reqwest::Error>(Self { status, headers, body: response.bytes().await? })
        };
        raced(whole).await.unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The error with this status, in the common error format.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let kind = self.headers.get("content-type").map(|value| value.to_str().unwrap());
        assert_eq!(kind, Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["type"].is_string(), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        problem
    }

    /// The field that a 400 blames.
    pub(crate) fn wrong_field(&self) -> String {
        let problem = self.problem(400);
        problem["field"].as_str().unwrap_or_else(|| panic!("no field: {problem}")).to_owned()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body[..self.body.len().min(1000)]))
    }
}

/// An HTTP client of a test, without a proxy.
pub(crate) fn http_client() -> reqwest::ClientBuilder {
    // Another test in the same process may have done this already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

/// Waits until the condition is true.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < WAIT_TIMEOUT, "timed out waiting: {what}");
        raced(tokio::time::sleep(POLL_INTERVAL)).await;
    }
}
