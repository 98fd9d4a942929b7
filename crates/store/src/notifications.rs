//! Whom an org wants to be told about its webhooks, in the table of webhooks: sk `notifications`, which sorts after every
//! config id. And who was told what, in the events table: pk `{org_id}#{config_id}#notifications#{event_id}`, sk
//! `{detail_type}#{address}`.

use hookstep_contract::limits::NOTIFICATION_LIFETIME;
use hookstep_contract::{
    ConfigId, DetailType, EmailAddress, EventId, NotificationSettings, OrgId, Timestamp,
};
use hookstep_tables::Client;

use crate::error::unless_forbidden;
use crate::item::{from_item, n, s, to_item};
use crate::{Configs, StoreError};

const SETTINGS: &str = "notifications";

impl Configs {
    /// Whom an org wants to be told about its webhooks.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn notification_settings(&self, org_id: &OrgId) -> Result<NotificationSettings, StoreError> {
        let found = self.item(org_id, SETTINGS.to_owned()).await?;
        Ok(found.map(from_item).transpose()?.unwrap_or_default())
    }

    /// Stores whom an org wants to be told about its webhooks.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn put_notification_settings(
        &self,
        org_id: &OrgId,
        settings: &NotificationSettings,
    ) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(settings)?))
            .item("org_id", s(org_id))
            .item("config_id", s(SETTINGS))
            .send()
            .await
            .map_err(StoreError::during("store whom an org wants to be told"))?;
        Ok(())
    }
}

/// A message about a change of a webhook, for one address.
#[derive(Clone, Copy, Debug)]
pub struct Notification<'a> {
    /// The tenant.
    pub org_id: &'a OrgId,
    /// The webhook.
    pub config_id: ConfigId,
    /// The event whose delivery showed the change.
    pub event_id: EventId,
    /// The change.
    pub detail_type: DetailType,
    /// Who is told.
    pub email: &'a EmailAddress,
}

/// Who was told what.
#[derive(Clone, Debug)]
pub struct Notifications {
    client: Client,
    table: String,
}

impl Notifications {
    /// What is known in the events table with this name.
    pub fn new(client: impl Into<Client>, table: impl Into<String>) -> Self {
        Self { client: client.into(), table: table.into() }
    }

    /// Claims a message for the caller, who then sends it; returns whether it is the caller's. The bus delivers an event at least
    /// once.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn claim(&self, notification: Notification<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(partition(notification)))
            .item("sk", s(sort_key(notification)))
            .item("expires_at", n(now.plus(NOTIFICATION_LIFETIME).unix_seconds()))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        unless_forbidden(put, "claim a notification")
    }

    /// Gives a message back that the caller could not send.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn release(&self, notification: Notification<'_>) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("pk", s(partition(notification)))
            .key("sk", s(sort_key(notification)))
            .send()
            .await
            .map_err(StoreError::during("give a notification back"))?;
        Ok(())
    }
}

fn partition(Notification { org_id, config_id, event_id, .. }: Notification<'_>) -> String {
    format!("{org_id}#{config_id}#notifications#{event_id}")
}

fn sort_key(Notification { detail_type, email, .. }: Notification<'_>) -> String {
    format!("{detail_type}#{email}")
}
