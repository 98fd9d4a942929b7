//! The queue of lost events: what could not even be recorded is kept there, and put back with AWS's own tools.

use serde_json::json;
use tokio::process::Command;

use crate::aws::cases;
use crate::world::process::finished;
use crate::world::{Fault, Receiver, python};

/// Starts everything again that is in the queue, as `hookstep redrive` does.
const REDRIVE: &str = "import boto3, json, sys
sqs = boto3.client('sqs', endpoint_url=sys.argv[1])
states = boto3.client('stepfunctions', endpoint_url=sys.argv[1])
queue = 'http://localhost/000000000000/hookstep-lost'
def count():
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=['All'])['Attributes']
    return int(attributes['ApproximateNumberOfMessages'])
assert count() == 1
message = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=600)['Messages'][0]
assert count() == 0 and not sqs.receive_message(QueueUrl=queue).get('Messages'), 'it is hidden'
body = json.loads(message['Body'])
assert body['version'] == 1 and body['exception']['Error'], body
states.start_execution(stateMachineArn=sys.argv[2], input=json.dumps(body['input']))
sqs.delete_message(QueueUrl=queue, ReceiptHandle=message['ReceiptHandle'])
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_could_not_even_be_recorded_is_kept_and_put_back() {
    let Some(python) = python::environment("aws-cli", "boto3 is not tried") else { return };
    let (world, receiver) = (cases::world().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    for state in ["FetchConfig", "RecordMissed"] {
        let error = "Lambda.TooManyRequestsException";
        world.faults.plan(&config_id, Fault { state, error, times: None });
    }
    let event_id = world.api.trigger(&config_id, "{\"reading\": 1.0}").await;
    world.settled(&event_id).await;
    assert_eq!(world.api.get(&format!("/webhook/{config_id}/events/{event_id}")).await.status, 404);
    world.faults.clear(&config_id);

    // It outlives the host.
    let world = world.reopen(|_| ()).await;
    let key = hookstep_host::aws_credentials(world.dir.path(), &hookstep_ambient::Sources::system()).unwrap();
    let express = "arn:aws:states:local:000000000000:stateMachine:hookstep-express";
    let mut redrive = Command::new(&python);
    redrive.args(["-c", REDRIVE, &format!("{}/aws", world.api.base), express]);
    redrive.env_clear().env("HOME", world.dir.path()).env("AWS_DEFAULT_REGION", "us-east-1");
    redrive.env("AWS_ACCESS_KEY_ID", key.access_key_id).env("AWS_SECRET_ACCESS_KEY", key.secret_access_key);
    let done = finished(&mut redrive).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let event = world.api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(1)), "{event}");
    assert_eq!(receiver.only().body, b"{\"reading\": 1.0}");
    let left = std::fs::read_to_string(world.dir.path().join("lost-events.jsonl")).unwrap();
    assert_eq!(left, "", "what was put back is no longer in the queue");
}
