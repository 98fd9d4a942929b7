//! A table that responds immediately and records its requests.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use hookstep_tables::Client;
use serde_json::{Value, json};

/// The requests to a table, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests(Arc<Mutex<Vec<Value>>>);

impl Requests {
    /// Returns and clears the recorded requests.
    pub(super) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A table that accepts every write and finds the given items by partition and sort key.
pub(super) fn table_with(items: &[Value]) -> (Client, Requests) {
    let requests = Requests::default();
    let table = Table { items: Arc::new(items.to_vec()), requests: requests.clone() };
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::for_tests())
        .http_client(http_client_fn(move |_, _| SharedHttpConnector::new(table.clone())))
        .build();
    (aws_sdk_dynamodb::Client::from_conf(config).into(), requests)
}

#[derive(Clone, Debug)]
struct Table {
    items: Arc<Vec<Value>>,
    requests: Requests,
}

impl HttpConnector for Table {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
        let is_wanted = |item: &&Value| ["pk", "sk"].iter().all(|name| item[name] == asked["Key"][name]);
        let answer = match self.items.iter().find(is_wanted) {
            Some(item) => json!({ "Item": item }),
            None => json!({}),
        };
        self.requests.0.lock().unwrap().push(asked);
        let body = SdkBody::from(answer.to_string());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), body)))
    }
}
