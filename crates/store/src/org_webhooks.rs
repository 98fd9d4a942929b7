//! The webhooks of an org as a whole.

use hookstep_contract::{ConfigId, OrgId};
use hookstep_tables::Query;
use serde::Deserialize;

use crate::configs::AFTER_CONFIGS;
use crate::item::{from_item, s};
use crate::{Configs, Partitions, StoreError};

/// What is needed of a webhook to find its events.
#[derive(Deserialize)]
struct Place {
    config_id: ConfigId,
    shards: Option<u16>,
    url: Option<String>,
}

impl Configs {
    /// How many webhooks an org has.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn count(&self, org_id: &OrgId) -> Result<usize, StoreError> {
        let mut pages = self.of_org(org_id).projection_expression("config_id").into_pages();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let found = page.map_err(StoreError::during("count webhooks"))?.count;
            count += usize::try_from(found).unwrap_or_default();
        }
        Ok(count)
    }

    /// Where the events of the webhooks of an org are. The webhooks are read from the index, which has few bytes of each.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn partitions(&self, org_id: &OrgId) -> Result<Vec<Partitions>, StoreError> {
        let query = self.of_org(org_id).index_name(Self::SUBSCRIPTIONS);
        self.places(org_id, query.projection_expression("config_id, shards"), |_| true).await
    }

    /// Where the events of those webhooks of an org are whose `url` satisfies `is_wanted`. Reads whole webhooks.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn partitions_of(
        &self,
        org_id: &OrgId,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Partitions>, StoreError> {
        let query = self.of_org(org_id).expression_attribute_names("#url", "url");
        let query = query.projection_expression("config_id, shards, #url");
        self.places(org_id, query, |place| place.url.as_deref().is_some_and(&is_wanted)).await
    }

    pub(crate) fn of_org(&self, org_id: &OrgId) -> Query {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("org_id = :org AND config_id < :end")
            .expression_attribute_values(":org", s(org_id))
            .expression_attribute_values(":end", s(AFTER_CONFIGS))
    }

    async fn places(
        &self,
        org_id: &OrgId,
        query: Query,
        is_wanted: impl Fn(&Place) -> bool,
    ) -> Result<Vec<Partitions>, StoreError> {
        let mut items = query.into_items();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let place: Place = from_item(item.map_err(StoreError::during("read the webhooks of an org"))?)?;
            if is_wanted(&place) {
                found.push(Partitions::of_shards(org_id.clone(), place.config_id, place.shards.unwrap_or(1)));
            }
        }
        Ok(found)
    }
}
