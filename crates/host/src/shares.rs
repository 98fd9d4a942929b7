//! Says for which org and webhook an execution is, so that the engine shares its places between them.

use std::sync::Arc;

use hookstep_asl::Json;
use hookstep_engine::{Share, Shares};

use crate::machines::{EXPRESS, STANDARD};

/// The functions that wait for somebody outside of the host: a receiver, or the executions of a bulk replay.
const WAITING: [&str; 2] = ["deliver", "replay"];

/// The shares of the product's state machines.
pub(crate) struct ProductShares;

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
            let share = ProductShares.share(machine, &input.clone().into());
            assert_eq!((&*share.org, &*share.webhook), (org, webhook), "{machine} {input}");
        }
    }

    #[test]
    fn whoever_calls_a_receiver_waits() {
        for (function, waits) in [("deliver", true), ("replay", true), ("fetch-config", false), ("", false)] {
            let arn = format!("arn:aws:lambda:local:000000000000:function:{function}");
            assert_eq!(ProductShares.waits(&arn), waits, "{function}");
        }
    }
}
