//! Webhooks of all orgs that a platform has to look at.

use hookstep_contract::WebhookConfig;

use crate::configs::AFTER_CONFIGS;
use crate::item::{Item, from_item, s};
use crate::{Configs, StoreError};

impl Configs {
    /// The webhooks, of all orgs, that have a receiver that does not take all events, a client certificate, or something for which
    /// events wait. Goes through the table after the key `after`, with up to `pages` requests of a megabyte each; returns where to
    /// go on, unless it has come to the end.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn remarkable(
        &self,
        after: Option<(String, String)>,
        pages: usize,
    ) -> Result<(Vec<WebhookConfig>, Option<(String, String)>), StoreError> {
        let key = |(org_id, config_id): (String, String)| {
            Item::from([("org_id".to_owned(), s(org_id)), ("config_id".to_owned(), s(config_id))])
        };
        let (mut found, mut start) = (Vec::new(), after.map(key));
        for _ in 0..pages {
            let page = self
                .client
                .scan()
                .table_name(&self.table)
                .filter_expression(
                    "config_id < :end AND (attribute_exists(health) OR attribute_exists(certificate) OR \
                     attribute_exists(max_in_flight) OR attribute_exists(rate_limit) OR attribute_exists(ordering))",
                )
                .expression_attribute_values(":end", s(AFTER_CONFIGS))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(StoreError::during("go through all webhooks"))?;
            for item in page.items.unwrap_or_default() {
                found.push(from_item(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok((found, None));
            }
        }
        let part = |name: &str| start.as_ref()?.get(name)?.as_s().ok().cloned();
        Ok((found, part("org_id").zip(part("config_id"))))
    }
}
