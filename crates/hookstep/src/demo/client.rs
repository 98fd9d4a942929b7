//! The tour's producer: plain HTTP against the host's own API.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use hookstep_egress::{Body, Keep, Policy, Request};
use http::Method;
use serde_json::{Value, json};

use super::LOOK_AGAIN;

/// Long enough for a sync trigger.
const DEADLINE: Duration = Duration::from_secs(60);

/// How many times an event is looked at before the tour gives up.
const LOOKS: usize = 300;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A producer with an admin's token.
pub(crate) struct Client {
    http: hookstep_egress::Client,
    base: String,
    token: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: String) -> Result<Self> {
        let policy = Policy { allow_http_targets: true, allow_private_targets: true };
        Ok(Self { http: hookstep_egress::Client::new(policy)?, base: format!("http://{address}"), token })
    }

    /// Creates a webhook and answers its id.
    pub(crate) async fn create(&self, name: &str, url: &str, schedule: &[u32]) -> Result<String> {
        let config = json!({"name": name, "url": url, "retry": {"schedule_seconds": schedule}});
        let created = self.post("/webhook", config).await?;
        created["config_id"]
            .as_str()
            .map(ToOwned::to_owned)
            .ok_or_else(|| format!("no webhook: {created}").into())
    }

    pub(crate) async fn trigger(&self, config_id: &str, query: &str, body: Vec<u8>) -> Result<Value> {
        self.send(Method::POST, &format!("/webhook/{config_id}/trigger?{query}"), body).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.send(Method::POST, path, body.to_string().into_bytes()).await
    }

    /// Reads the event of a trigger's answer until it has ended.
    pub(crate) async fn ended(&self, config_id: &str, answer: &Value) -> Result<Value> {
        let event_id = answer["event_id"].as_str().unwrap_or_default();
        for _ in 0..LOOKS {
            let event = self
                .send(Method::GET, &format!("/webhook/{config_id}/events/{event_id}"), Vec::new())
                .await?;
            // Until its record is written, the event is not there.
            if event["status"] != "in_progress" && event["event_id"] == event_id {
                return Ok(event);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(format!("the event {event_id} does not end").into())
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value> {
        let request = Request {
            method,
            url: format!("{}{path}", self.base),
            headers: BTreeMap::from([
                ("authorization".to_owned(), format!("Bearer {}", self.token)),
                ("content-type".to_owned(), "application/json".to_owned()),
            ]),
            body: Body::bytes(body),
            deadline: DEADLINE,
            keep: Keep { header_bytes: 8 * 1024, body_bytes: 1024 * 1024 },
        };
        let response = self
            .http
            .send(request)
            .await
            .map_err(|failure| format!("the host does not answer: {failure:?}"))?;
        Ok(serde_json::from_slice(&response.body)?)
    }
}
