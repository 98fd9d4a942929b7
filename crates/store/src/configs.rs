//! The table of webhooks: pk `org_id`, sk `config_id`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use contract::{ConfigId, OrgId, Timestamp, WebhookConfig};

use crate::StoreError;
use crate::item::{from_item, s, to_item};

/// The table of webhooks.
#[derive(Clone, Debug)]
pub struct Configs {
    client: Client,
    table: String,
}

impl Configs {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Whether the table answers at all.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.client
            .get_item()
            .table_name(&self.table)
            // No org is called this.
            .key("org_id", s("?"))
            .key("config_id", s("?"))
            .send()
            .await
            .map_err(StoreError::during("reach the table of webhooks"))?;
        Ok(())
    }

    /// One webhook of `org_id`.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
    ) -> Result<Option<WebhookConfig>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("org_id", s(org_id))
            .key("config_id", s(config_id))
            .send()
            .await
            .map_err(StoreError::during("read a webhook"))?;
        found.item.map(from_item).transpose()
    }

    /// Writes a new webhook.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn create(&self, config: &WebhookConfig) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(config)?))
            .condition_expression("attribute_not_exists(config_id)")
            .send()
            .await
            .map_err(StoreError::during("create a webhook"))?;
        Ok(())
    }

    /// Writes over a webhook; `false` when it is not there (any more).
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn replace(&self, config: &WebhookConfig) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(config)?))
            .condition_expression("attribute_exists(config_id)")
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(false)
            }
            Err(e) => Err(StoreError::during("change a webhook")(e)),
        }
    }

    /// Turns a webhook off and notes why; does nothing when it is not there.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn disable(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("org_id", s(org_id))
            .key("config_id", s(config_id))
            .update_expression("SET enabled = :false, disabled_reason = :reason, updated_at = :now")
            .condition_expression("attribute_exists(config_id)")
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":reason", s(reason))
            .expression_attribute_values(":now", s(now))
            .send()
            .await;
        match update {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(())
            }
            Err(e) => Err(StoreError::during("disable a webhook")(e)),
        }
    }

    /// Deletes a webhook; `false` when it was not there.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn delete(&self, org_id: &OrgId, config_id: ConfigId) -> Result<bool, StoreError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("org_id", s(org_id))
            .key("config_id", s(config_id))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(StoreError::during("delete a webhook"))?;
        Ok(deleted.attributes.is_some())
    }

    /// A page of the webhooks of `org_id`, oldest first, from after `after`.
    ///
    /// # Errors
    /// When the table cannot be read.
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
            .key_condition_expression("org_id = :org")
            .expression_attribute_values(":org", s(org_id))
            .set_exclusive_start_key(start)
            // One more than is asked for: the last page knows that it is the last.
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
}
