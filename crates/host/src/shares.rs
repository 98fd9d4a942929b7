//! Says for which org and webhook an execution is, and which address it will call, so that the engine shares its places
//! between them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hookstep_asl::Json;
use hookstep_engine::{Share, Shares};

use crate::machines::{EXPRESS, STANDARD};

/// The functions that wait for somebody outside of the host: a receiver, or the executions of a bulk replay.
const WAITING: [&str; 2] = ["deliver", "replay"];

/// The addresses that webhooks have called last, by the id of the webhook. An execution gets its place before it has read its
/// webhook, so the address of a webhook is known from its second event on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Receivers(Arc<Mutex<HashMap<Arc<str>, Called>>>);

/// What a webhook has called.
#[derive(Debug)]
struct Called {
    url: Arc<str>,
    address: Arc<str>,
}

/// How many addresses are remembered. All are forgotten when there are more: they are known again after an event each.
const MAX_RECEIVERS: usize = 100_000;

impl Receivers {
    /// Notes which address an attempt calls, from the input of `deliver`.
    pub(crate) fn note(&self, attempt: &Json) {
        let webhook = attempt.get("event").and_then(|event| text(event, "config_id"));
        let url = attempt.get("request").and_then(|request| text(request, "url"));
        let Some((webhook, url)) = webhook.zip(url) else { return };
        let mut receivers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if receivers.get(&webhook).is_some_and(|called| called.url == url) {
            return;
        }
        if receivers.len() >= MAX_RECEIVERS {
            receivers.clear();
        }
        let address = address(&url).into();
        receivers.insert(webhook, Called { url, address });
    }

    fn of(&self, webhook: &str) -> Option<Arc<str>> {
        let receivers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        receivers.get(webhook).map(|called| Arc::clone(&called.address))
    }
}

/// The host and the port of a URL that has passed the checks of a webhook's.
fn address(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme.split(['/', '?', '#']).next().unwrap_or(after_scheme)
}

/// The shares of the product's state machines.
#[derive(Default)]
pub(crate) struct ProductShares(pub(crate) Receivers);

impl Shares for ProductShares {
    /// A delivery is for its webhook. What is done about a webhook otherwise, such as a bulk replay or a test of
    /// credentials, does not wait behind the webhook's events, and is shared by machine. An input that names no org is that of
    /// no org.
    fn share(&self, machine: &str, input: &Json) -> Share {
        let resumed = || input.get("resume")?.get("event");
        let subject = input.get("event").or_else(resumed).unwrap_or(input);
        let webhook = match machine {
            EXPRESS | STANDARD => text(subject, "config_id"),
            _ => None,
        };
        Share {
            org: text(subject, "org_id").unwrap_or_default(),
            receiver: webhook.as_ref().and_then(|webhook| self.0.of(webhook)),
            webhook: webhook.unwrap_or_else(|| machine.into()),
        }
    }

    fn waits(&self, function: &str) -> bool {
        function.rsplit(':').next().is_some_and(|name| WAITING.contains(&name))
    }
}

/// A field's text, which is shared and not copied.
fn text(value: &Json, name: &str) -> Option<Arc<str>> {
    match value.get(name)? {
        Json::String(text) => Some(Arc::clone(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::machines::{REPLAY, TEST_AUTH};

    #[test]
    fn the_share_of_an_execution_is_that_of_its_webhook_or_of_its_machine() {
        let event = json!({"event_id": "e", "org_id": "acme", "config_id": "c"});
        let key = json!({"org_id": "acme", "config_id": "c", "replay_id": "r"});
        for (machine, input, org, webhook) in [
            (EXPRESS, json!({"event": event, "payload": {}}), "acme", "c"),
            (STANDARD, json!({"resume": {"version": 1, "event": event, "number": 2}}), "acme", "c"),
            (REPLAY, key.clone(), "acme", REPLAY),
            (TEST_AUTH, key, "acme", TEST_AUTH),
            (EXPRESS, json!({"event": {"org_id": 1}}), "", EXPRESS),
            (EXPRESS, json!("nonsense"), "", EXPRESS),
        ] {
            let share = ProductShares::default().share(machine, &input.clone().into());
            assert_eq!((&*share.org, &*share.webhook), (org, webhook), "{machine} {input}");
        }
    }

    #[test]
    fn the_address_of_a_webhook_is_what_it_called_last() {
        let shares = ProductShares::default();
        let receiver = || {
            let input = json!({"event": {"org_id": "acme", "config_id": "c"}});
            shares.share(EXPRESS, &input.into()).receiver
        };
        assert_eq!(receiver(), None);
        for (url, address) in [
            ("https://example.com/a", "example.com"),
            ("https://example.com:8443?b", "example.com:8443"),
            ("http://[::1]:80", "[::1]:80"),
        ] {
            shares.0.note(&json!({"event": {"config_id": "c"}, "request": {"url": url}}).into());
            assert_eq!(receiver().as_deref(), Some(address));
        }
        shares.0.note(&json!({"kind": "keep_active"}).into());
    }

    #[test]
    fn whoever_calls_a_receiver_waits() {
        for (function, waits) in [("deliver", true), ("replay", true), ("fetch-config", false), ("", false)] {
            let arn = format!("arn:aws:lambda:local:000000000000:function:{function}");
            assert_eq!(ProductShares::default().waits(&arn), waits, "{function}");
        }
    }
}
