//! A host in this process, with a receiver: the real definition, the real functions, the real SDK requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::any;
use hookstep_contract::limits::DEFAULT_SCHEDULE_SECS;
use hookstep_contract::{EventId, MachineKind, Publish, Scope};
use hookstep_egress::Policy;
use hookstep_expression::Sandbox;
use hookstep_host::{Clients, Histories, Host, NewToken, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::Outcome;
use crate::prices::ITEM_OVERHEAD_BYTES;

const ORG: &str = "acme";

/// The last state of an execution after which another one makes the attempt.
const LANE: &str = "\"InLane\"";

/// The maximum time until an event has ended.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// A host with one webhook.
pub(crate) struct World {
    host: Host,
    producer: String,
    admin: String,
    pub(crate) receiver: Receiver,
    dir: TempDir,
}

impl World {
    pub(crate) async fn open(async_workflow: MachineKind, keep_bodies: bool) -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        let host = Host::open(Options {
            data_dir: dir.path().to_owned(),
            public_url: "http://bench.invalid".to_owned(),
            policy: Policy { allow_http_targets: true, allow_private_targets: true },
            inline_limit: hookstep_contract::limits::INLINE_BYTES,
            sync_budget: hookstep_contract::limits::SYNC_BUDGET,
            keep_bodies,
            // As in the template.
            frame_origins: hookstep_contract::FrameOrigins::default(),
            static_ips: String::new(),
            publish: Publish::Failures,
            health_rules: hookstep_contract::HealthRules::default(),
            mailer: None,
            sandbox: Sandbox::of_this_program()?,
            async_workflow,
            histories: Histories::Full,
            table_gate: None,
            durability: hookstep_host::Durability::Disk,
            task_faults: None,
            network: None,
            storage_driver: None,
            metrics: hookstep_host::MetricsOptions::default(),
            bodies_in_state: true,
            spans: None,
            sources: hookstep_ambient::Sources::system(),
        })
        .await?;
        // Two tokens, so that the trigger's token is not cached yet when it is first used.
        let org: hookstep_contract::OrgId = ORG.parse()?;
        let admin = host.create_token(NewToken::admin(org.clone())).await?;
        let scopes = vec![Scope::Trigger];
        let producer = host.create_token(NewToken { scopes, ..NewToken::admin(org) }).await?;
        Ok(Self { host, producer, admin, receiver: Receiver::start().await?, dir })
    }

    /// Creates a webhook for the receiver with the usual schedule, but for the first pause, which is a second; returns the
    /// webhook's id.
    pub(crate) async fn webhook(&self, more: &Value) -> Outcome<String> {
        let url = format!("http://{}/hooks/orders", self.receiver.address);
        let mut schedule = DEFAULT_SCHEDULE_SECS;
        schedule[0] = 1;
        let mut config = json!({"name": "orders", "url": url, "retry": {"schedule_seconds": schedule}});
        for (field, value) in more.as_object().into_iter().flatten() {
            config[field] = value.clone();
        }
        let (_, answer) = self.post("/webhook", &self.admin, config.to_string().into()).await?;
        Ok(answer["config_id"].as_str().ok_or(format!("no webhook was made: {answer}"))?.to_owned())
    }

    /// Triggers an event; returns its id and the length of the response.
    pub(crate) async fn trigger(
        &self,
        config_id: &str,
        body: Bytes,
        delay_seconds: Option<u32>,
    ) -> Outcome<(EventId, usize)> {
        let delay = delay_seconds.map(|seconds| format!("&delay_seconds={seconds}")).unwrap_or_default();
        let path = format!("/webhook/{config_id}/trigger?sync=false{delay}");
        let (bytes, answer) = self.post(&path, &self.producer, body).await?;
        let event_id = answer["event_id"].as_str().ok_or(format!("the event was not taken: {answer}"))?;
        Ok((event_id.parse()?, bytes))
    }

    async fn post(&self, path: &str, token: &str, body: Bytes) -> Outcome<(usize, Value)> {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body))?;
        let response = self.host.router().oneshot(request).await?;
        let head = head_bytes(response.headers());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
        Ok((head + body.len(), serde_json::from_slice(&body)?))
    }

    /// Waits until an event has ended, and fires each of its schedules at once; returns its executions: ARN and history.
    pub(crate) async fn executions(&self, event_id: EventId) -> Outcome<Vec<(String, String)>> {
        let mut scheduled = 0;
        let done = async {
            loop {
                let executions = hookstep_host::executions_of(self.dir.path(), event_id)?;
                let is_running = executions.iter().any(|execution| execution.status == "RUNNING");
                let schedules = executions
                    .iter()
                    .filter(|execution| execution.history.contains("\"ScheduleRetry\""))
                    .count();
                if !is_running && schedules > scheduled {
                    self.fire(event_id).await?;
                    scheduled += 1;
                } else if !is_running && executions.iter().any(|execution| !execution.history.contains(LANE))
                {
                    return Ok(executions
                        .into_iter()
                        .map(|execution| (execution.arn, execution.history))
                        .collect());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(WAIT_TIMEOUT, done).await?
    }

    /// Starts what the schedule of an event's next attempt would start when its time has come.
    async fn fire(&self, event_id: EventId) -> Outcome<()> {
        let Clients { schedules, states, .. } = self.host.clients();
        // That of an event that is delayed is for its first attempt.
        for number in 1..=DEFAULT_SCHEDULE_SECS.len() + 1 {
            let name = format!("{event_id}-{number}");
            let group = "hookstep-retries";
            let Ok(schedule) = schedules.get_schedule().group_name(group).name(&name).send().await else {
                continue;
            };
            let target = schedule.target().ok_or("a schedule without a target")?;
            schedules.delete_schedule().group_name(group).name(&name).send().await?;
            let input = target.input().unwrap_or_default();
            let start = states.start_execution().state_machine_arn(target.arn()).name(name);
            start.input(input).send().await?;
            return Ok(());
        }
        Err("there is no schedule".into())
    }

    /// The bytes stored in the events table, as DynamoDB measures them for the bill.
    pub(crate) async fn stored_bytes(&self) -> Outcome<u64> {
        let found = self.host.clients().tables.scan().table_name("events").send().await?;
        let bytes: usize = found.items().iter().map(hookstep_tables::size).sum();
        Ok(bytes as u64 + found.items().len() as u64 * ITEM_OVERHEAD_BYTES)
    }

    pub(crate) async fn close(self) {
        self.host.stop().await;
    }
}

/// A receiver with scripted responses that records its requests.
pub(crate) struct Receiver {
    address: std::net::SocketAddr,
    notes: Arc<Mutex<Notes>>,
}

/// The requests to a receiver, and its next responses.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    /// The statuses to respond with, then 200.
    pub(crate) answers: VecDeque<StatusCode>,
}

impl Receiver {
    async fn start() -> Outcome<Self> {
        let notes = Arc::<Mutex<Notes>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(any(receive)).with_state(Arc::clone(&notes));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, notes })
    }

    /// The recorded requests, to read or to set.
    pub(crate) fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(
    State(notes): State<Arc<Mutex<Notes>>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.requests += 1;
    notes.bytes += (head_bytes(&headers) + body.len()) as u64;
    (notes.answers.pop_front().unwrap_or(StatusCode::OK), "ok")
}

/// The approximate size of a request head: its headers and a request line.
fn head_bytes(headers: &HeaderMap) -> usize {
    const FIRST_LINE: usize = 40;
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() + FIRST_LINE
}
