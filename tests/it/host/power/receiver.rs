//! A receiver that outlives the hosts: it remembers what arrived, not the bodies.
#![expect(clippy::unwrap_used, reason = "a receiver that cannot be built fails the test")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use crate::world::process::FREE_PORT;

/// The last request with a `webhook-id`.
#[derive(Clone, Debug)]
pub(in crate::host) struct Arrival {
    pub(in crate::host) headers: HeaderMap,
    pub(in crate::host) sha256: [u8; 32],
}

/// The receiver. Of the first attempts of a webhook with the header `X-Retried`, one in `failing` fails.
#[derive(Clone)]
pub(in crate::host) struct Memory {
    pub(in crate::host) url: String,
    failing: u8,
    arrivals: Arc<Mutex<HashMap<String, Arrival>>>,
}

impl Memory {
    pub(in crate::host) async fn start(failing: u8) -> Self {
        let listener = TcpListener::bind(FREE_PORT).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let memory = Self { url, failing, arrivals: Arc::default() };
        let router = axum::Router::new().fallback(Self::arrive).layer(DefaultBodyLimit::disable());
        tokio::spawn(axum::serve(listener, router.with_state(memory.clone())).into_future());
        memory
    }

    async fn arrive(State(memory): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let sha256 = sha256(&body);
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        let is_retried = headers.contains_key("x-retried");
        let before = memory.arrivals.lock().unwrap().insert(id, Arrival { headers, sha256 });
        let fails = is_retried && before.is_none() && sha256[0].is_multiple_of(memory.failing);
        if fails { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    }

    /// The last request of an event, if one has come.
    pub(in crate::host) fn arrival(&self, event_id: &str) -> Option<Arrival> {
        self.arrivals.lock().unwrap().get(event_id).cloned()
    }
}

pub(in crate::host) fn sha256(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}
