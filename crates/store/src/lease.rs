//! A lease on a webhook while it is being changed. The webhook's connection and its item cannot be written in
//! one transaction, so two concurrent changes could combine the connection of one with the config of the
//! other. Every change therefore takes the lease first.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_ambient::Sources;
use hookstep_contract::{ConfigId, OrgId, Timestamp, WebhookConfig};
use hookstep_tables::UpdateItem;
use serde::Deserialize;

use crate::item::{from_item, n, s};
use crate::{Configs, StoreError};

/// The duration of a lease that is never released: longer than a request may take, which is 30 s at API
/// Gateway.
const LEASE_DURATION: Duration = Duration::from_secs(60);

/// A lease on a webhook: until it ends, nobody else can change the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    id: String,
}

impl Lease {
    /// The value of the item's attribute `held_by`. The lease lives only in the item; replacing the item ends
    /// it.
    pub(crate) fn attribute(&self) -> AttributeValue {
        s(&self.id)
    }
}

impl Configs {
    /// One webhook of `org_id`, read consistently: it includes every acknowledged change.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn latest(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
    ) -> Result<Option<WebhookConfig>, StoreError> {
        self.item(org_id, config_id.to_string()).await?.map(from_item).transpose()
    }

    /// Takes the lease on a webhook that is still at the revision of `config`; `None` if the webhook was
    /// changed or deleted since, or if somebody else holds the lease.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn lease(
        &self,
        config: &WebhookConfig,
        sources: &Sources,
    ) -> Result<Option<Lease>, StoreError> {
        // Items without a revision count as revision 0. The SDK retries a request that got no response, so a
        // lease with the same id does not fail the condition.
        let unchanged = "attribute_exists(config_id) \
            AND (revision = :revision OR (attribute_not_exists(revision) AND :revision = :none)) \
            AND (attribute_not_exists(held_until) OR held_until < :now OR held_by = :lease)";
        let (now, lease) = (sources.now(), Lease { id: (sources.new_id)().to_string() });
        let update = self
            .update_of(config)
            .update_expression("SET held_until = :until, held_by = :lease")
            .condition_expression(unchanged)
            .expression_attribute_values(":revision", n(config.revision))
            .expression_attribute_values(":none", n(0))
            .expression_attribute_values(":now", s(now))
            .expression_attribute_values(":until", s(now.plus(LEASE_DURATION)))
            .expression_attribute_values(":lease", lease.attribute())
            .send()
            .await;
        match update {
            Ok(_) => Ok(Some(lease)),
            Err(e) if e.as_service_error().is_some_and(is_taken) => Ok(None),
            Err(e) => Err(StoreError::during("take the lease of a webhook")(e)),
        }
    }

    /// Ends a lease without a change; does nothing if the lease has already ended.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn release(&self, config: &WebhookConfig, lease: Lease) -> Result<(), StoreError> {
        let update = self
            .update_of(config)
            .update_expression("REMOVE held_until, held_by")
            .condition_expression("held_by = :lease")
            .expression_attribute_values(":lease", lease.attribute())
            .send()
            .await;
        match update {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(is_taken) => Ok(()),
            Err(e) => Err(StoreError::during("release a webhook")(e)),
        }
    }

    /// Whether a webhook is at this revision and nobody is changing it. Credentials that were read before this was asked
    /// then belong to this revision: whoever changes a webhook takes the lease before the connection changes.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn is_settled(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        revision: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        #[derive(Deserialize)]
        struct Standing {
            #[serde(default)]
            revision: u64,
            held_until: Option<Timestamp>,
        }

        let Some(item) = self.item(org_id, config_id.to_string()).await? else { return Ok(false) };
        let standing: Standing = from_item(item)?;
        Ok(standing.revision == revision && standing.held_until.is_none_or(|until| until < now))
    }

    fn update_of(&self, config: &WebhookConfig) -> UpdateItem {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("org_id", s(&config.org_id))
            .key("config_id", s(config.config_id))
    }
}

/// Whether somebody else holds the lease or is writing the item right now.
fn is_taken(error: &UpdateItemError) -> bool {
    error.is_conditional_check_failed_exception() || error.is_transaction_conflict_exception()
}
