//! Taking a webhook for a change. Its connection cannot be written in one step with its item, so two changes at once could
//! leave the connection of the one beside the config of the other. Whoever changes a webhook holds it first.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::{ConfigId, OrgId, Timestamp, WebhookConfig};

use crate::item::{from_item, n, s};
use crate::{Configs, StoreError};

/// How long a webhook is held by one who never says that he is done: longer than a request may take, which is 30 s at API
/// Gateway.
const HELD: Duration = Duration::from_secs(60);

/// A webhook is held, and nobody else changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    until: Timestamp,
}

impl Hold {
    /// What the item says of it. It is in the item alone: a config that is written over one that was held is not.
    pub(crate) fn attribute(self) -> AttributeValue {
        s(self.until)
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
    pub async fn hold(&self, config: &WebhookConfig, now: Timestamp) -> Result<Option<Hold>, StoreError> {
        // Revision 0 is that of items without one.
        let unchanged = "attribute_exists(config_id) \
            AND (revision = :revision OR (attribute_not_exists(revision) AND :revision = :none)) \
            AND (attribute_not_exists(held_until) OR held_until < :now)";
        let hold = Hold { until: now.plus(HELD) };
        let update = self
            .update_of(config)
            .update_expression("SET held_until = :until")
            .condition_expression(unchanged)
            .expression_attribute_values(":revision", n(config.revision))
            .expression_attribute_values(":none", n(0))
            .expression_attribute_values(":now", s(now))
            .expression_attribute_values(":until", hold.attribute())
            .send()
            .await;
        match update {
            Ok(_) => Ok(Some(hold)),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(None)
            }
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
            .update_expression("REMOVE held_until")
            .condition_expression("held_until = :held")
            .expression_attribute_values(":held", hold.attribute())
            .send()
            .await;
        match update {
            Ok(_) => Ok(()),
            Err(e) if e.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {
                Ok(())
            }
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
