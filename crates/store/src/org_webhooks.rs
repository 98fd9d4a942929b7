//! The webhooks of an org as a whole.

use hookstep_contract::OrgId;

use crate::configs::AFTER_CONFIGS;
use crate::item::s;
use crate::{Configs, StoreError};

impl Configs {
    /// How many webhooks an org has.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn count(&self, org_id: &OrgId) -> Result<usize, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("org_id = :org AND config_id < :end")
            .projection_expression("config_id")
            .expression_attribute_values(":org", s(org_id))
            .expression_attribute_values(":end", s(AFTER_CONFIGS))
            .into_pages();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let found = page.map_err(StoreError::during("count webhooks"))?.count;
            count += usize::try_from(found).unwrap_or_default();
        }
        Ok(count)
    }
}
