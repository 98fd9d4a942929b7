//! Chains of replays, in the events table beside the bulk replays: pk `{org_id}#{config_id}#replays`, sk
//! `chain#{webhook_id}`. A chain outlives the event that it begins with, for as long as its newest replay is
//! kept. Every earlier event of a chain names the newest one (`replayed_by`), and a failed one says whether
//! that one succeeded, so that no list has to read chains.

use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_contract::{ConfigId, EventId, EventRecord, OrgId, ReplayChain, Status, Timestamp};

use crate::error::unless_forbidden;
use crate::events::item_key;
use crate::item::{Item, from_item, n, s, to_item};
use crate::{Events, StoreError};

impl Events {
    /// The replays of the event that the receiver knows as `webhook_id`; `None` if there are none.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn chain(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        webhook_id: EventId,
    ) -> Result<Option<ReplayChain>, StoreError> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(Item::from(key(org_id, config_id, webhook_id))))
            .consistent_read(true);
        let found = read.send().await.map_err(StoreError::during("read the replays of an event"))?;
        found.item.map(from_item).transpose()
    }

    /// Adds a replay to the chain of `event`, which was read as `seen`, and names it in the earlier events.
    /// Returns `false`, and does nothing, if the chain has grown meanwhile.
    ///
    /// # Errors
    /// If the table cannot be written. The claim may have been made, and can be repeated.
    pub async fn claim_replay(
        &self,
        event: &EventRecord,
        seen: Option<&ReplayChain>,
        replay: EventId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let chain = ReplayChain::with(seen, replay, now);
        if !self.put_chain(event, seen, &chain).await? {
            return Ok(false);
        }
        self.name_replay(event, &chain, replay).await?;
        Ok(true)
    }

    /// Gives back the claim of a replay that could not be started. `seen` is the chain before the claim.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn give_back_replay(
        &self,
        event: &EventRecord,
        seen: Option<&ReplayChain>,
        replay: EventId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let claimed = ReplayChain::with(seen, replay, now);
        self.put_chain(event, Some(&claimed), &claimed.without_newest()).await.map(drop)
    }

    /// Writes a chain, unless it is no longer as it was `seen`; returns whether it was written.
    async fn put_chain(
        &self,
        event: &EventRecord,
        seen: Option<&ReplayChain>,
        chain: &ReplayChain,
    ) -> Result<bool, StoreError> {
        let kept_until = chain.claimed_at.plus(self.retention).unix_seconds();
        let key = key(&event.org_id, event.config_id, event.webhook_id());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(chain)?.into_iter().chain(key).collect()))
            .item("expires_at", n(kept_until));
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(sk)"),
            Some(seen) => put
                .condition_expression("#number = :seen")
                .expression_attribute_names("#number", "number")
                .expression_attribute_values(":seen", n(seen.number)),
        };
        unless_forbidden(put.send().await, "claim a replay")
    }

    /// Names the newest replay of a chain in the earlier events. To be repeated if the process that claimed
    /// the replay may have died before.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn name_replay(
        &self,
        event: &EventRecord,
        chain: &ReplayChain,
        replay: EventId,
    ) -> Result<(), StoreError> {
        for earlier in earlier(event.webhook_id(), chain, replay) {
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(item_key(&event.org_id, event.config_id, earlier)))
                .update_expression("SET replayed_by = :replay, replay_number = :number")
                // A slower process must not name an older replay.
                .condition_expression(
                    "attribute_exists(sk) AND (attribute_not_exists(replay_number) OR replay_number <= :number)",
                )
                .expression_attribute_values(":replay", s(replay))
                .expression_attribute_values(":number", n(chain.number))
                .send()
                .await;
            unless_forbidden(update, "name the replay of an event")?;
        }
        Ok(())
    }

    /// Writes into the earlier events of a chain how its newest replay ended: a failed event has recovered
    /// when that replay succeeded. Does nothing for an event that is not the newest replay of its chain. Doing it twice is harmless.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn settle_replay(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        (event_id, webhook_id): (EventId, Option<EventId>),
        status: Status,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Only a replay has another event's id.
        let Some(webhook_id) = webhook_id else { return Ok(()) };
        let Some(chain) = self.chain(org_id, config_id, webhook_id).await? else { return Ok(()) };
        if chain.newest() != Some(event_id) {
            return Ok(());
        }
        let (before, after) = match status {
            Status::Succeeded => (Status::Failed, Status::Recovered),
            _ => (Status::Recovered, Status::Failed),
        };
        for earlier in earlier(webhook_id, &chain, event_id) {
            let update = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(item_key(org_id, config_id, earlier)))
                .update_expression("SET #status = :after")
                // A newer replay that was claimed since has put its own name here.
                .condition_expression("replayed_by = :replay AND #status IN (:before, :after)")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":replay", s(event_id))
                .expression_attribute_values(":before", s(before.as_str()))
                .expression_attribute_values(":after", s(after.as_str()))
                .send()
                .await;
            if unless_forbidden(update, "write whether an event has recovered")? {
                self.recount(org_id, config_id, earlier, now).await?;
            }
        }
        Ok(())
    }
}

/// The events of a chain before `replay`.
fn earlier(webhook_id: EventId, chain: &ReplayChain, replay: EventId) -> impl Iterator<Item = EventId> {
    [webhook_id].into_iter().chain(chain.ids.iter().copied().filter(move |id| *id != replay))
}

pub(crate) fn key(org_id: &OrgId, config_id: ConfigId, webhook_id: EventId) -> [(String, AttributeValue); 2] {
    let pk = format!("{org_id}#{config_id}#replays");
    [("pk".to_owned(), s(pk)), ("sk".to_owned(), s(format!("chain#{webhook_id}")))]
}
