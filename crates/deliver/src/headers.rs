//! The request's headers, as sent and as recorded.

use std::collections::BTreeMap;

use hookstep_contract::{CloudEvents, EventMetadata, ExtraSignature, RequestPlan, Timestamp};

use crate::authentication::Authentication;
use crate::mask::masked;
use crate::signature::Signatures;
use crate::{USER_AGENT, cloud_events, extra_signature};

/// All headers except for `Host`, `Content-Length` and the authenticating header.
pub(crate) struct Headers {
    sent: BTreeMap<String, String>,
    /// What is recorded in place of signatures. They are not secret but long; the record only needs to show which kinds were sent.
    shown: Vec<(String, String)>,
}

impl Headers {
    pub(crate) fn new(
        event: &EventMetadata,
        plan: &RequestPlan,
        made: BTreeMap<String, String>,
        signatures: Option<Signatures>,
        at: Timestamp,
    ) -> Self {
        let mut sent = BTreeMap::from([("accept".to_owned(), "*/*".to_owned())]);
        sent.extend(plan.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())));
        sent.extend(made);
        let (content_type, content_encoding) = match cloud_events::structured(plan) {
            Some(_) => (Some(CloudEvents::STRUCTURED.to_owned()), None),
            None => (event.content_type.clone(), event.content_encoding.clone()),
        };
        let ours = [
            ("content-type", content_type),
            ("content-encoding", content_encoding),
            ("traceparent", event.traceparent.clone()),
            ("user-agent", Some(USER_AGENT.to_owned())),
            ("webhook-id", Some(event.webhook_id().to_string())),
            ("webhook-timestamp", Some(at.unix_seconds().to_string())),
        ];
        let ours = ours.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let ours = ours.chain(cloud_events::headers(plan, event));
        sent.extend(ours.map(|(name, value)| (name.to_owned(), value)));
        let mut headers = Self { sent, shown: Vec::new() };
        if let Some(signatures) = signatures {
            headers.sign(signatures, plan.extra_signature.as_deref(), at);
        }
        headers
    }

    fn sign(&mut self, signatures: Signatures, extra: Option<&ExtraSignature>, at: Timestamp) {
        let Signatures { standard, extra: value } = signatures;
        if let Some(extra) = extra {
            match (value, &extra.header) {
                (Some(value), Some(name)) => {
                    let shown = extra_signature::shown(extra, at.unix_seconds());
                    self.signed(&name.to_ascii_lowercase(), value, shown);
                }
                _ => self.sign_as_svix(&standard),
            }
        }
        let shown = kinds(&standard);
        self.signed("webhook-signature", standard, shown);
    }

    /// The three headers of Standard Webhooks once more, under the names that Svix gives them.
    fn sign_as_svix(&mut self, standard: &str) {
        let [id, timestamp, signature] = ExtraSignature::SVIX_HEADERS;
        for (name, same) in [(id, "webhook-id"), (timestamp, "webhook-timestamp")] {
            if let Some(value) = self.sent.get(same).cloned() {
                self.sent.insert(name.to_owned(), value);
            }
        }
        self.signed(signature, standard.to_owned(), kinds(standard));
    }

    fn signed(&mut self, name: &str, value: String, shown: String) {
        self.sent.insert(name.to_owned(), value);
        self.shown.push((name.to_owned(), shown));
    }

    /// The headers to send, and the same headers for the record.
    pub(crate) fn with(
        &self,
        authentication: Option<&Authentication>,
        length: u64,
    ) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let mut sent = self.sent.clone();
        sent.insert("content-length".to_owned(), length.to_string());
        let mut recorded = sent.clone();
        recorded.extend(self.shown.iter().cloned());
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
