//! The table of webhooks: pk `org_id`, sk `config_id`. The part of a webhook that only `deliver` reads is a
//! separate item in the same partition (see `credentials`); both are written in one transaction.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, ReturnValue, TransactWriteItem};
use hookstep_ambient::Sources;
use hookstep_contract::{ConfigId, Credentials, OrgId, Timestamp, WebhookConfig};
use hookstep_tables::{Client, UpdateItem};

use crate::config_cache::ConfigCache;
use crate::credentials;
use crate::item::{Item, find, from_item, s, to_item};
use crate::subscriptions::SubscriptionCache;
use crate::{Lease, StoreError};

/// Sorts after every config id and before every other sort key in an org's partition.
pub(crate) const AFTER_CONFIGS: &str = "g";

/// How often a transaction is tried when it conflicts with another write to the item; each try takes a few
/// milliseconds, as does the other write.
const CONFLICTS: usize = 5;

/// The table of webhooks.
#[derive(Clone, Debug)]
pub struct Configs {
    pub(crate) client: Client,
    pub(crate) table: String,
    cache: Arc<ConfigCache>,
    pub(crate) subscriptions: Arc<SubscriptionCache>,
}

/// The result of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The change was written.
    Done,
    /// Nothing was written: the webhook was deleted, or the lease lasted so long that somebody else may have
    /// changed the webhook.
    Outdated,
}

impl Configs {
    /// The table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self {
            client: client.into(),
            table: table.into(),
            cache: Arc::default(),
            subscriptions: Arc::default(),
        }
    }

    /// The same table, whose [`Configs::get`] may return a webhook as it was up to `max_age` ago, unless the table is in this
    /// process.
    #[must_use]
    pub fn cached(self, max_age: Duration, sources: Sources) -> Self {
        Self { cache: Arc::new(ConfigCache::new(max_age, sources)), ..self }
    }

    /// A number that is another one after each change of the table; `None` if other processes change it.
    pub fn version(&self) -> Option<u64> {
        self.client.version(&self.table)
    }

    /// Checks that the table is reachable.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.client
            .get_item()
            .table_name(&self.table)
            // No org has this id.
            .key("org_id", s("?"))
            .key("config_id", s("?"))
            .send()
            .await
            .map_err(StoreError::during("reach the table of webhooks"))?;
        Ok(())
    }

    /// One webhook of `org_id`, as it was a moment ago, or as it was made since. [`Configs::latest`] reads it as it is now.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn get(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
    ) -> Result<Option<WebhookConfig>, StoreError> {
        let Some(now) = self.cache.now(self.client.version(&self.table)) else {
            return self.read(org_id, config_id).await;
        };
        if let Some(config) = self.cache.get(org_id, config_id, now) {
            return Ok(Some(config));
        }
        let found = self.read(org_id, config_id).await?;
        self.cache.keep(org_id, config_id, now, found.as_ref());
        Ok(found)
    }

    async fn read(&self, org_id: &OrgId, config_id: ConfigId) -> Result<Option<WebhookConfig>, StoreError> {
        let request = self.client.get_item().table_name(&self.table);
        let request = request.key("org_id", s(org_id)).key("config_id", s(config_id));
        find(request, "read a webhook").await?.map(from_item).transpose()
    }

    /// Writes a new webhook and its credentials.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn create(&self, config: &WebhookConfig, credentials: &Credentials) -> Result<(), StoreError> {
        let put = self.put(to_item(config)?).condition_expression("attribute_not_exists(config_id)");
        let writes = [item(put)?, item(self.put(credentials::to_item(credentials)?))?];
        let written = self.client.transact_write_items().set_transact_items(Some(writes.into())).send().await;
        written.map(drop).map_err(StoreError::during("create a webhook"))
    }

    /// Replaces a webhook on which we hold the lease, and its credentials; this ends the lease.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn replace(
        &self,
        config: &WebhookConfig,
        credentials: &Credentials,
        lease: &Lease,
    ) -> Result<Written, StoreError> {
        let put = self
            .put(to_item(config)?)
            .condition_expression("held_by = :lease")
            .expression_attribute_values(":lease", lease.attribute());
        let writes = [item(put)?, item(self.put(credentials::to_item(credentials)?))?];
        self.transact(writes, "change a webhook").await
    }

    /// An update of a webhook's item, to be completed.
    pub(crate) fn updating(&self, org_id: &OrgId, config_id: ConfigId) -> UpdateItem {
        let update = self.client.update_item().table_name(&self.table);
        update.key("org_id", s(org_id)).key("config_id", s(config_id))
    }

    /// Disables a webhook and stores the reason; does nothing if the webhook is disabled or does not exist.
    /// Returns the webhook if it was disabled by this call.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn disable(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Option<WebhookConfig>, StoreError> {
        let update = self
            .updating(org_id, config_id)
            .update_expression("SET enabled = :false, disabled_reason = :reason, updated_at = :now")
            .condition_expression("attribute_exists(config_id) AND enabled = :true")
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":reason", s(reason))
            .expression_attribute_values(":now", s(now))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match update.map_err(SdkError::into_service_error) {
            Ok(updated) => updated.attributes.map(from_item).transpose(),
            Err(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
            Err(error) => Err(StoreError::during("disable a webhook")(error)),
        }
    }

    /// Deletes a webhook on which we hold the lease, and its credentials.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn delete(&self, config: &WebhookConfig, lease: &Lease) -> Result<Written, StoreError> {
        let delete = |sk: String| {
            let delete = Delete::builder().table_name(&self.table);
            delete.key("org_id", s(&config.org_id)).key("config_id", s(sk))
        };
        let webhook = delete(config.config_id.to_string())
            .condition_expression("held_by = :lease")
            .expression_attribute_values(":lease", lease.attribute());
        let writes = [webhook, delete(credentials::sort_key(config.config_id))].map(|delete| {
            let delete = delete.build().map_err(StoreError::during("describe a deletion"))?;
            Ok(TransactWriteItem::builder().delete(delete).build())
        });
        let [webhook, credentials] = writes;
        self.transact([webhook?, credentials?], "delete a webhook").await
    }

    /// A page of the webhooks of `org_id`, oldest first, starting after `after`.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn list(
        &self,
        org_id: &OrgId,
        after: Option<ConfigId>,
        limit: usize,
    ) -> Result<(Vec<WebhookConfig>, Option<ConfigId>), StoreError> {
        let start =
            after.map(|id| [("org_id".to_owned(), s(org_id)), ("config_id".to_owned(), s(id))].into());
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("org_id = :org AND config_id < :end")
            .expression_attribute_values(":org", s(org_id))
            .expression_attribute_values(":end", s(AFTER_CONFIGS))
            .set_exclusive_start_key(start)
            // One more than requested, to know whether there is a next page.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(StoreError::during("list webhooks"))?;
        let more = page.count > i32::try_from(limit).unwrap_or(i32::MAX) || page.last_evaluated_key.is_some();
        let items = page.items.unwrap_or_default().into_iter().take(limit);
        let configs: Vec<WebhookConfig> = items.map(from_item).collect::<Result<_, _>>()?;
        let next = configs.last().filter(|_| more).map(|config| config.config_id);
        Ok((configs, next))
    }

    fn put(&self, item: Item) -> PutBuilder {
        Put::builder().table_name(&self.table).set_item(Some(item))
    }

    /// Writes both items or neither.
    async fn transact(
        &self,
        writes: [TransactWriteItem; 2],
        operation: &'static str,
    ) -> Result<Written, StoreError> {
        for _ in 0..CONFLICTS {
            let request = self.client.transact_write_items().set_transact_items(Some(writes.clone().into()));
            match request.send().await {
                Ok(_) => return Ok(Written::Done),
                Err(e) if is_canceled(&e, "ConditionalCheckFailed") => return Ok(Written::Outdated),
                Err(e) if is_canceled(&e, "TransactionConflict") => {}
                Err(e) => return Err(StoreError::during(operation)(e)),
            }
        }
        Err(StoreError::during(operation)("others keep writing the item"))
    }
}

fn item(put: PutBuilder) -> Result<TransactWriteItem, StoreError> {
    let put = put.build().map_err(StoreError::during("describe a write"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Whether a transaction was cancelled for this reason.
pub(crate) fn is_canceled<R>(error: &SdkError<TransactWriteItemsError, R>, code: &str) -> bool {
    cancellations(error).iter().any(|known| known == code)
}

/// Why each write of a transaction was not carried out, if it was cancelled.
pub(crate) fn cancellations<R>(error: &SdkError<TransactWriteItemsError, R>) -> Vec<String> {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error()
    else {
        return Vec::new();
    };
    let reasons = canceled.cancellation_reasons().iter();
    reasons.map(|reason| reason.code().unwrap_or_default().to_owned()).collect()
}
