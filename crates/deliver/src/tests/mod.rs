//! Attempts against a real receiver on this machine, which can misbehave. `answers`: what the receiver does;
//! `payloads`: what is sent to the receiver; `queue`: batches; `tokens`: what an authorisation server does.

mod answers;
mod payloads;
mod queue;
mod tokens;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hookstep_ambient::{OnDemand, Sources};
use hookstep_contract::{
    Attempt, Body, Content, DeliverInput, EventMetadata, Mode, Origin, ReasonCode, RequestPlan, Timestamp,
};
use hookstep_egress::Policy;
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Context, Keyring, attempt};

const DEVELOPMENT: Policy = Policy { allow_http_targets: true, allow_private_targets: true };
const EVENT_ID: &str = "0190a000-0000-7000-8000-00000000000b";

/// A context without HTTP clients for AWS, so that any call to AWS fails. No webhook here has its own keys
/// (revision 0).
fn context(policy: Policy) -> Context {
    let version = aws_sdk_s3::config::BehaviorVersion::v2026_01_12;
    let s3 = move || {
        aws_sdk_s3::Client::from_conf(aws_sdk_s3::Config::builder().behavior_version(version()).build())
    };
    let connections = hookstep_secrets::Connections::new(|| unreachable!("no connection is looked at"));
    let keyring = Keyring::new(
        || unreachable!("no credentials are looked up"),
        hookstep_secrets::Keys::new(|| unreachable!("nothing is decrypted"), "key"),
        hookstep_secrets::Vault::new(|| unreachable!("no secret is read"), connections),
        hookstep_egress::Client::new(policy).unwrap(),
    );
    Context {
        keyring,
        bodies: OnDemand::new(|| unreachable!("no stored body is sent")),
        claims: hookstep_claims::Claims::new(s3, "claims"),
        sources: Sources {
            clock: || datetime!(2026-01-02 03:04:05 UTC),
            new_id: uuid::Uuid::nil,
            random: || 0.5,
            random_bytes: || [7; 64],
        },
    }
}

fn input(url: &str) -> DeliverInput {
    DeliverInput {
        event: EventMetadata {
            content_type: Some("application/json".to_owned()),
            ..EventMetadata::new(
                "acme".parse().unwrap(),
                "0190a000-0000-7000-8000-00000000000a".parse().unwrap(),
                EVENT_ID.parse().unwrap(),
                Origin::Api,
                Mode::Async,
                Timestamp::new(datetime!(2026-01-02 03:04:00 UTC)),
            )
        },
        request: RequestPlan {
            url: url.to_owned(),
            method: "POST".to_owned(),
            headers: BTreeMap::from([("X-Team".to_owned(), "blue".to_owned())]),
            event_headers: BTreeMap::new(),
            cloud_events: None,
            extra_signature: None,
            timeout_seconds: 5,
            revision: 0,
        },
        payload: Body::Inline(Content::Text("{\"a\": 1.0}".to_owned())),
        number: 1,
    }
}

/// One attempt with the hatches open, spawned as it is in a host.
async fn attempted(input: DeliverInput) -> Attempt {
    tokio::spawn(async move { attempt::make(input, &context(DEVELOPMENT)).await }).await.unwrap().unwrap()
}

/// Why an attempt failed.
fn told(attempt: &Attempt) -> (ReasonCode, &str) {
    let reason = attempt.reason.as_ref().unwrap();
    (reason.code, &reason.detail)
}

/// A request that a receiver got.
struct Seen {
    head: String,
    body: Vec<u8>,
}

struct Receiver {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Receiver {
    /// Passes every connection to `behave` without reading anything.
    async fn raw<F>(behave: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(behave(stream));
            }
        });
        Self { url, seen: Arc::default() }
    }

    /// Reads one request, then passes the connection to `behave`.
    async fn new<F>(behave: impl Fn(TcpStream) -> F + Copy + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let log = seen.clone();
        let receiver = Self::raw(move |mut stream| {
            let log = log.clone();
            async move {
                if let Some(request) = read_request(&mut stream).await {
                    log.lock().unwrap().push(request);
                    behave(stream).await;
                }
            }
        });
        Self { seen, ..receiver.await }
    }

    /// Sends these bytes in response to every request, then closes the connection.
    async fn answering(answer: &'static [u8]) -> Self {
        Self::new(move |mut stream| async move { stream.write_all(answer).await.unwrap() }).await
    }
}

/// A complete request, or `None` if the request broke off.
async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        stream.read_buf(&mut bytes).await.ok().filter(|&read| read > 0)?;
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length: usize = header(&head, "content-length").parse().unwrap();
    while bytes.len() < head_end + length {
        stream.read_buf(&mut bytes).await.ok().filter(|&read| read > 0)?;
    }
    Some(Seen { head, body: bytes.split_off(head_end) })
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut values = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    values.next().unwrap_or_else(|| panic!("no {name} in {head}"))
}
