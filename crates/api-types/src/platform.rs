//! What a platform sees of all its orgs.

use hookstep_contract::{ConfigId, EventId, OrgId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Health, Receiver, schema};

/// Webhooks of all orgs that somebody should look at. Each list has the most urgent ones of a part of the webhooks first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformOverview {
    /// Receivers that take no events, and then those that take only a part of them; those with the most failures in a row first.
    pub failing: Vec<FailingReceiver>,
    /// Webhooks whose events wait in a lane, for their turn or for their receiver; those that have waited longest first.
    pub waiting: Vec<WaitingWebhook>,
    /// Client certificates that have expired, or expire within 30 days; those that end earliest first.
    pub certificates: Vec<ExpiringCertificate>,
    /// At how many webhooks was looked for what waits: those that hold events back or send only so many at once.
    pub lanes_looked_at: u64,
    /// What to send as `cursor` for the rest of the webhooks; null if all were looked at.
    pub next_cursor: Option<String>,
}

/// A receiver that does not take all events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailingReceiver {
    /// The org of the webhook.
    #[schema(value_type = schema::OrgId)]
    pub org_id: OrgId,
    /// The webhook.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// Its name.
    pub name: String,
    /// The host of its URL.
    pub host: Option<String>,
    /// How the receiver does.
    pub health: Health,
    /// What is known about it.
    pub receiver: Receiver,
}

/// A webhook whose events wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingWebhook {
    /// The org of the webhook.
    #[schema(value_type = schema::OrgId)]
    pub org_id: OrgId,
    /// The webhook.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// Its name.
    pub name: String,
    /// The event that was accepted first of those that wait.
    #[schema(value_type = schema::EventId)]
    pub event_id: EventId,
    /// Since when it waits for its next attempt.
    #[schema(value_type = schema::Timestamp)]
    pub since: Timestamp,
}

/// A client certificate that ends soon, or has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExpiringCertificate {
    /// The org of the webhook.
    #[schema(value_type = schema::OrgId)]
    pub org_id: OrgId,
    /// The webhook.
    #[schema(value_type = schema::ConfigId)]
    pub config_id: ConfigId,
    /// Its name.
    pub name: String,
    /// The subject of the certificate.
    pub subject: String,
    /// The end of its validity.
    #[schema(value_type = schema::Timestamp)]
    pub not_after: Timestamp,
}
