//! Idempotency keys, in the events table, each in a partition of its own: pk
//! `{org_id}#{config_id}#idempotency#{key}`, or `{org_id}#publications#idempotency#{key}` for those of publications, sk the
//! key. Together in one partition, they would limit the webhook to
//! what DynamoDB takes for it, however many shards its events have.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use hookstep_contract::limits::IDEMPOTENCY_LIFETIME;
use hookstep_contract::{ConfigId, EventId, OrgId, Timestamp};
use hookstep_tables::Client;
use hookstep_tables::PutItem;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::error::unless_forbidden;
use crate::item::{from_item, n, s, to_item};

/// What is stored under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyKey {
    /// The event, or the publication, of the first request with the key.
    pub event_id: EventId,
    /// A hash of that request.
    pub request_hash: String,
}

/// The idempotency keys in the events table.
#[derive(Clone, Debug)]
pub struct Idempotency {
    client: Client,
    table: String,
}

impl Idempotency {
    /// The idempotency keys in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into() }
    }

    /// Stores `wanted` under the key for 24 h; returns the stored value: `wanted` itself, or that of an
    /// earlier request.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn claim(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        key: &str,
        wanted: IdempotencyKey,
        now: Timestamp,
    ) -> Result<IdempotencyKey, StoreError> {
        self.claim_in(&of_webhook(org_id, config_id), key, wanted, now).await
    }

    /// Does as [`Self::claim`], for a key of the org's publications.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn claim_for_publication(
        &self,
        org_id: &OrgId,
        key: &str,
        wanted: IdempotencyKey,
        now: Timestamp,
    ) -> Result<IdempotencyKey, StoreError> {
        self.claim_in(&format!("{org_id}#publications"), key, wanted, now).await
    }

    async fn claim_in(
        &self,
        owner: &str,
        key: &str,
        wanted: IdempotencyKey,
        now: Timestamp,
    ) -> Result<IdempotencyKey, StoreError> {
        let until = now.plus(IDEMPOTENCY_LIFETIME).unix_seconds();
        let put = self
            .put(owner, key, &wanted, until)?
            // DynamoDB deletes expired items with a delay, so an expired key may still exist.
            .condition_expression("attribute_not_exists(pk) OR expires_at < :now")
            .expression_attribute_values(":now", n(now.unix_seconds()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match put {
            Ok(_) => return Ok(wanted),
            Err(error) => error,
        };
        let earlier = match error.as_service_error() {
            Some(aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                taken,
            )) => taken.item().cloned(),
            _ => None,
        };
        match earlier {
            Some(item) => from_item(item),
            None => Err(StoreError::during("keep an idempotency key")(error)),
        }
    }

    /// Frees a key that stands for `held`, so that the next request with it makes a new event.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn release(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        key: &str,
        held: &IdempotencyKey,
    ) -> Result<(), StoreError> {
        // An expired key is as good as none, and overwriting one needs no permission to delete.
        let put = self
            .put(&of_webhook(org_id, config_id), key, held, 0)?
            .condition_expression("event_id = :held")
            .expression_attribute_values(":held", s(held.event_id));
        unless_forbidden(put.send().await, "free an idempotency key").map(drop)
    }

    /// The write of a key that expires at `until`, in seconds since 1970.
    fn put(&self, owner: &str, key: &str, value: &IdempotencyKey, until: i64) -> Result<PutItem, StoreError> {
        Ok(self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(value)?))
            .item("pk", s(format!("{owner}#idempotency#{key}")))
            .item("sk", s(key))
            .item("expires_at", n(until)))
    }
}

fn of_webhook(org_id: &OrgId, config_id: ConfigId) -> String {
    format!("{org_id}#{config_id}")
}
