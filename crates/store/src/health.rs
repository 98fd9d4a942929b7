//! What is known about the receiver of a webhook, in the webhook's item (ADR 0049). Whoever changes it has seen what was there.

use std::time::Duration;

use hookstep_contract::{CertificateWarning, ConfigId, Health, OrgId, Timestamp, WebhookConfig};

use crate::error::unless_forbidden;
use crate::item::{n, s, to_attribute};
use crate::{Configs, StoreError};

impl Configs {
    /// Stores what is known about a webhook's receiver, or removes it if the receiver is healthy, unless somebody else has changed
    /// what was `before`, or the webhook is gone. Returns whether it was stored.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn change_health(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        before: Option<&Health>,
        after: Option<&Health>,
    ) -> Result<bool, StoreError> {
        let mut update = self.updating(org_id, config_id);
        update = match before {
            None => {
                update.condition_expression("attribute_exists(config_id) AND attribute_not_exists(health)")
            }
            Some(health) => update
                .condition_expression("health.#change = :change")
                .expression_attribute_names("#change", "change")
                .expression_attribute_values(":change", n(health.change)),
        };
        update = match after {
            None => update.update_expression("REMOVE health"),
            Some(health) => update
                .update_expression("SET health = :health")
                .expression_attribute_values(":health", to_attribute(health)?),
        };
        unless_forbidden(update.send().await, "change the health of a webhook")
    }

    /// Notes since when the receiver of a webhook is slow, or that it is not any more, unless somebody else has.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn note_slow(
        &self,
        config: &WebhookConfig,
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let update = self.updating(&config.org_id, config.config_id);
        let update = match since {
            Some(since) => update
                .update_expression("SET slow_since = :since")
                .condition_expression("attribute_exists(config_id) AND attribute_not_exists(slow_since)")
                .expression_attribute_values(":since", s(since)),
            None => update
                .update_expression("REMOVE slow_since")
                .condition_expression("attribute_exists(slow_since)"),
        };
        unless_forbidden(update.send().await, "note how long a receiver takes").map(drop)
    }

    /// Notes what the owner of a webhook is told about the end of its client certificate; returns whether nobody else has noted it.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn warn_of_certificate(
        &self,
        config: &WebhookConfig,
        warning: &CertificateWarning,
    ) -> Result<bool, StoreError> {
        let update = self
            .updating(&config.org_id, config.config_id)
            .update_expression("SET certificate_warning = :warning")
            .condition_expression(
                "certificate.fingerprint = :fingerprint AND (attribute_not_exists(certificate_warning) OR \
                 NOT certificate_warning.fingerprint = :fingerprint OR certificate_warning.#days > :days)",
            )
            .expression_attribute_names("#days", "days")
            .expression_attribute_values(":warning", to_attribute(warning)?)
            .expression_attribute_values(":fingerprint", s(&warning.fingerprint))
            .expression_attribute_values(":days", n(warning.days));
        unless_forbidden(update.send().await, "note a warning about a certificate")
    }

    /// Claims the next probe of a webhook's receiver, of which one may be under way at a time; returns the health with the probe if
    /// it is the caller's.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn claim_probe(
        &self,
        config: &WebhookConfig,
        now: Timestamp,
    ) -> Result<Option<Health>, StoreError> {
        let timeout = Duration::from_secs(config.fields.timeout_seconds.into());
        let Some(health) = &config.health else { return Ok(None) };
        let Some(probing) = health.probing(now, timeout) else { return Ok(None) };
        let is_ours =
            self.change_health(&config.org_id, config.config_id, Some(health), Some(&probing)).await?;
        Ok(is_ours.then_some(probing))
    }

    /// Gives back a claimed probe that was not made. If it was made and its result is known, nothing happens.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn return_probe(
        &self,
        org_id: &OrgId,
        config_id: ConfigId,
        claimed: &Health,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(unprobed) = claimed.unprobed(now) else { return Ok(()) };
        self.change_health(org_id, config_id, Some(claimed), Some(&unprobed)).await.map(drop)
    }
}
