//! The request's headers, as sent and as recorded.

use std::collections::BTreeMap;

use hookstep_contract::{EventMetadata, Timestamp};

use crate::USER_AGENT;
use crate::authentication::Authentication;
use crate::mask::masked;

/// All headers except for `Host`, `Content-Length` and the authenticating header.
pub(crate) struct Headers(BTreeMap<String, String>);

impl Headers {
    pub(crate) fn new(
        event: &EventMetadata,
        own: &BTreeMap<String, String>,
        signature: Option<String>,
        at: Timestamp,
    ) -> Self {
        let mut headers = BTreeMap::from([("accept".to_owned(), "*/*".to_owned())]);
        headers.extend(own.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())));
        let ours = [
            ("content-type", event.content_type.clone()),
            ("content-encoding", event.content_encoding.clone()),
            ("traceparent", event.traceparent.clone()),
            ("user-agent", Some(USER_AGENT.to_owned())),
            ("webhook-id", Some(event.webhook_id().to_string())),
            ("webhook-timestamp", Some(at.unix_seconds().to_string())),
            ("webhook-signature", signature),
        ];
        for (name, value) in ours {
            if let Some(value) = value {
                headers.insert(name.to_owned(), value);
            }
        }
        Self(headers)
    }

    /// The headers to send, and the same headers for the record.
    pub(crate) fn with(
        &self,
        authentication: Option<&Authentication>,
        length: u64,
    ) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let mut sent = self.0.clone();
        sent.insert("content-length".to_owned(), length.to_string());
        let mut recorded = sent.clone();
        // Signatures are not secret but long; the record only needs to show which kinds were sent.
        if let Some(signature) = recorded.get_mut("webhook-signature") {
            *signature = kinds(signature);
        }
        if let Some(Authentication { name, value, .. }) = authentication {
            sent.insert(name.clone(), value.clone());
            recorded.insert(name.clone(), masked());
        }
        (sent, recorded)
    }
}

/// Shortens `v1,K5oZ… v1a,hn3p…` to `v1,*** v1a,***`.
fn kinds(signature: &str) -> String {
    let kinds = signature.split(' ').filter_map(|one| one.split(',').next());
    kinds.map(|kind| format!("{kind},{}", masked())).collect::<Vec<_>>().join(" ")
}
