//! A webhook: where to send, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::{
    DEFAULT_SCHEDULE_SECS, DEFAULT_TIMEOUT_SECS, MAX_PAUSE_SECS, MAX_RETRIES, MAX_TIMEOUT_SECS,
};
use crate::object::Object;
use crate::{
    Auth, CertificateInfo, ConfigId, Filter, Lifetime, OrgId, PayloadRules, Timestamp, Tls, Transform,
    event_types, payload_rules,
};

/// What is wrong with which field of a request; both parts are for the one who sent it.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{field}: {reason}")]
pub struct FieldError {
    /// The field, as a path: `retry.schedule_seconds`.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// When to send again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The pause before each attempt after the first, in seconds; empty for no retries.
    pub schedule_seconds: Vec<u32>,
}

impl Default for Retry {
    fn default() -> Self {
        Self { schedule_seconds: DEFAULT_SCHEDULE_SECS.to_vec() }
    }
}

/// What the owner of a webhook sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFields {
    /// A name for people.
    pub name: String,
    /// The receiver.
    pub url: String,
    /// The HTTP method.
    #[serde(default = "default_method")]
    pub method: String,
    /// Whether events are sent; otherwise they are recorded as skipped.
    #[serde(default = "default_enabled")]
    pub enabled: bool,
    /// Headers to send along. Not for credentials: the state machine's history shows them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How a request says who it is. Left out of a request: as it was.
    #[serde(default, deserialize_with = "Auth::read", skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// TLS beyond the public authorities. Left out of a request: as it was.
    #[serde(default, deserialize_with = "Tls::read", skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The longest an attempt may take, the body read included, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u32,
    /// When to send again.
    #[serde(default, deserialize_with = "Object::read")]
    pub retry: Retry,
    /// Which events of the bus to send, by their type: a name, a prefix (`order.*`), or `*` for all.
    #[serde(default)]
    pub event_types: Vec<String>,
    /// Which events are sent; the others are recorded as skipped. Null for all.
    #[serde(
        default,
        deserialize_with = "payload_rules::object_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub filter: Option<Filter>,
    /// What is sent in the place of the body. Null for the body itself.
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

/// Checks the name of a webhook or of a token.
///
/// # Errors
/// The field `name`.
pub fn check_name(name: &str) -> Result<(), FieldError> {
    if (1..=100).contains(&name.trim().chars().count()) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(FieldError::new("name", "must be 1 to 100 characters, without control characters"))
}

impl ConfigFields {
    /// The methods a webhook may use. GET and HEAD carry no body, so they deliver nothing.
    pub const METHODS: [&'static str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

    /// Checks everything but URLs, headers and certificates, which the egress policy checks, `auth`, and the syntax of
    /// expressions.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), FieldError> {
        check_name(&self.name)?;
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
        event_types::check(&self.event_types)?;
        PayloadRules::of(self).unwrap_or_default().check()
    }
}

/// A webhook as the table holds it and the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookConfig {
    /// Its tenant.
    pub org_id: OrgId,
    /// Its id.
    pub config_id: ConfigId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    // `deliver` reads its credentials again when it is told of a later one than it knows.
    /// Counts its changes. 0 for one that was never written by a version that has credentials.
    #[serde(default)]
    pub revision: u64,
    /// Its signing secrets, newest first: not the secrets, only how long each signs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signing_secrets: Vec<Lifetime>,
    /// What its client certificate says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateInfo>,
    /// Why we disabled it, when it was not its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// What its owner set.
    #[serde(flatten)]
    pub fields: ConfigFields,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> ConfigFields {
        serde_json::from_str(json).unwrap()
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
    fn a_stored_config_reads_back() {
        let json = r#"{"org_id":"acme","config_id":"0190a000-0000-7000-8000-00000000000a","created_at":"2026-01-02T03:04:05.678Z","updated_at":"2026-01-02T03:04:05.678Z","revision":2,"signing_secrets":[{"created_at":"2026-01-02T03:04:05.678Z"}],"name":"n","url":"https://example.com/","method":"POST","enabled":true,"headers":{"a":"b"},"auth":{"type":"basic","username":"u"},"timeout_seconds":30,"retry":{"schedule_seconds":[5]},"event_types":["order.*"]}"#;
        let config: WebhookConfig = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&config).unwrap(), json);
    }
}
