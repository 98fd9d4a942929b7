//! Events that are erased before their time, by request (ADR 0064).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::limits::MAX_TIMEOUT_SECS;
use crate::{ConfigId, ErasureId, EventId, OrgId, Timestamp};

/// How far a request to erase events came, and afterwards the record that it was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventErasure {
    /// The id of the request.
    pub erasure_id: ErasureId,
    /// The tenant.
    pub org_id: OrgId,
    /// What is erased.
    pub subject: ErasureSubject,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// From when on nothing can be under way any more that was so when it was asked for.
    pub at_rest_at: Timestamp,
    /// When everything was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    /// How far the pass through everything is that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<WebhookPass>,
    /// How many times everything was gone through.
    #[serde(default)]
    pub passes: u64,
    /// How many events were erased, each with its attempts and its bodies.
    pub events: u64,
    /// How many large bodies were erased.
    pub large_bodies: u64,
}

/// One time that the events of an org are gone through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookPass {
    /// When it began.
    pub began_at: Timestamp,
    /// Whether something was erased.
    pub found: bool,
    /// The last webhook that was gone through entirely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ConfigId>,
    /// The publication that was gone through last, perhaps not to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<EventId>,
    /// The last of its deliveries that was gone through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<EventId>,
    /// Whether something of those deliveries may still be under way.
    #[serde(default)]
    pub is_awaited: bool,
}

impl WebhookPass {
    /// A pass that begins now.
    pub fn begin(now: Timestamp) -> Self {
        Self {
            began_at: now,
            found: false,
            after: None,
            publication: None,
            delivery: None,
            is_awaited: false,
        }
    }

    /// The last delivery of a publication that was gone through, and whether something of those so far may still be under way.
    pub fn progress_of(&self, publication_id: EventId) -> (Option<EventId>, bool) {
        match self.publication == Some(publication_id) {
            true => (self.delivery, self.is_awaited),
            false => (None, false),
        }
    }

    /// Notes how far a publication was gone through, as [`Self::progress_of`] says it.
    pub fn note_progress(&mut self, publication_id: EventId, delivery: EventId, is_awaited: bool) {
        (self.publication, self.delivery) = (Some(publication_id), Some(delivery));
        self.is_awaited = is_awaited;
    }
}

/// Which events are erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ErasureSubject {
    /// An event with all its replays: they have the same body.
    Event {
        /// The webhook.
        config_id: ConfigId,
        /// The first event of the chain.
        webhook_id: EventId,
    },
    /// A publication with all its deliveries.
    Publication {
        /// The publication.
        publication_id: EventId,
    },
    /// All events and publications of the org with a correlation id.
    Correlation {
        /// The correlation id; absent once everything is gone, for it may say whom it was about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        correlation_id: Option<String>,
        /// Its SHA-256 in hex, by which whoever knows it finds the record.
        sha256: String,
    },
}

impl ErasureSubject {
    /// Everything with this correlation id.
    pub fn correlated(correlation_id: impl Into<String>) -> Self {
        let correlation_id = correlation_id.into();
        let hash = Sha256::digest(correlation_id.as_bytes());
        let sha256 = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::Correlation { correlation_id: Some(correlation_id), sha256 }
    }
}

impl EventErasure {
    /// An erasure that begins now.
    pub fn new(erasure_id: ErasureId, org_id: OrgId, subject: ErasureSubject, now: Timestamp) -> Self {
        Self {
            erasure_id,
            org_id,
            subject,
            requested_at: now,
            at_rest_at: now,
            done_at: None,
            pass: None,
            passes: 0,
            events: 0,
            large_bodies: 0,
        }
    }

    /// Notes that the pass that is under way has erased something.
    pub fn note_found(&mut self) {
        if let Some(pass) = &mut self.pass {
            pass.found = true;
        }
    }

    /// Ends the pass that is under way; returns whether it has erased something.
    pub fn end_pass(&mut self) -> bool {
        self.passes += 1;
        self.pass.take().is_some_and(|pass| pass.found)
    }

    /// Notes that an attempt may have begun at `moment`, and returns when nothing of it can be under way any more: `settle` after
    /// its longest timeout.
    pub fn wait_for_attempt(&mut self, moment: Timestamp, settle: Duration) -> Timestamp {
        let longest = Duration::from_secs(MAX_TIMEOUT_SECS.into());
        let rests_at = moment.plus(settle + longest);
        self.at_rest_at = self.at_rest_at.max(rests_at);
        rests_at
    }

    /// The same without the correlation id, when everything is gone: what is kept says nothing of whom it was about.
    #[must_use]
    pub fn unnamed(mut self) -> Self {
        if let ErasureSubject::Correlation { correlation_id, .. } = &mut self.subject {
            *correlation_id = None;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_does_not_name_what_was_erased_and_is_found_by_who_knows_it() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let id = "0190a000-0000-7000-8000-00000000000a".parse().unwrap();
        let subject = ErasureSubject::correlated("abc");
        let done = EventErasure::new(id, "acme".parse().unwrap(), subject, now).unnamed();
        let record = serde_json::to_value(done).unwrap();
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(record["subject"], serde_json::json!({"kind": "correlation", "sha256": sha256}));
    }

    #[test]
    fn a_pass_goes_on_with_the_publication_where_it_stopped() {
        let began_at = "2026-01-02T03:04:05.000Z";
        let stored = serde_json::json!({"began_at": began_at, "found": true});
        let mut pass: WebhookPass = serde_json::from_value(stored).unwrap();
        let [first, other] = [1, 2].map(|number| EventId(uuid::Uuid::from_u128(number)));
        assert_eq!(pass.progress_of(first), (None, false));
        pass.note_progress(first, other, true);
        let again: WebhookPass = serde_json::from_value(serde_json::to_value(&pass).unwrap()).unwrap();
        assert_eq!(again.progress_of(first), (Some(other), true));
        assert_eq!(again.progress_of(other), (None, false));
    }
}
