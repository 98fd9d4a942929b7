//! The events that Hookstep publishes on the bus: how deliveries ended (docs/adr/0019), and what somebody changed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ConfigId, EventId, EventMetadata, HealthState, OrgId, Origin, Outcome, Reason, Timestamp};

/// The prefix of the detail types of all Hookstep events, including `Webhook Trigger`.
const OURS: &str = "Webhook ";

/// Whether a detail type belongs to a Hookstep event rather than to a producer's.
pub fn is_ours(detail_type: &str) -> bool {
    detail_type.starts_with(OURS)
}

/// Which Hookstep events are published on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publish {
    /// The same, and deliveries that succeeded.
    All,
    /// Failed deliveries, how receivers do (webhooks that are degraded, failing, recovered or disabled), and the audit log.
    Failures,
    /// No events.
    Nothing,
}

/// The text is not a valid [`Publish`] setting.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is neither all, failures nor none")]
pub struct InvalidPublish(String);

impl FromStr for Publish {
    type Err = InvalidPublish;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            "failures" => Ok(Self::Failures),
            "none" => Ok(Self::Nothing),
            other => Err(InvalidPublish(other.to_owned())),
        }
    }
}

impl Publish {
    /// Whether events of this type are published.
    pub fn includes(self, detail_type: DetailType) -> bool {
        match self {
            Self::All => true,
            Self::Failures => detail_type != DetailType::DeliverySucceeded,
            Self::Nothing => false,
        }
    }
}

/// The `detail-type` of a Hookstep event; its `source` is `hookstep`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DetailType {
    /// A receiver accepted an event.
    #[serde(rename = "Webhook Delivery Succeeded")]
    DeliverySucceeded,
    /// No further attempt will be made.
    #[serde(rename = "Webhook Delivery Failed")]
    DeliveryFailed,
    /// A webhook was disabled, because its receiver responded with 410 Gone, or has taken no event for days.
    #[serde(rename = "Webhook Disabled")]
    Disabled,
    /// A receiver takes only a part of the events of its webhook.
    #[serde(rename = "Webhook Degraded")]
    Degraded,
    /// A receiver takes no events. They are held back, but for probes.
    #[serde(rename = "Webhook Failing")]
    Failing,
    /// A receiver that was degraded or failing takes events again.
    #[serde(rename = "Webhook Recovered")]
    Recovered,
    /// The client certificate of a webhook expires soon: told when an event is sent.
    #[serde(rename = "Webhook Certificate Expiring")]
    CertificateExpiring,
    /// Somebody changed something: an entry of the audit log.
    #[serde(rename = "Webhook Audit Entry")]
    AuditEntry,
}

impl DetailType {
    /// All detail types.
    pub const ALL: [Self; 8] = [
        Self::DeliverySucceeded,
        Self::DeliveryFailed,
        Self::Disabled,
        Self::Degraded,
        Self::Failing,
        Self::Recovered,
        Self::CertificateExpiring,
        Self::AuditEntry,
    ];

    /// Whether events of this type tell how a webhook does, rather than how a delivery ended.
    pub fn is_about_the_webhook(self) -> bool {
        match self {
            Self::DeliverySucceeded | Self::DeliveryFailed | Self::AuditEntry => false,
            Self::Disabled | Self::Degraded | Self::Failing | Self::Recovered | Self::CertificateExpiring => {
                true
            }
        }
    }

    /// The name used on the bus.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeliverySucceeded => "Webhook Delivery Succeeded",
            Self::DeliveryFailed => "Webhook Delivery Failed",
            Self::Disabled => "Webhook Disabled",
            Self::Degraded => "Webhook Degraded",
            Self::Failing => "Webhook Failing",
            Self::Recovered => "Webhook Recovered",
            Self::CertificateExpiring => "Webhook Certificate Expiring",
            Self::AuditEntry => "Webhook Audit Entry",
        }
    }
}

impl fmt::Display for DetailType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A Hookstep event, as the state machine publishes it on the bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryEvent {
    /// The kind of event.
    pub detail_type: DetailType,
    /// The event's content.
    pub detail: DeliveryDetail,
}

/// The content of a Hookstep event. It never includes a body, a header or a URL, but for the URL's host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook.
    pub config_id: ConfigId,
    /// The event whose delivery ended.
    pub event_id: EventId,
    /// How the event came in.
    pub origin: Origin,
    /// The event type through which the webhook was subscribed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// The producer's own id for the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The event that this event replays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<EventId>,
    /// How many attempts were made.
    pub attempts: u32,
    /// How the last attempt ended; for a failed attempt, the class of the error. Absent when an internal
    /// error ended the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The status of the receiver's last response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Why the delivery failed, or the webhook was disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// How the receiver does, if the event is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookNews>,
    /// When the event was accepted.
    pub created_at: Timestamp,
    /// When the delivery ended.
    pub ended_at: Timestamp,
}

/// What a Hookstep event says about a webhook and its receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookNews {
    /// The webhook's name.
    pub name: String,
    /// The host of its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How the receiver does now.
    pub health: HealthState,
    /// How many attempts had failed in a row, as far as they were counted.
    pub failures: u32,
    /// When the first of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// When an attempt last succeeded before, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// When the client certificate expires, if the event is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_expires_at: Option<Timestamp>,
    /// The page of the webhook in the console, if the deployment knows its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console_url: Option<String>,
}

impl DeliveryDetail {
    /// The fields that every Hookstep event has.
    pub fn of(event: &EventMetadata, attempts: u32, ended_at: Timestamp) -> Self {
        Self {
            org_id: event.org_id.clone(),
            config_id: event.config_id,
            event_id: event.event_id,
            origin: event.origin,
            event_type: event.event_type.clone(),
            correlation_id: event.correlation_id.clone(),
            replay_of: event.replay_of,
            attempts,
            outcome: None,
            status_code: None,
            reason: None,
            webhook: None,
            created_at: event.created_at,
            ended_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_type_is_told_as_it_is_matched() {
        for detail_type in DetailType::ALL {
            assert_eq!(serde_json::to_value(detail_type).unwrap(), detail_type.as_str());
            assert!(is_ours(detail_type.as_str()));
        }
    }

    #[test]
    fn a_switch_leaves_out_what_it_says() {
        let told = |publish: Publish| DetailType::ALL.map(|detail_type| publish.includes(detail_type));
        assert_eq!("all".parse().map(told), Ok([true; 8]));
        assert_eq!("failures".parse().map(told), Ok([false, true, true, true, true, true, true, true]));
        assert_eq!("none".parse().map(told), Ok([false; 8]));
        assert_eq!(
            "some".parse::<Publish>().unwrap_err().to_string(),
            "\"some\" is neither all, failures nor none"
        );
    }
}
