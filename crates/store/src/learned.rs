//! How much the receiver of a webhook takes, in the webhook's item (ADR 0052). Whoever changes it has seen what was there.

use hookstep_contract::{Learned, MaxInFlight, WebhookConfig};

use crate::error::unless_forbidden;
use crate::item::{n, s, to_attribute};
use crate::{Configs, StoreError};

impl Configs {
    /// Stores how much the receiver of a webhook takes, unless somebody else has changed what `config` says of it, its limits follow
    /// it no longer, or the webhook is gone. Returns whether it was stored.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn change_learned(&self, config: &WebhookConfig, after: &Learned) -> Result<bool, StoreError> {
        let update = self
            .updating(&config.org_id, config.config_id)
            .update_expression("SET learned = :learned")
            .expression_attribute_values(":learned", to_attribute(after)?)
            .expression_attribute_values(":auto", s(MaxInFlight::AUTO));
        let update = match &config.learned {
            None => update.condition_expression("max_in_flight = :auto AND attribute_not_exists(learned)"),
            Some(before) => update
                .condition_expression("max_in_flight = :auto AND learned.#change = :change")
                .expression_attribute_names("#change", "change")
                .expression_attribute_values(":change", n(before.change)),
        };
        unless_forbidden(update.send().await, "change what is known of how much a receiver takes")
    }
}
