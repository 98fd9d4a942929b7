//! A webhook's config: where to send events, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::{
    DEFAULT_SCHEDULE_SECS, DEFAULT_TIMEOUT_SECS, JITTER, MAX_PAUSE_SECS, MAX_RETRIES, MAX_SHARDS,
    MAX_TIMEOUT_SECS, RETENTION_MARGIN,
};
use crate::object::Object;
use crate::{
    Auth, CertificateInfo, CertificateWarning, CloudEvents, ConfigId, Delivery, ExtraSignature, Filter,
    Health, LaneLimits, Learned, Lifetime, MaxInFlight, Ordering, OrgId, PayloadRules, RateLimit, Timestamp,
    Tls, Transform, check_event_headers, event_types, payload_rules,
};

/// An invalid field in a request; both texts are for the client that sent it.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{field}: {reason}")]
pub struct FieldError {
    /// The field's path, such as `retry.schedule_seconds`.
    pub field: String,
    /// What is wrong with the field.
    pub reason: String,
}

impl FieldError {
    /// An error in `field`.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// The retry schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The pause before each retry, in seconds; empty for no retries.
    pub schedule_seconds: Vec<u32>,
}

impl Default for Retry {
    fn default() -> Self {
        Self { schedule_seconds: DEFAULT_SCHEDULE_SECS.to_vec() }
    }
}

/// The settings made by a webhook's owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFields {
    /// A human-readable name.
    pub name: String,
    /// The receiver's URL.
    pub url: String,
    /// The HTTP method.
    #[serde(default = "default_method")]
    pub method: String,
    /// Whether events are sent; otherwise they are recorded as skipped.
    #[serde(default = "default_enabled")]
    pub enabled: bool,
    /// Additional request headers. Not for credentials, because the state machine's history shows them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers whose values are made from the event and its body, by templates.
    #[serde(default)]
    pub event_headers: BTreeMap<String, String>,
    /// How events are sent as CloudEvents. Null to send the body as it is.
    #[serde(
        default,
        deserialize_with = "payload_rules::object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub cloud_events: Option<CloudEvents>,
    /// One more signature of each request, in a format that the receiver verifies already. Null for none.
    #[serde(
        default,
        deserialize_with = "payload_rules::object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub extra_signature: Option<ExtraSignature>,
    /// How a request authenticates. If absent from an API request, it stays unchanged.
    #[serde(default, deserialize_with = "Auth::read", skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// TLS settings beyond the public certificate authorities. If absent from an API request, they stay
    /// unchanged.
    #[serde(default, deserialize_with = "Tls::read", skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The timeout of an attempt, including reading the response body, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u32,
    /// The retry schedule.
    #[serde(default, deserialize_with = "Object::read")]
    pub retry: Retry,
    /// How many attempts may be in flight at once. Null for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<MaxInFlight>,
    /// How many attempts may begin in a period. Null for no limit.
    #[serde(
        default,
        deserialize_with = "payload_rules::object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub rate_limit: Option<RateLimit>,
    /// The order in which events are sent. Null for none.
    #[serde(
        default,
        deserialize_with = "payload_rules::object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub ordering: Option<Ordering>,
    /// How attempts are made. Null for direct, or queued while the receiver is slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// Over how many partitions of the table new events are spread, from 1 to [`MAX_SHARDS`]. If absent from an API
    /// request, it stays unchanged; it is never lowered, because lists have to find the older events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u16>,
    /// The types of events on the bus to send: a name, a prefix (`order.*`), or `*` for all.
    #[serde(default)]
    pub event_types: Vec<String>,
    /// The versions of event types that the webhook pins, by the names of the types: of them, it gets only payloads that satisfy the
    /// schema of that version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub event_type_versions: BTreeMap<String, String>,
    /// Which events are sent; others are recorded as skipped. Null for all.
    #[serde(
        default,
        deserialize_with = "payload_rules::object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub filter: Option<Filter>,
    /// What is sent in place of the body. Null for the body itself.
    #[serde(
        default,
        deserialize_with = "payload_rules::object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub transform: Option<Transform>,
}

fn default_method() -> String {
    "POST".to_owned()
}

fn default_enabled() -> bool {
    true
}

fn default_timeout() -> u32 {
    DEFAULT_TIMEOUT_SECS
}

impl ConfigFields {
    /// The methods that a webhook may use. GET and HEAD have no body, so they would deliver nothing.
    pub const METHODS: [&'static str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

    /// Checks everything except for URLs, headers and certificates, which the egress policy checks, the
    /// characters of the name, `auth`, and expressions.
    ///
    /// # Errors
    /// If a field is invalid: the first such field.
    pub fn check(&self) -> Result<(), FieldError> {
        crate::name::check_length(&self.name)?;
        if !Self::METHODS.contains(&self.method.as_str()) {
            return Err(FieldError::new("method", format!("must be one of {}", Self::METHODS.join(", "))));
        }
        if !(1..=MAX_TIMEOUT_SECS).contains(&self.timeout_seconds) {
            return Err(FieldError::new("timeout_seconds", format!("must be 1 to {MAX_TIMEOUT_SECS}")));
        }
        let schedule = &self.retry.schedule_seconds;
        if schedule.len() > MAX_RETRIES {
            return Err(FieldError::new(
                "retry.schedule_seconds",
                format!("must have at most {MAX_RETRIES} pauses"),
            ));
        }
        if schedule.iter().any(|pause| !(1..=MAX_PAUSE_SECS).contains(pause)) {
            return Err(FieldError::new(
                "retry.schedule_seconds",
                format!("every pause must be 1 to {MAX_PAUSE_SECS} seconds"),
            ));
        }
        if !(1..=MAX_SHARDS).contains(&self.shards()) {
            return Err(FieldError::new("shards", format!("must be 1 to {MAX_SHARDS}")));
        }
        check_event_headers(&self.event_headers)?;
        self.cloud_events.iter().try_for_each(CloudEvents::check)?;
        self.extra_signature.iter().try_for_each(ExtraSignature::check)?;
        LaneLimits::check(self)?;
        self.ordering.iter().try_for_each(Ordering::check)?;
        event_types::check(&self.event_types)?;
        event_types::check_pins(&self.event_type_versions)?;
        PayloadRules::of(self).unwrap_or_default().check()
    }

    /// Over how many partitions new events are spread.
    pub fn shards(&self) -> u16 {
        self.shards.unwrap_or(1)
    }

    /// Takes over the number of partitions that the webhook has, if the request leaves it out.
    ///
    /// # Errors
    /// If the request lowers it: the events in the other partitions would no longer be found.
    pub fn keep_shards(&mut self, before: Option<&Self>) -> Result<(), FieldError> {
        let least = before.map_or(1, Self::shards);
        let shards = self.shards.unwrap_or(least);
        if shards < least {
            let reason = format!("must be at least {least}, its value now: it cannot be lowered");
            return Err(FieldError::new("shards", reason));
        }
        self.shards = Some(shards);
        Ok(())
    }

    /// Checks that an event outlives its retries: after its retention there would be nothing left to retry.
    ///
    /// # Errors
    /// If the schedule may end later than [`RETENTION_MARGIN`] before the end of the retention.
    pub fn check_retention(&self, retention: Duration) -> Result<(), FieldError> {
        let longest = self.longest_delivery();
        if longest + RETENTION_MARGIN <= retention {
            return Ok(());
        }
        let (longest, retention) = (longest.as_secs().div_ceil(3600), retention.as_secs() / 3600);
        Err(FieldError::new(
            "retry.schedule_seconds",
            format!(
                "takes up to {longest} hours, and events are kept for {retention}: it must end a day before that"
            ),
        ))
    }

    /// The longest time from the first attempt to the end of the last one by this schedule. A receiver can
    /// extend it with `Retry-After`.
    pub(crate) fn longest_delivery(&self) -> Duration {
        let pauses: Duration =
            self.retry.schedule_seconds.iter().map(|pause| Duration::from_secs((*pause).into())).sum();
        let attempts = self.retry.schedule_seconds.len() + 1;
        let calls = Duration::from_secs(u64::from(self.timeout_seconds) * attempts as u64);
        pauses.mul_f64(1.0 + JITTER) + calls
    }
}

/// A webhook as stored in the table and shown by the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookConfig {
    /// The tenant.
    pub org_id: OrgId,
    /// The webhook's id.
    pub config_id: ConfigId,
    /// When the webhook was created.
    pub created_at: Timestamp,
    /// When the webhook last changed.
    pub updated_at: Timestamp,
    // `deliver` reads the credentials again when it encounters a later revision than the cached one.
    /// Incremented with each change. 0 if the webhook was last written by a version without credentials.
    #[serde(default)]
    pub revision: u64,
    /// How long each signing secret signs, newest first; without the secrets themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_secrets: Vec<Lifetime>,
    /// Details of the client certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateInfo>,
    /// Why Hookstep disabled the webhook; absent if its owner did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// How the receiver does; absent if it is healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Since when the receiver is known to be slow; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_since: Option<Timestamp>,
    /// How much the receiver takes, if the limits follow it and something has been learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
    /// What the owner was last told about the end of the client certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_warning: Option<CertificateWarning>,
    /// The owner's settings.
    #[serde(flatten)]
    pub fields: ConfigFields,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    fn fields(json: &str) -> ConfigFields {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_schedule_ends_a_day_before_the_retention() {
        let webhook = |schedule: &[u32]| {
            let json = serde_json::json!({
                "name": "n", "url": "https://example.com", "retry": {"schedule_seconds": schedule},
            });
            fields(&json.to_string())
        };
        let default = webhook(&DEFAULT_SCHEDULE_SECS);
        for (days, webhook, holds) in [
            (7, &default, true),
            (4, &default, false),
            (7, &webhook(&[86_400; 5]), true),
            (7, &webhook(&[86_400; 6]), false),
            (30, &webhook(&[86_400; MAX_RETRIES]), true),
            (1, &webhook(&[]), false),
        ] {
            let checked = webhook.check_retention(limits::days(days));
            let field = checked.as_ref().err().map(|error| error.field.as_str());
            assert_eq!(field, (!holds).then_some("retry.schedule_seconds"), "{days}: {checked:?}");
        }
        let told = default.check_retention(limits::days(4)).unwrap_err().reason;
        assert_eq!(told, "takes up to 84 hours, and events are kept for 96: it must end a day before that");
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let fields = fields(r#"{"name": "n", "url": "https://example.com"}"#);
        assert_eq!((fields.method.as_str(), fields.enabled, fields.timeout_seconds), ("POST", true, 30));
        assert_eq!(fields.retry.schedule_seconds, [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]);
        assert_eq!(fields.check(), Ok(()));
    }

    #[test]
    fn a_wrong_field_is_named() {
        let cases = [
            (r#"{"name": " ", "url": ""}"#, "name"),
            (r#"{"name": "n", "url": "", "method": "GET"}"#, "method"),
            (r#"{"name": "n", "url": "", "timeout_seconds": 841}"#, "timeout_seconds"),
            (r#"{"name": "n", "url": "", "timeout_seconds": 0}"#, "timeout_seconds"),
            (r#"{"name": "n", "url": "", "retry": {"schedule_seconds": [0]}}"#, "retry.schedule_seconds"),
            (r#"{"name": "n", "url": "", "shards": 0}"#, "shards"),
            (r#"{"name": "n", "url": "", "shards": 65}"#, "shards"),
        ];
        for (json, field) in cases {
            assert_eq!(fields(json).check().unwrap_err().field, field);
        }
    }

    #[test]
    fn what_is_left_out_is_kept_and_null_clears() {
        let left_out = fields(r#"{"name": "n", "url": ""}"#);
        assert_eq!((left_out.auth, left_out.tls), (None, None));
        let cleared = fields(r#"{"name": "n", "url": "", "auth": null, "tls": null}"#);
        assert_eq!((cleared.auth, cleared.tls), (Some(Auth::None), Some(Tls::default())));
    }

    #[test]
    fn shards_are_raised_or_kept_and_never_lowered() {
        let with = |shards: Option<u16>| {
            let json = serde_json::json!({"name": "n", "url": "https://example.com", "shards": shards});
            fields(&json.to_string())
        };
        for (before, request, after) in [
            (None, None, Some(1)),
            (None, Some(8), Some(8)),
            (Some(None), None, Some(1)),
            (Some(None), Some(2), Some(2)),
            (Some(Some(8)), None, Some(8)),
            (Some(Some(8)), Some(8), Some(8)),
            (Some(Some(8)), Some(64), Some(64)),
            (Some(Some(8)), Some(7), None),
        ] {
            let mut fields = with(request);
            let kept = fields.keep_shards(before.map(with).as_ref());
            assert_eq!(kept.is_ok().then_some(fields.shards).flatten(), after, "{before:?} {request:?}");
        }
    }

    #[test]
    fn a_stored_config_reads_back() {
        let json = r#"{"org_id":"acme","config_id":"0190a000-0000-7000-8000-00000000000a","created_at":"2026-01-02T03:04:05.678Z","updated_at":"2026-01-02T03:04:05.678Z","revision":2,"signing_secrets":[{"created_at":"2026-01-02T03:04:05.678Z"}],"name":"n","url":"https://example.com/","method":"POST","enabled":true,"headers":{"a":"b"},"event_headers":{},"auth":{"type":"basic","username":"u"},"timeout_seconds":30,"retry":{"schedule_seconds":[5]},"event_types":["order.*"]}"#;
        let config: WebhookConfig = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&config).unwrap(), json);
    }
}
