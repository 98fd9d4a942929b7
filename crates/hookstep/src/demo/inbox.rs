//! What the tour's receiver got.

use axum::body::Bytes;
use axum::http::HeaderMap;
use tokio::sync::mpsc::UnboundedReceiver;

/// A request as it arrived.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    /// The `webhook-id`, which is the same for every attempt and replay of an event.
    pub(super) fn webhook_id(&self) -> Option<&str> {
        self.headers.get("webhook-id")?.to_str().ok()
    }
}

/// The requests in the order of their arrival.
#[derive(Debug)]
pub(super) struct Inbox(pub(super) UnboundedReceiver<Received>);

impl Inbox {
    /// Everything that has arrived since the last call.
    pub(super) fn take(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}
