//! Attempts from the delivery queue.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hookstep_executions::{Accepted, ExecutionClient, Executions, Input, ResumeMachine, WorkflowError};
use hookstep_store::Lanes;
use serde_json::{Value, json};

use super::*;
use crate::{Queue, take};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// A table that answers every read with these statuses, then with 200, and notes all events or none.
#[derive(Clone, Debug)]
struct Notes {
    statuses: Arc<Mutex<VecDeque<u16>>>,
    are_there: bool,
}

impl HttpConnector for Notes {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let status = self.statuses.lock().unwrap().pop_front().unwrap_or(200);
        let found = json!({"Item": {"sk": {"S": EVENT_ID}}});
        let body = if self.are_there && status == 200 { found } else { json!({}) };
        let body = SdkBody::from(body.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), body)))
    }
}

/// A machine whose starts fail as often as planned.
#[derive(Clone, Debug, Default)]
struct Machine {
    failures: Arc<Mutex<u32>>,
    started: Arc<Mutex<Vec<Value>>>,
}

impl Executions for Machine {
    fn start(&self, _: &str, _: String, input: Input<'_>) -> BoxFuture<'_, Result<(), WorkflowError>> {
        let input = serde_json::from_str(&input.json).unwrap();
        async move {
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(WorkflowError::NotStarted("throttled".into()));
            }
            self.started.lock().unwrap().push(input);
            Ok(())
        }
        .boxed()
    }

    fn run(
        &self,
        _: &str,
        _: String,
        _: Input<'_>,
        _: Accepted,
    ) -> BoxFuture<'_, Result<String, WorkflowError>> {
        unreachable!("nobody waits")
    }

    fn stop(&self, _: String, _: &str) -> BoxFuture<'_, Result<(), WorkflowError>> {
        unreachable!("nothing is stopped")
    }
}

fn queue(statuses: &[u16], are_there: bool, machine: &Machine) -> Queue {
    let notes = Notes { statuses: Arc::new(Mutex::new(statuses.iter().copied().collect())), are_there };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::for_tests())
        .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(notes.clone())))
        .build();
    let lanes = Lanes::new(aws_sdk_dynamodb::Client::from_conf(config), "events");
    Queue { lanes, machine: ResumeMachine::new(ExecutionClient::of(machine.clone()), "express") }
}

/// A message with an attempt that these fields change.
fn message(id: &str, url: &str, fields: &Value) -> Value {
    let DeliverInput { event, request, payload, number } = input(url);
    let plan = json!({
        "status": "in_progress", "request": request, "retry": {"schedule_seconds": [5]}, "long": false, "queued": true,
    });
    let mut queued = json!({"version": 1, "event": event, "number": number, "plan": plan, "payload": payload, "outdated": 2});
    for (name, value) in fields.as_object().unwrap() {
        let place = if name == "unkept" { &mut queued["plan"] } else { &mut queued };
        place[name] = value.clone();
    }
    json!({
        "messageId": id, "receiptHandle": "r", "body": json!({"queued": queued}).to_string(), "attributes": {},
    })
}

async fn taken(messages: Vec<Value>, queue: Queue) -> Value {
    let batch = serde_json::from_value(json!({"Records": messages})).unwrap();
    let answer = take(batch, &queue, &context(DEVELOPMENT)).await.unwrap();
    serde_json::to_value(answer).unwrap()["batchItemFailures"].take()
}

#[tokio::test]
async fn the_attempts_of_a_batch_are_made_side_by_side_and_each_is_carried_on() {
    let receiver = Receiver::new(|mut stream| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stream.write_all(OK).await.unwrap();
    })
    .await;
    let (machine, begun) = (Machine::default(), Instant::now());
    let messages = ["a", "b", "c"].map(|id| message(id, &receiver.url, &json!({})));
    assert_eq!(taken(messages.to_vec(), queue(&[], true, &machine)).await, json!([]));
    assert!(begun.elapsed() < Duration::from_millis(850), "{:?}", begun.elapsed());
    let started = machine.started.lock().unwrap();
    assert_eq!(started.len(), 3);
    for input in &*started {
        let queued = &input["queued"];
        assert_eq!((&queued["attempt"]["status_code"], &queued["number"]), (&json!(200), &json!(1)));
        // The execution does not need a body that is stored.
        assert_eq!((&queued["payload"], &queued["outdated"]), (&Value::Null, &json!(0)));
    }
}

#[tokio::test]
async fn a_body_that_only_the_message_has_goes_on_with_the_attempt() {
    let receiver = Receiver::answering(OK).await;
    let machine = Machine::default();
    let message = message("a", &receiver.url, &json!({"unkept": "accepted"}));
    assert_eq!(taken(vec![message], queue(&[], true, &machine)).await, json!([]));
    assert_eq!(machine.started.lock().unwrap()[0]["queued"]["payload"]["inline"]["text"], "{\"a\": 1.0}");
}

#[tokio::test]
async fn an_event_that_does_not_wait_any_more_is_not_sent() {
    let receiver = Receiver::answering(OK).await;
    let machine = Machine::default();
    let message = message("a", &receiver.url, &json!({}));
    let body: Value = serde_json::from_str(message["body"].as_str().unwrap()).unwrap();
    assert_eq!(taken(vec![message], queue(&[], false, &machine)).await, json!([]));
    assert_eq!(*machine.started.lock().unwrap(), [body]);
    assert!(receiver.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_receiver_is_called_once_however_often_the_start_fails() {
    let receiver = Receiver::answering(OK).await;
    let machine = Machine { failures: Arc::new(Mutex::new(2)), ..Machine::default() };
    // The table does not answer at first, either.
    let queue = queue(&[500], true, &machine);
    assert_eq!(taken(vec![message("a", &receiver.url, &json!({}))], queue).await, json!([]));
    assert_eq!(receiver.seen.lock().unwrap().len(), 1);
    assert_eq!(machine.started.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_fault_is_carried_on_by_its_name_and_what_cannot_be_read_stays() {
    let machine = Machine::default();
    let unreadable = json!({"messageId": "b", "receiptHandle": "r", "body": "no attempt", "attributes": {}});
    let messages = vec![message("a", "http://127.0.0.1:9/", &json!({"payload": null})), unreadable];
    let failures = taken(messages, queue(&[], true, &machine)).await;
    assert_eq!(failures, json!([{"itemIdentifier": "b"}]));
    let message = message("a", "http://127.0.0.1:9/", &json!({}));
    assert_eq!(taken(vec![message], queue(&[500, 500, 500], true, &machine)).await, json!([]));
    let started = machine.started.lock().unwrap();
    let faults: Vec<_> = started.iter().map(|input| &input["queued"]["fault"]["Error"]).collect();
    assert_eq!(faults, ["InvalidInput", "StorageUnavailable"]);
    assert!(started.iter().all(|input| input["queued"]["attempt"].is_null()));
}
