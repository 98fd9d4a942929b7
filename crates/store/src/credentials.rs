//! The items in the table of webhooks that only `deliver` reads: the credentials of a webhook, sk
//! `secrets#{config_id}`, and the key of its org, sk `signing-key`. Both sort after every config id, so
//! listing webhooks does not read them.

use hookstep_contract::{ConfigId, Credentials, OrgId, OrgKey};

use crate::error::unless_forbidden;
use crate::item::{Item, from_item, s};
use crate::{Configs, StoreError};

const ORG_KEY: &str = "signing-key";

impl Configs {
    /// The current credentials of a webhook; `None` if it was deleted.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn credentials(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
    ) -> Result<Option<Credentials>, StoreError> {
        let found = self.item(org_id, sort_key(config_id)).await?;
        found
            .map(|mut item| {
                item.insert("config_id".to_owned(), s(config_id));
                from_item(item)
            })
            .transpose()
    }

    /// The key of an org, if it has one.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn org_key(&self, org_id: &OrgId) -> Result<Option<OrgKey>, StoreError> {
        self.item(org_id, ORG_KEY.to_owned()).await?.map(from_item).transpose()
    }

    /// Stores the key of an org unless it already has one.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn create_org_key(&self, key: &OrgKey) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(crate::item::to_item(key)?))
            .item("config_id", s(ORG_KEY))
            .condition_expression("attribute_not_exists(config_id)")
            .send()
            .await;
        unless_forbidden(put, "create an org's key").map(drop)
    }

    /// Stores the keys of an org unless they have changed since they were read; returns whether it did.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn replace_org_key(&self, before: &OrgKey, key: &OrgKey) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(crate::item::to_item(key)?))
            .item("config_id", s(ORG_KEY))
            .condition_expression("public_key = :before")
            .expression_attribute_values(":before", s(&before.public_key))
            .send()
            .await;
        unless_forbidden(put, "replace an org's key")
    }

    /// Reads an item consistently.
    pub(crate) async fn item(&self, org_id: &OrgId, sort_key: String) -> Result<Option<Item>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("org_id", s(org_id))
            .key("config_id", s(sort_key))
            // After a credential is changed, the next attempt must use the new one.
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::during("read an item of an org"))?;
        Ok(found.item)
    }
}

pub(crate) fn sort_key(config_id: ConfigId) -> String {
    format!("secrets#{config_id}")
}

/// Converts the credentials of a webhook to an item.
pub(crate) fn to_item(credentials: &Credentials) -> Result<Item, StoreError> {
    let mut item = crate::item::to_item(credentials)?;
    item.insert("config_id".to_owned(), s(sort_key(credentials.config_id)));
    Ok(item)
}
