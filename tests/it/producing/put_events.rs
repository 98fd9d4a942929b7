//! The host's AWS-compatible endpoint: events put with AWS's own tools.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_smithy_http_client::Builder;
use aws_types::SdkConfig;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::process::finished;
use crate::world::python;
use crate::world::{ORG, Receiver, World};

const TRIGGER: &str = "Webhook Trigger";

/// The credentials of a host, as `hookstep aws-credentials` prints them.
fn credentials(world: &World) -> hookstep_host::AwsCredentials {
    hookstep_host::aws_credentials(world.dir.path(), &hookstep_ambient::Sources::system()).unwrap()
}

/// AWS's own client with this key.
fn client(world: &World, id: &str, secret: &str) -> Client {
    let credentials = Credentials::new(id, secret, None, None, "tests");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(Builder::new().build_http())
        .endpoint_url(format!("{}/aws", world.api.base))
        .build();
    Client::new(&config)
}

fn entry(detail: &Value) -> PutEventsRequestEntry {
    raw_entry(TRIGGER, &detail.to_string())
}

fn raw_entry(detail_type: &str, detail: &str) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder().source("orders").detail_type(detail_type).detail(detail).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_on_the_bus_is_delivered_and_a_bad_entry_is_reported_beside_it() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let key = credentials(&world);
    let client = client(&world, key.access_key_id, &key.secret_access_key);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let good =
        entry(&json!({"org_id": ORG, "config_id": id, "payload": {"order": 7}, "correlation_id": "order 7"}));
    let answer = client
        .put_events()
        .entries(good)
        .entries(raw_entry("Something Else", "{}"))
        .entries(raw_entry(TRIGGER, "{\"org_id\": "))
        .entries(raw_entry(TRIGGER, "[]"))
        .entries(PutEventsRequestEntry::builder().detail_type(TRIGGER).detail("{}").build())
        .entries(PutEventsRequestEntry::builder().source("aws.s3").detail_type("x").detail("{}").build())
        .entries(
            PutEventsRequestEntry::builder()
                .source("s")
                .detail_type("x")
                .detail("{}")
                .event_bus_name("no")
                .build(),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(answer.failed_entry_count(), 5);
    let entries = answer.entries();
    assert!(entries[..2].iter().all(|entry| entry.event_id().is_some() && entry.error_code().is_none()));
    let codes: Vec<_> = entries[2..].iter().map(|entry| entry.error_code().unwrap()).collect();
    let refused = "NotAuthorizedForSourceException";
    let expected = ["MalformedDetail", "MalformedDetail", "InvalidArgument", refused, "InvalidArgument"];
    assert_eq!(codes, expected);

    let event_id = world.api.first_event(&id).await["event_id"].as_str().unwrap().to_owned();
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!(
        (&event["status"], &event["origin"], &event["correlation_id"], &event["size"]),
        (&json!("succeeded"), &json!("event_bridge"), &json!("order 7"), &json!(11))
    );
    assert_eq!(receiver.only().body, br#"{"order":7}"#);
    // Stored like any other event.
    let replay = world.api.post(&format!("/webhook/{id}/events/{event_id}/replay"), &json!({})).await;
    world.api.ended(&id, replay.json()["event_id"].as_str().unwrap()).await;
    assert_eq!(receiver.seen()[1].body, br#"{"order":7}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_taken_without_the_right_signature() {
    let world = World::start().await;
    let key = credentials(&world);
    for (id, secret, error) in [
        ("somebody", &*key.secret_access_key, "UnrecognizedClientException"),
        (key.access_key_id, "wrong", "InvalidSignatureException"),
    ] {
        let put = client(&world, id, secret).put_events().entries(entry(&json!({"org_id": ORG})));
        assert_eq!(put.send().await.unwrap_err().code(), Some(error));
    }
    let unsigned = world.api.http.post(format!("{}/aws", world.api.base)).body("{}").send().await.unwrap();
    assert_eq!(unsigned.status(), 403);
    assert!(unsigned.text().await.unwrap().contains("MissingAuthenticationToken"));
    // Our API tokens are not valid AWS session tokens.
    let ours = world.api.post("/aws", &json!({"Entries": []})).await;
    assert_eq!((ours.status, &ours.json()["__type"]), (403, &json!("IncompleteSignatureException")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_at_once_is_refused_whole() {
    let world = World::start().await;
    let key = credentials(&world);
    let client = client(&world, key.access_key_id, &key.secret_access_key);
    let large = raw_entry("Something Else", &json!({"text": "x".repeat(700_000)}).to_string());
    let refused = client.put_events().entries(large.clone()).entries(large).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ValidationException"));
    let many = vec![raw_entry("Something Else", "{}"); 11];
    let refused = client.put_events().set_entries(Some(many)).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ValidationException"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stock_aws_cli_and_boto3_put_events() {
    let Some(python) = python::environment("aws-cli", "the AWS CLI is not tried") else { return };
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let key = credentials(&world);
    let detail = json!({"org_id": ORG, "config_id": id, "payload": "by hand"}).to_string();
    let entries = json!([{"Source": "orders", "DetailType": TRIGGER, "Detail": detail}]).to_string();
    let endpoint = format!("{}/aws", world.api.base);
    let script = "import boto3, json, sys\n\
        answer = boto3.client('events', endpoint_url=sys.argv[1]).put_events(Entries=json.loads(sys.argv[2]))\n\
        sys.exit(answer['FailedEntryCount'])";
    let mut boto3 = Command::new(&python);
    boto3.args(["-c", script, &endpoint, &entries]);
    let mut cli = Command::new(&python);
    cli.arg(python.with_file_name("aws"));
    cli.args(["events", "put-events", "--endpoint-url", &endpoint, "--entries", &entries]);
    for tool in [&mut cli, &mut boto3] {
        tool.env_clear().env("HOME", world.dir.path()).env("AWS_REGION", "us-east-1");
        tool.env("AWS_DEFAULT_REGION", "us-east-1").env("AWS_ACCESS_KEY_ID", key.access_key_id);
        tool.env("AWS_SECRET_ACCESS_KEY", &key.secret_access_key);
        let done = finished(tool).await;
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    world.api.until_events_of(&id, 2, "succeeded").await;
    assert!(receiver.seen().iter().all(|seen| seen.body == b"by hand"));
}
