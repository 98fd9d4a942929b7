//! Counts for bulk replays: how many events one would send, and how those that one has sent went.

use std::collections::BTreeMap;

use hookstep_contract::{EventId, ReplayJob, Status};
use serde::Deserialize;

use crate::item::{from_item, s};
use crate::partitions::{Order, Partitions};
use crate::{Events, Span, StoreError};

/// The maximum number of pages of 1 MB that one count of results reads: enough for the largest bulk replay.
const MAX_PAGES: usize = 40;

/// The fields of an event that decide whether a bulk replay sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Candidate {
    /// The event's id.
    #[serde(rename = "sk")]
    pub event_id: EventId,
    /// The event's status.
    pub status: Status,
    /// The first event of its chain of replays, if that is another one.
    pub webhook_id: Option<EventId>,
    /// The newest replay.
    pub replayed_by: Option<EventId>,
}

#[derive(Deserialize)]
struct Ended {
    status: Status,
}

impl Events {
    /// A page of the events in `span`, oldest first and after `after`, and where to continue if there may be
    /// more.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn candidates(
        &self,
        partitions: &Partitions,
        span: Span,
        after: Option<EventId>,
    ) -> Result<(Vec<Candidate>, Option<EventId>), StoreError> {
        let query = self.in_span(span).projection_expression("sk, #status, webhook_id, replayed_by");
        let page = self.merged(partitions, &query, Order::OldestFirst, after, None).await?;
        let found = page.items.into_iter().map(from_item);
        Ok((found.collect::<Result<_, _>>()?, page.next))
    }

    /// How many of the events that a bulk replay made have which status. All of them were accepted in the
    /// millisecond of the replay, so they are next to each other.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn replay_results(&self, job: &ReplayJob) -> Result<BTreeMap<&'static str, u32>, StoreError> {
        let at = Some(job.created_at);
        let query = self
            .between(at, at)
            .filter_expression("replay_id = :replay")
            .projection_expression("sk, #status")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":replay", s(job.replay_id));
        let (partitions, mut after) = (Partitions::of_replay(job), None);
        let mut counts = BTreeMap::new();
        for _ in 0..MAX_PAGES {
            let page = self.merged(&partitions, &query, Order::OldestFirst, after, None).await?;
            for item in page.items {
                let Ended { status } = from_item(item)?;
                *counts.entry(status.as_str()).or_default() += 1;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(counts)
    }
}
