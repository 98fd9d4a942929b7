//! The functions as AWS runs them: a binary that polls the Runtime API for work and responds there. Lambda
//! and the AWS services are stubs here; the behaviour of the handlers is tested with the host.
#![expect(clippy::unwrap_used, reason = "a function that cannot be invoked fails the test")]

mod notify;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc};

use crate::aws::functions::{Function, function, functions};
use crate::aws::template::resources;
use crate::world::closed_port;
use crate::world::collector::{Collector, HEADERS};
use crate::world::process::{Process, command, example, run};

/// The variables that every function needs to reach AWS.
const AWS: [&str; 3] = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

const ID: &str = "0190a000-0000-7000-8000-00000000000a";
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn every_function_asks_for_work() {
    for Function { name, .. } in functions() {
        let function = Running::start(name, &empty_services().await).await;
        function.is_asked_for_work(1).await;
    }
}

#[tokio::test]
async fn a_setting_that_is_missing_ends_the_function_and_is_named() {
    for function in functions() {
        let name = &function.name;
        for missing in function.required().chain(AWS) {
            let mut command = lambda(name, "127.0.0.1:9", "http://127.0.0.1:9");
            let (status, process) = run(command.env_remove(missing)).await;
            assert!(!status.success(), "{name} without {missing}");
            let said = process.stderr();
            assert!(said.contains(missing), "{name} without {missing} prints: {said}");
        }
    }
}

#[tokio::test]
async fn hydrate_answers_an_inline_payload_as_it_came() {
    let mut function = Running::start("hydrate", &closed_port().await).await;
    let payload = json!({"inline": {"text": "{\"reading\": 1.0}\n"}});
    let answer = function.invoke(json!({"event": event(), "payload": payload})).await;
    assert_eq!(answer.response(), &payload);
}

#[tokio::test]
async fn fetch_config_tells_a_missing_webhook_from_a_missing_table() {
    let input = json!({"event": event(), "execution": "arn:execution"});
    let mut function = Running::start("fetch-config", &empty_services().await).await;
    assert_eq!(function.invoke(input.clone()).await.error_type(), "ConfigNotFound");
    let mut function = Running::start("fetch-config", &closed_port().await).await;
    assert_eq!(function.invoke(input).await.error_type(), "StorageUnavailable");
}

#[tokio::test]
async fn a_function_goes_on_after_a_failure() {
    let mut function = Running::start("fetch-config", &empty_services().await).await;
    let input = json!({"event": event(), "execution": "arn:execution"});
    assert_eq!(function.invoke(input.clone()).await.error_type(), "ConfigNotFound");
    assert_eq!(function.invoke(input).await.error_type(), "ConfigNotFound");
    function.is_asked_for_work(3).await;
}

#[tokio::test]
async fn deliver_answers_a_receiver_that_it_must_not_call_as_a_value() {
    let mut function = Running::start("deliver", &closed_port().await).await;
    for url in ["https://127.0.0.1:9/", "https://169.254.169.254/latest/meta-data/", "http://example.com/"] {
        let request = json!({"url": url, "method": "POST", "headers": {}, "timeout_seconds": 5});
        let payload = json!({"inline": {"text": "{}"}});
        let input =
            json!({"kind": "attempt", "event": event(), "request": request, "payload": payload, "number": 1});
        let answer = function.invoke(input).await;
        assert_eq!(answer.response()["attempt"]["outcome"], "refused", "{url}: {answer:?}");
    }
}

/// The input is that of the schedule in the template.
#[tokio::test]
async fn deliver_answers_the_call_that_keeps_it_active() {
    let schedule = &resources()["KeepActiveSchedule"];
    let input = schedule.lines().find_map(|line| line.trim().strip_prefix("Input: '")?.strip_suffix('\''));
    let mut function = Running::start("deliver", &closed_port().await).await;
    let answer = function.invoke(serde_json::from_str(input.unwrap()).unwrap()).await;
    assert_eq!(answer.response(), "active");
}

#[tokio::test]
async fn update_status_records_an_exception() {
    let mut function = Running::start("update-status", &empty_services().await).await;
    let exception = json!({"Error": "States.Timeout", "Cause": "too slow"});
    let input = json!({
        "kind": "exception", "event": event(), "execution": "arn:execution", "exception": exception,
    });
    let answer = function.invoke(input).await;
    assert_eq!(answer.response()["status"], "failed");
}

/// The table knows no webhook, so nothing is limited, and the executions end without a success.
#[tokio::test]
async fn lanes_leaves_in_the_queue_what_it_cannot_run() {
    let mut function = Running::start("lanes", &empty_services().await).await;
    let message = |id: &str, group: &str, body: &Value| {
        json!({
            "messageId": id, "receiptHandle": format!("receipt of {id}"), "body": body.to_string(), "md5OfBody": "",
            "attributes": {"MessageGroupId": group, "ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs",
        })
    };
    let lane = json!({"group": "of a test", "index": 0, "groups": 1});
    let turn = json!({"resume": {"version": 1, "event": event(), "number": 1, "lane": lane}});
    let batch = json!({"Records": [message("a", "1", &turn), message("b", "2", &json!("no turn")), message("c", "1", &turn)]});
    let answer = function.invoke(batch).await;
    assert_eq!(answer.response(), &json!({"batchItemFailures": [{"itemIdentifier": "b"}]}));
}

/// Nothing is noted in the table, so no receiver is called: an execution finds out what is to be done.
#[tokio::test]
async fn deliver_leaves_in_the_queue_what_it_cannot_read() {
    let mut function = Running::start("deliver", &empty_services().await).await;
    let request =
        json!({"url": "https://127.0.0.1:9/", "method": "POST", "headers": {}, "timeout_seconds": 5});
    let plan = json!({"status": "in_progress", "request": request, "retry": {"schedule_seconds": []}, "long": false});
    let attempt = json!({"queued": {
        "version": 1, "event": event(), "number": 1, "plan": plan, "payload": {"inline": {"text": "{}"}},
    }});
    let message = |id: &str, body: &Value| {
        json!({
            "messageId": id, "receiptHandle": format!("receipt of {id}"), "body": body.to_string(), "md5OfBody": "",
            "attributes": {"ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs",
        })
    };
    let batch = json!({"Records": [message("a", &attempt), message("b", &json!("no attempt"))]});
    let answer = function.invoke(batch).await;
    assert_eq!(answer.response(), &json!({"batchItemFailures": [{"itemIdentifier": "b"}]}));
}

/// The embedded host responds with `InvalidInput` here, which is one of the error names that the state
/// machine knows.
#[tokio::test]
async fn a_step_that_cannot_read_its_input_says_so_by_name() {
    for name in [
        "dispatch",
        "fetch-config",
        "transform",
        "hydrate",
        "deliver",
        "update-status",
        "replay",
        "lanes",
        "notify",
    ] {
        let mut function = Running::start(name, &closed_port().await).await;
        let answer = function.invoke(json!({"event": {"event_id": "not an id"}})).await;
        assert_eq!(answer.error_type(), "InvalidInput", "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn console_tells_whether_its_tables_answer() {
    let mut function = Running::start("console", &empty_services().await).await;
    let healthy = function.invoke(http_event("GET", "/healthz")).await;
    assert_eq!(healthy.http(200)["status"], "ok");
    let mut function = Running::start("console", &closed_port().await).await;
    function.invoke(http_event("GET", "/healthz")).await.problem(503);
}

#[tokio::test]
async fn console_asks_for_a_token_and_knows_its_paths() {
    let mut function = Running::start("console", &empty_services().await).await;
    function.invoke(http_event("GET", "/webhook")).await.problem(401);
    function.invoke(http_event("GET", "/nothing/here")).await.problem(404);
    function.invoke(http_event("PATCH", "/healthz")).await.problem(405);
}

#[tokio::test]
async fn trigger_takes_nothing_without_a_token_that_it_knows() {
    let mut function = Running::start("trigger", &empty_services().await).await;
    let path = format!("/webhook/{ID}/trigger");
    function.invoke(http_event("POST", &path)).await.problem(401);
    let mut event = http_event("POST", &path);
    event["headers"]["authorization"] = json!("Bearer nobody");
    function.invoke(event).await.problem(401);
    function.invoke(http_event("POST", "/nothing/here")).await.problem(404);
}

#[tokio::test]
async fn a_function_logs_no_secret_at_any_level() {
    let services = empty_services().await;
    for (variable, level) in [("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_LEVEL", "TRACE")] {
        let mut function =
            Running::start_with("trigger", &services, |command| command.env(variable, level)).await;
        let mut event = http_event("POST", &format!("/webhook/{ID}/trigger"));
        event["headers"]["authorization"] = json!("Bearer pl4nted");
        function.invoke(event).await.problem(401);
        let said = function.process.stdout() + &function.process.stderr();
        let hash = hookstep_http_edge::hash_token("pl4nted");
        // The hash is what the request to the table names.
        for secret in ["pl4nted", &hash, "eu-central-1/dynamodb"] {
            assert!(!said.contains(secret), "{variable}: {secret} in {said}");
        }
    }
}

/// The functions of the product are built without the feature that makes spans, so these are an example's.
#[tokio::test]
async fn a_function_that_is_traced_sends_its_span_before_it_answers() {
    let Some(collector) = Collector::new().await else { return };
    let (trace, producer) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let traceparent = format!("00-{trace}-{producer}-01");

    let mut step = Running::start_traced(&collector, "step").await;
    let mut event = event();
    event["traceparent"] = json!(traceparent);
    let attempt = json!({"outcome": "failed_http", "status_code": 500, "reason": {"code": "http_status"}});
    let input = json!({"event": event, "number": 2, "payload": "planted", "attempt": attempt});
    assert_eq!(step.invoke(input.clone()).await.response(), &input);
    let [span] = &collector.seen("traces").concat()[..] else { panic!("not one span") };
    assert_eq!(
        (&span["name"], &span["trace"], &span["parent"], &span["failure"]),
        (&json!("traced"), &json!(trace), &json!("800000000000000a"), &json!("http_status"))
    );
    let expected = json!({
        "hookstep.event_id": ID, "hookstep.config_id": ID, "hookstep.org_id": "acme",
        "hookstep.attempt": 2, "hookstep.outcome": "failed_http", "http.response.status_code": 500,
    });
    assert_eq!(span["attributes"], expected);
    assert_eq!(step.invoke(json!({"no": "event"})).await.response(), &json!({"no": "event"}));
    assert_eq!(collector.seen("traces").len(), 1);

    let mut trigger = Running::start_traced(&collector, "trigger").await;
    let mut request = http_event("POST", &format!("/webhook/{ID}/trigger"));
    request["headers"]["traceparent"] = json!(traceparent);
    assert_eq!(trigger.invoke(request).await.response()["statusCode"], 404);
    let spans = collector.seen("traces").concat();
    let span = &spans[1];
    assert_eq!((&span["trace"], &span["parent"]), (&json!(trace), &json!(producer)));
    assert_eq!(span["attributes"], json!({"http.response.status_code": 404}));
    assert!(!json!(spans).to_string().contains("planted"));
}

/// The metadata of an event, as passed to every step.
fn event() -> Value {
    json!({
        "event_id": ID, "org_id": "acme", "config_id": ID, "origin": "api", "mode": "async",
        "created_at": "2026-01-02T03:04:05.678Z", "content_type": "application/json", "size": 2,
    })
}

/// A request in API Gateway's HTTP API payload format 2.0.
fn http_event(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"host": "api.example.com", "content-type": "application/json"},
        "requestContext": {
            "accountId": "000000000000", "apiId": "api", "domainName": "api.example.com", "domainPrefix": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"},
            "requestId": "request", "routeKey": "$default", "stage": "$default",
            "time": "02/Jan/2026:03:04:05 +0000", "timeEpoch": 1_767_323_045_678_u64,
        },
        "isBase64Encoded": false,
    })
}

/// The command that runs a function, with an environment like Lambda's.
fn lambda(name: &'static str, runtime_api: &str, aws: &str) -> Command {
    let mut command = command(name);
    command.envs(function(name).required().map(|setting| (setting, "test")));
    command.envs(AWS.iter().map(|setting| (setting, "eu-central-1")));
    command.envs([
        ("PUBLISH_EVENTS", "all"),
        ("DISABLE_AFTER_DAYS", "5"),
        ("MAIL_FROM", "hookstep@example.com"),
        ("AWS_ENDPOINT_URL", aws),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
    ]);
    command
}

/// AWS services that return empty results: no item, no token.
async fn empty_services() -> String {
    let answer = async || ([("content-type", "application/x-amz-json-1.0")], "{}");
    format!("http://{}", serve(Router::new().fallback(answer)).await)
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

/// A running function and its environment.
struct Running {
    process: Process,
    asked: Arc<AtomicUsize>,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Answer>,
}

impl Running {
    /// Starts the function with the AWS services at this URL.
    async fn start(name: &'static str, aws: &str) -> Self {
        Self::start_with(name, aws, |command| command).await
    }

    /// Starts the function with a changed environment.
    async fn start_with(
        name: &'static str,
        aws: &str,
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        Self::start_by(|runtime_api| {
            let mut command = lambda(name, runtime_api, aws);
            change(&mut command);
            command
        })
        .await
    }

    /// Starts the example of a function that is traced, with this argument.
    async fn start_traced(collector: &Collector, argument: &str) -> Self {
        Self::start_by(|runtime_api| {
            let mut command = Command::new(example("hookstep-lambda-edge", "traced", "otlp"));
            command.arg(argument).env_clear().envs([
                ("AWS_LAMBDA_RUNTIME_API", runtime_api),
                ("AWS_LAMBDA_FUNCTION_NAME", "traced"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "group"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.receiver.url),
                ("OTEL_EXPORTER_OTLP_HEADERS", HEADERS),
            ]);
            command
        })
        .await
    }

    async fn start_by(command: impl FnOnce(&str) -> Command) -> Self {
        let (events, queue) = mpsc::channel(1);
        let (tell, answers) = mpsc::channel(1);
        let asked = Arc::<AtomicUsize>::default();
        let runtime = Runtime { asked: Arc::clone(&asked), queue: Arc::new(Mutex::new(queue)), tell };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(Runtime::next))
            .route("/2018-06-01/runtime/invocation/{id}/{kind}", post(Runtime::answer))
            .with_state(runtime);
        let process = Process::start(&mut command(&serve(router).await));
        Self { process, asked, events, answers }
    }

    /// Sends an event to the function and waits for the outcome.
    async fn invoke(&mut self, event: Value) -> Answer {
        self.events.send(event).await.unwrap();
        let answer = tokio::time::timeout(WAIT_TIMEOUT, self.answers.recv()).await;
        answer.ok().flatten().unwrap_or_else(|| panic!("no answer: {}", self.process.stderr()))
    }

    /// Waits until the function has polled for work this many times.
    async fn is_asked_for_work(&self, times: usize) {
        let asked = async {
            while self.asked.load(Ordering::Relaxed) < times {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(WAIT_TIMEOUT, asked).await;
        assert!(in_time.is_ok(), "asked too few times: {}", self.process.stderr());
    }
}

/// The outcome of an invocation.
#[derive(Debug)]
struct Answer {
    /// `response` or `error`: the last segment of the path.
    kind: String,
    body: Value,
}

impl Answer {
    fn response(&self) -> &Value {
        assert_eq!(self.kind, "response", "{self:?}");
        &self.body
    }

    fn error_type(&self) -> &str {
        assert_eq!(self.kind, "error", "{self:?}");
        self.body["errorType"].as_str().unwrap()
    }

    /// The body of an HTTP response with this status.
    fn http(&self, status: u16) -> Value {
        let response = self.response();
        assert_eq!(response["statusCode"], status, "{response}");
        assert_eq!(response["isBase64Encoded"], false, "{response}");
        serde_json::from_str(response["body"].as_str().unwrap()).unwrap()
    }

    /// The error with this status.
    fn problem(&self, status: u16) {
        let problem = self.http(status);
        assert_eq!(self.body["headers"]["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
    }
}

/// The Runtime API of Lambda.
#[derive(Clone)]
struct Runtime {
    asked: Arc<AtomicUsize>,
    queue: Arc<Mutex<mpsc::Receiver<Value>>>,
    tell: mpsc::Sender<Answer>,
}

impl Runtime {
    /// The next event, however long that takes.
    async fn next(State(runtime): State<Self>) -> Response {
        let number = runtime.asked.fetch_add(1, Ordering::Relaxed);
        let Some(event) = runtime.queue.lock().await.recv().await else {
            return StatusCode::GONE.into_response();
        };
        let headers = [
            ("lambda-runtime-aws-request-id", format!("request-{number}")),
            ("lambda-runtime-deadline-ms", "4102444800000".to_owned()),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:local:000000000000:function:test".to_owned(),
            ),
            ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
        ];
        (headers, event.to_string()).into_response()
    }

    async fn answer(
        State(runtime): State<Self>,
        Path((_, kind)): Path<(String, String)>,
        body: Bytes,
    ) -> StatusCode {
        let body = serde_json::from_slice(&body).unwrap();
        runtime.tell.send(Answer { kind, body }).await.unwrap();
        StatusCode::ACCEPTED
    }
}
