//! Taking a webhook for a change. Its connection cannot be written in one step with its item, so two changes at once could
//! leave the connection of the one beside the config of the other. Whoever changes a webhook holds it first.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use hookstep_ambient::Sources;
use hookstep_contract::{ConfigId, OrgId, WebhookConfig};

use crate::item::{from_item, n, s};
use crate::{Configs, StoreError};

/// How long a webhook is held by one who never says that he is done: longer than a request may take, which is 30 s at API
/// Gateway.
const HELD: Duration = Duration::from_secs(60);

/// A webhook is held, and nobody else changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    id: String,
}

impl Hold {
    /// What the item says of it. It is in the item alone: a config that is written over one that was held is not.
    pub(crate) fn attribute(&self) -> AttributeValue {
        s(&self.id)
    }
}

impl Configs {
    /// One webhook of `org_id` with every change that was ever answered, to be changed again.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn latest(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
    ) -> Result<Option<WebhookConfig>, StoreError> {
        self.item(org_id, config_id.to_string()).await?.map(from_item).transpose()
    }

    /// Holds a webhook that is still as it was read; `None` when it is not, when it is gone and while somebody else holds it.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn hold(&self, config: &WebhookConfig, sources: &Sources) -> Result<Option<Hold>, StoreError> {
        // Revision 0 is that of items without one. The SDK sends again what it has no answer to: its own hold is no obstacle.
        let unchanged = "attribute_exists(config_id) \
            AND (revision = :revision OR (attribute_not_exists(revision) AND :revision = :none)) \
            AND (attribute_not_exists(held_until) OR held_until < :now OR held_by = :hold)";
        let (now, hold) = (sources.now(), Hold { id: (sources.new_id)().to_string() });
        let update = self
            .update_of(config)
            .update_expression("SET held_until = :until, held_by = :hold")
            .condition_expression(unchanged)
            .expression_attribute_values(":revision", n(config.revision))
            .expression_attribute_values(":none", n(0))
            .expression_attribute_values(":now", s(now))
            .expression_attribute_values(":until", s(now.plus(HELD)))
            .expression_attribute_values(":hold", hold.attribute())
            .send()
            .await;
        match update {
            Ok(_) => Ok(Some(hold)),
            Err(e) if e.as_service_error().is_some_and(is_taken) => Ok(None),
            Err(e) => Err(StoreError::during("hold a webhook")(e)),
        }
    }

    /// Ends a hold without a change; does nothing when it has ended already.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn release(&self, config: &WebhookConfig, hold: Hold) -> Result<(), StoreError> {
        let update = self
            .update_of(config)
            .update_expression("REMOVE held_until, held_by")
            .condition_expression("held_by = :hold")
            .expression_attribute_values(":hold", hold.attribute())
            .send()
            .await;
        match update {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(is_taken) => Ok(()),
            Err(e) => Err(StoreError::during("release a webhook")(e)),
        }
    }

    fn update_of(&self, config: &WebhookConfig) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("org_id", s(&config.org_id))
            .key("config_id", s(config.config_id))
    }
}

/// Whether somebody else has the item, or is writing it at this very moment.
fn is_taken(error: &UpdateItemError) -> bool {
    error.is_conditional_check_failed_exception() || error.is_transaction_conflict_exception()
}
