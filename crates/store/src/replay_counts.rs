//! Counts for bulk replays: how many events one would send, and how those that one has sent went.

use std::collections::BTreeMap;

use hookstep_contract::{ConfigId, EventId, OrgId, ReplayJob, Status};
use serde::Deserialize;

use crate::events::bound;
use crate::item::{from_item, s};
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
        org_id: &OrgId,
        config_id: ConfigId,
        span: Span,
        after: Option<EventId>,
    ) -> Result<(Vec<Candidate>, Option<EventId>), StoreError> {
        let page = self
            .in_span(org_id, config_id, span, after)
            .projection_expression("sk, #status, webhook_id, replayed_by")
            .send()
            .await
            .map_err(StoreError::during("count what a replay would send"))?;
        let next = page.last_evaluated_key.and_then(|key| key.get("sk")?.as_s().ok()?.parse().ok());
        let found = page.items.unwrap_or_default().into_iter().map(from_item);
        Ok((found.collect::<Result<_, _>>()?, next))
    }

    /// How many of the events that a bulk replay made have which status. All of them were accepted in the
    /// millisecond of the replay, so they are next to each other.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn replay_results(&self, job: &ReplayJob) -> Result<BTreeMap<&'static str, u32>, StoreError> {
        let at = Some(job.created_at);
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .filter_expression("replay_id = :replay")
            .projection_expression("#status")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":pk", s(format!("{}#{}", job.org_id, job.config_id)))
            .expression_attribute_values(":from", s(bound(at, 0)))
            .expression_attribute_values(":to", s(bound(at, u8::MAX)))
            .expression_attribute_values(":replay", s(job.replay_id))
            .into_paginator()
            .send();
        let mut counts = BTreeMap::new();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(StoreError::during("count how a replay went"))?;
            for item in page.items.unwrap_or_default() {
                let Ended { status } = from_item(item)?;
                *counts.entry(status.as_str()).or_default() += 1;
            }
        }
        Ok(counts)
    }
}
