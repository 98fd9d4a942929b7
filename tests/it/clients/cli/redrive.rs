//! `hookstep redrive`, against a host, and against a receiver that answers as AWS would.

use serde_json::{Value, json};

use super::ended;
use crate::world::process::command;
use crate::world::{Fault, NOBODY, Receiver, Reply, Seen, World};

const MACHINE: &str = "arn:aws:states:eu-central-1:1:stateMachine:Express";
const DISPATCH: &str = "arn:aws:lambda:eu-central-1:1:function:dispatch:live";
const SECRET: &str = "a-planted-secret-key";

fn answer(status: u16, body: Value) -> Reply {
    Reply::status(status).header("content-type", "application/x-amz-json-1.0").body(body.to_string())
}

/// How many messages are in the queue.
fn length(count: u32) -> Reply {
    answer(200, json!({"Attributes": {"ApproximateNumberOfMessages": count.to_string()}}))
}

fn messages(bodies: &[String]) -> Reply {
    let message = |(number, body): (usize, &String)| {
        json!({
            "MessageId": format!("m{number}"), "ReceiptHandle": format!("r{number}"), "Body": body,
            "Attributes": {"SentTimestamp": "1500000000000"},
            "MessageAttributes": {"ERROR_CODE": {"StringValue": "ThrottlingException", "DataType": "String"}},
        })
    };
    answer(200, json!({"Messages": bodies.iter().enumerate().map(message).collect::<Vec<_>>()}))
}

fn resume() -> String {
    format!(
        r#"{{"resume":{{"version":1,"event":{{"event_id":"{NOBODY}","org_id":"acme","config_id":"{NOBODY}"}},"number":2}}}}"#
    )
}

fn bus_event() -> String {
    r#"{"id":"17793124","detail-type":"order","time":"2026-01-02T03:04:05Z","detail":{"org_id":"acme","amount":1.10}}"#.to_owned()
}

/// The operation of a request: its target, or its path.
fn operation(seen: &Seen) -> String {
    let authorization = seen.header("authorization").unwrap_or_default();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=key/"), "{authorization}");
    assert_eq!(seen.header("x-amz-security-token"), Some("session"));
    match seen.header("x-amz-target") {
        Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
        None => seen.request_line().to_owned(),
    }
}

fn redrive(aws: &Receiver, args: &[&str]) -> tokio::process::Command {
    let mut command = command("hookstep");
    command.args(["redrive", "--endpoint-url", &aws.url]).args(args);
    command.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", SECRET);
    command.env("AWS_SESSION_TOKEN", "session").env("AWS_REGION", "eu-central-1");
    command
}

const LOST: [&str; 4] = ["--lost-queue-url", "https://sqs/lost", "--state-machine", MACHINE];
const UNDELIVERED: [&str; 4] = ["--undelivered-queue-url", "https://sqs/un", "--dispatch-function", DISPATCH];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_lists_what_is_in_a_queue_and_changes_nothing() {
    let bodies = [resume(), "what is this?".to_owned()];
    let aws = Receiver::answering([length(2), messages(&bodies), length(2)]).await;
    let ended = ended(&mut redrive(&aws, &LOST)).await;
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(
        lines[0].starts_with(&format!("would be put back: event {NOBODY}  webhook {NOBODY}  ")),
        "{lines:?}"
    );
    assert!(lines[0].ends_with("d ago  ThrottlingException"), "{lines:?}");
    assert!(
        lines[1].starts_with("stays: message m1 ") && lines[1].ends_with("its form is not known"),
        "{lines:?}"
    );
    assert_eq!(
        ended.stderr,
        "1 can be put back, 0 failed, 1 not understood; nothing was changed: --yes does it\n"
    );
    let operations: Vec<String> = aws.seen().iter().map(operation).collect();
    assert_eq!(operations, ["GetQueueAttributes", "ReceiveMessage", "GetQueueAttributes"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_understood_is_put_back_and_then_deleted() {
    let lost = [length(1), messages(&[resume()]), answer(200, json!({})), answer(200, json!({})), length(0)];
    let undelivered =
        [length(1), messages(&[bus_event()]), Reply::status(202), answer(200, json!({})), length(0)];
    let aws = Receiver::answering(lost.into_iter().chain(undelivered)).await;
    let args = [&LOST[..], &UNDELIVERED, &["--yes"]].concat();
    let ended = ended(&mut redrive(&aws, &args)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stderr, "2 put back, 0 failed, 0 not understood\n");
    assert!(![&ended.stdout, &ended.stderr].iter().any(|text| text.contains(SECRET)));

    let seen = aws.seen();
    let operations: Vec<String> = seen.iter().map(operation).collect();
    let invoke =
        format!("POST /hook/2015-03-31/functions/{}/invocations HTTP/1.1", DISPATCH.replace(':', "%3A"));
    assert_eq!(
        operations,
        [
            "GetQueueAttributes",
            "ReceiveMessage",
            "StartExecution",
            "DeleteMessage",
            "GetQueueAttributes",
            "GetQueueAttributes",
            "ReceiveMessage",
            &invoke,
            "DeleteMessage",
            "GetQueueAttributes",
        ]
    );
    let mut start = serde_json::from_slice::<Value>(&seen[2].body).unwrap_or_default();
    let name = start["name"].take();
    assert!(name.as_str().is_some_and(|name| name.starts_with(&format!("{NOBODY}-2-"))), "{name}");
    assert_eq!(start, json!({"stateMachineArn": MACHINE, "name": null, "input": resume()}));
    assert_eq!(seen[7].header("x-amz-invocation-type"), Some("Event"));
    let payload = format!(r#"{{"accepted_at":"2026-01-02T03:04:05.000Z","event":{}}}"#, bus_event());
    assert_eq!(seen[7].body, payload.as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_stays_and_an_account_that_refuses_everything_is_an_error() {
    let throttled =
        answer(400, json!({"__type": "com.amazonaws#ThrottlingException", "message": "Rate exceeded"}));
    let aws = Receiver::answering([length(1), messages(&[resume()]), throttled, length(1)]).await;
    let args = [&LOST[..], &["--yes"]].concat();
    let refused = ended(&mut redrive(&aws, &args)).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let told = "states answered 400 ThrottlingException: Rate exceeded\n";
    assert!(refused.stdout.starts_with("stays: ") && refused.stdout.ends_with(told), "{}", refused.stdout);
    assert!(!aws.seen().iter().any(|seen| operation(seen) == "DeleteMessage"));

    let denied = answer(403, json!({"__type": "AccessDenied", "Message": "no"}));
    let aws = Receiver::answering([denied]).await;
    let failed = ended(&mut redrive(&aws, &args)).await;
    assert_eq!(failed.code, Some(4));
    assert_eq!(failed.stderr, "hookstep: sqs answered 403 AccessDenied: no\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_a_host_could_not_even_record_is_delivered_at_last() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for state in ["Deliver", "RecordMissed", "RecordException"] {
        world.faults.plan(&id, Fault { state, error: "Broken", times: None });
    }
    let event_id = world.api.trigger(&id, "{}").await;
    world.api.until(&id, &event_id, |event| event["status"] == "in_progress").await;
    world.settled(&event_id).await;
    world.faults.clear(&id);

    let sources = hookstep_ambient::Sources::system();
    let key = hookstep_host::aws_credentials(world.dir.path(), &sources).unwrap();
    let run = || {
        let (mut command, endpoint) = (command("hookstep"), format!("{}/aws", world.api.base));
        command.args(["redrive", "--endpoint-url", &endpoint, "--yes", "--lost-queue-url", "lost-events"]);
        command.args(["--state-machine", "arn:aws:states:local:000000000000:stateMachine:hookstep-express"]);
        command.env("AWS_ACCESS_KEY_ID", key.access_key_id).env("AWS_REGION", "us-east-1");
        command.env("AWS_SECRET_ACCESS_KEY", &key.secret_access_key);
        command
    };
    let first = ended(&mut run()).await;
    assert_eq!((first.code, first.stderr.as_str()), (Some(0), "1 put back, 0 failed, 0 not understood\n"));
    assert!(
        first.stdout.starts_with(&format!("put back: event {event_id}  webhook {id}  ")),
        "{}",
        first.stdout
    );
    assert!(first.stdout.ends_with(" ago  Broken\n"), "{}", first.stdout);
    assert_eq!(world.api.ended(&id, &event_id).await["status"], "succeeded");
    let second = ended(&mut run()).await;
    assert_eq!((second.code, second.stderr.as_str()), (Some(0), "0 put back, 0 failed, 0 not understood\n"));
    assert_eq!(receiver.calls(), 1);
}
