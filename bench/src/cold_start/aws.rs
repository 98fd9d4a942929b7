//! Stubs of the AWS services that the functions call, and of the receiver; all respond at once.

use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::{Listener, ListenerExt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_signing::{PrivateKey, Secret};
use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::Outcome;
use crate::tls::{AUTHORITY, Tls};

pub(crate) const TOKENS: &str = "tokens";
pub(crate) const CONFIGS: &str = "configs";
pub(crate) const EVENTS: &str = "events";
pub(crate) const BUCKET: &str = "claims";
pub(crate) const KEY: &str = "alias/hookstep";
pub(crate) const MACHINE: &str = "arn:aws:states:eu-central-1:000000000000:stateMachine:hookstep-express";

/// A typical webhook. It subscribes to [`EVENT_TYPE`].
pub(crate) const CONFIG_ID: &str = "0190a000-0000-7000-8000-00000000000a";

/// A webhook with a filter and a transform.
pub(crate) const CONFIG_ID_WITH_RULES: &str = "0190a000-0000-7000-8000-00000000000b";

/// A subscribed event on the bus.
pub(crate) const EVENT_TYPE: &str = "order.created";

/// Any time will do.
const CREATED_AT: &str = "2026-01-02T03:04:05.678Z";

/// This process's side of the services.
pub(crate) struct Services {
    /// All services, over TLS.
    pub(crate) url: String,
    /// Holds the certificate authority that the functions must trust.
    pub(crate) authority: NamedTempFile,
    /// The inputs of the executions that were started.
    pub(crate) executions: mpsc::UnboundedReceiver<Value>,
    /// When the receiver was called.
    pub(crate) arrivals: mpsc::UnboundedReceiver<Instant>,
}

#[derive(Clone)]
struct Stub {
    receiver_url: String,
    executions: mpsc::UnboundedSender<Value>,
}

impl Services {
    pub(crate) async fn start() -> Outcome<Self> {
        let authority = NamedTempFile::new()?;
        std::fs::write(authority.path(), AUTHORITY)?;
        let receiver = TcpListener::bind("127.0.0.1:0").await?;
        let receiver_url = format!("http://{}/", receiver.local_addr()?);
        let (arrival, arrivals) = mpsc::unbounded_channel();
        let receiver = receiver.tap_io(|connection| drop(connection.set_nodelay(true)));
        let router = Router::new().route("/", post(receive)).with_state(arrival);
        tokio::spawn(axum::serve(receiver, router).into_future());
        let services = Tls::bind().await?;
        let url = format!("https://{}", services.local_addr()?);
        let (execution, executions) = mpsc::unbounded_channel();
        let router = Router::new().fallback(answer).with_state(Stub { receiver_url, executions: execution });
        tokio::spawn(axum::serve(services, router).into_future());
        Ok(Self { url, authority, executions, arrivals })
    }
}

async fn receive(State(arrivals): State<mpsc::UnboundedSender<Instant>>, _body: Bytes) -> &'static str {
    let _ = arrivals.send(Instant::now());
    "ok"
}

/// DynamoDB and Step Functions name the operation in a header; a request without one is for S3.
async fn answer(State(stub): State<Stub>, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.rsplit('.').next());
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = match operation {
        Some("GetItem") => stub.item(&body),
        Some("Query") => subscription(),
        Some("StartExecution") => {
            let input = body["input"].as_str().and_then(|input| serde_json::from_str(input).ok());
            let _ = stub.executions.send(input.unwrap_or_default());
            json!({"executionArn": format!("{MACHINE}:bench"), "startDate": 1_767_323_045.678})
        }
        // This stub's ciphertext equals its plaintext.
        Some("Decrypt") => json!({"KeyId": KEY, "Plaintext": body["CiphertextBlob"]}),
        Some(_) => json!({}),
        None if method == Method::HEAD => {
            return ([("etag", "\"0123\""), ("content-length", "1024")], ()).into_response();
        }
        None => json!({}),
    };
    ([("content-type", "application/x-amz-json-1.0")], answer.to_string()).into_response()
}

impl Stub {
    /// The only item of each table.
    fn item(&self, request: &Value) -> Value {
        match request["TableName"].as_str() {
            Some(TOKENS) => json!({"Item": {
                "token_hash": request["Key"]["token_hash"],
                "org_id": {"S": "acme"},
                "scopes": {"L": [{"S": "trigger"}, {"S": "read"}]},
                "name": {"S": "bench"},
                "created_at": {"S": CREATED_AT},
            }}),
            Some(CONFIGS) => match request["Key"]["config_id"]["S"].as_str() {
                Some("signing-key") => org_key(),
                Some(secrets) if secrets.starts_with("secrets#") => credentials(),
                Some(id) => self.config(id),
                None => json!({}),
            },
            _ => json!({}),
        }
    }

    fn config(&self, id: &str) -> Value {
        let mut item = json!({"Item": {
                "org_id": {"S": "acme"},
                "config_id": {"S": id},
                "created_at": {"S": CREATED_AT},
                "updated_at": {"S": CREATED_AT},
                "revision": {"N": "1"},
                "name": {"S": "bench"},
                "url": {"S": self.receiver_url},
                "method": {"S": "POST"},
                "enabled": {"BOOL": true},
                "headers": {"M": {"x-bench": {"S": "1"}}},
                "timeout_seconds": {"N": "30"},
                "retry": {"M": {"schedule_seconds": {"L": [{"N": "5"}, {"N": "300"}]}}},
        }});
        if id == CONFIG_ID_WITH_RULES {
            item["Item"]["filter"] = json!({"M": {"jsonata": {"S": "$length(text) > 3"}}});
            item["Item"]["transform"] = json!({"M": {"jsonata": {"S": "{'text': text}"}}});
        }
        item
    }
}

/// The columns that `dispatch` reads of an org's webhooks.
fn subscription() -> Value {
    let item = json!({"config_id": {"S": CONFIG_ID}, "event_types": {"L": [{"S": EVENT_TYPE}]}});
    json!({"Items": [item], "Count": 1, "ScannedCount": 1})
}

/// The keys of a webhook.
fn credentials() -> Value {
    let key = STANDARD.encode(Secret::from_random(&[7; 32]).reveal().as_bytes());
    json!({"Item": {
        "org_id": {"S": "acme"},
        "config_id": {"S": format!("secrets#{CONFIG_ID}")},
        "revision": {"N": "1"},
        "signing_keys": {"L": [{"M": {"key": {"S": key}, "created_at": {"S": CREATED_AT}}}]},
    }})
}

/// The key of the org.
fn org_key() -> Value {
    let key = PrivateKey::from_seed(&[7; 32]);
    json!({"Item": {
        "org_id": {"S": "acme"},
        "config_id": {"S": "signing-key"},
        "created_at": {"S": CREATED_AT},
        "public_key": {"S": key.public_key().to_string()},
        "key": {"S": STANDARD.encode(key.reveal().as_bytes())},
    }})
}
