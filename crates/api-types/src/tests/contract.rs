//! The schemas of the contract's types, held against what serde reads and writes of them.

use std::collections::BTreeSet;

use hookstep_contract as contract;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::conformance::mismatch;
use super::{schema, schemas};
use crate::names::names;
use crate::schema;

/// The properties of a schema are the fields that serde reads.
fn same_fields<S: ToSchema, T: for<'de> Deserialize<'de>>() {
    let schema = schema::<S>();
    let properties: BTreeSet<&str> =
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(properties, BTreeSet::from_iter(names::<T>().iter().copied()), "{}", S::name());
}

#[test]
fn every_structure_has_the_fields_of_the_contracts() {
    same_fields::<schema::AuthReport, contract::AuthReport>();
    same_fields::<schema::CertificateInfo, contract::CertificateInfo>();
    same_fields::<schema::CloudEvents, contract::CloudEvents>();
    same_fields::<schema::Condition, contract::Condition>();
    same_fields::<schema::ConfigFields, contract::ConfigFields>();
    same_fields::<schema::Filter, contract::Filter>();
    same_fields::<schema::Lifetime, contract::Lifetime>();
    same_fields::<schema::Parameter, contract::Parameter>();
    same_fields::<schema::RateLimit, contract::RateLimit>();
    same_fields::<schema::OrgLimits, contract::OrgLimits>();
    same_fields::<schema::Ordering, contract::Ordering>();
    same_fields::<schema::Retry, contract::Retry>();
    same_fields::<schema::Timings, contract::Timings>();
    same_fields::<schema::Tls, contract::Tls>();
    same_fields::<schema::Transform, contract::Transform>();
    same_fields::<schema::Theme, contract::Theme>();
    same_fields::<schema::Palette, contract::Palette>();
}

#[test]
fn the_variants_of_auth_have_its_fields() {
    let schema = schema::<schema::Auth>();
    let variants = schema["oneOf"].as_array().unwrap();
    let fields = variants.iter().flat_map(|variant| variant["properties"].as_object().unwrap().keys());
    let expected = BTreeSet::from_iter(names::<contract::Auth>().iter().copied());
    assert_eq!(BTreeSet::from_iter(fields.map(String::as_str)), expected);
}

#[test]
fn the_variants_of_an_extra_signature_have_its_fields() {
    let schema = schema::<schema::ExtraSignature>();
    let variants = schema["oneOf"].as_array().unwrap();
    let fields = variants.iter().flat_map(|variant| variant["properties"].as_object().unwrap().keys());
    let expected = BTreeSet::from_iter(names::<contract::ExtraSignature>().iter().copied());
    assert_eq!(BTreeSet::from_iter(fields.map(String::as_str)), expected);
    let kinds = variants.iter().map(|variant| variant["title"].as_str().unwrap());
    assert_eq!(kinds.collect::<Vec<_>>(), names::<contract::SignatureKind>());
}

#[test]
fn every_enum_names_its_variants() {
    for (schema, first, last) in [
        (schema::<schema::Status>(), "scheduled", "skipped"),
        (schema::<schema::Origin>(), "api", "test"),
        (schema::<schema::Outcome>(), "succeeded", "failed_platform"),
        (schema::<schema::ReplayStatus>(), "in_progress", "failed"),
        (schema::<schema::Scope>(), "trigger", "platform"),
        (schema::<schema::AuditAction>(), "webhook.create", "org.delete"),
        (schema::<schema::AuditOutcome>(), "started", "failed"),
        (schema::<schema::PortalRole>(), "view", "manage_secrets"),
        (schema::<schema::Locale>(), "en", "de"),
        (schema::<schema::ThemeMode>(), "auto", "dark"),
        (schema::<schema::CloudEventsMode>(), "binary", "structured"),
        (schema::<schema::OrgStatus>(), "active", "deleting"),
        (schema::<schema::ClientAuthentication>(), "client_secret_post", "private_key_jwt"),
        (schema::<schema::TokenMethod>(), "GET", "PUT"),
        (schema::<schema::Place>(), "body", "header"),
        (schema::<schema::LogicalOperator>(), "AND", "OR"),
        (schema::<schema::Operator>(), "equals", "length_less_than_or_equals"),
        (schema::<schema::FieldKind>(), "string", "datetime"),
    ] {
        let listed = schema["enum"].as_array().unwrap();
        assert_eq!((&listed[0], listed.last().unwrap()), (&json!(first), &json!(last)));
    }
}

/// What serde writes of a value that it has read fits the schema.
fn fits<S: ToSchema, T: DeserializeOwned + Serialize>(value: Value) {
    let value: T = serde_json::from_value(value).unwrap();
    let written = serde_json::to_value(&value).unwrap();
    assert_eq!(mismatch(&schemas::<S>(), &schema::<S>(), &written), None, "{written}");
}

#[test]
fn values_fit_their_schemas() {
    let at = "2026-01-02T03:04:05.678Z";
    fits::<schema::OrgId, contract::OrgId>(json!("acme"));
    fits::<schema::ConfigId, contract::ConfigId>(json!("01939f2e-7c00-7000-8000-5f2a6c1d9e01"));
    fits::<schema::EventId, contract::EventId>(json!("01939f2e-8a10-7000-8000-2b7d40c5aa12"));
    fits::<schema::TokenId, contract::TokenId>(json!("01939f2e-9b20-7000-8000-7c1f0e3b6d45"));
    fits::<schema::Timestamp, contract::Timestamp>(json!(at));
    for code in contract::ReasonCode::ALL {
        fits::<schema::Reason, contract::Reason>(json!({"code": code, "detail": code.meaning()}));
    }
    for part in ["prepare", "dns", "connect", "tls", "first_byte", "total"] {
        fits::<schema::Timings, contract::Timings>(json!({part: 1.5}));
    }
    fits::<schema::AuthReport, contract::AuthReport>(json!({
        "ok": true, "detail": "a token", "status_code": 200, "expires_in": 3600, "duration_ms": 5,
    }));
    for auth in auths() {
        fits::<schema::Auth, contract::Auth>(auth);
    }
    for signature in [
        json!({"type": "svix"}),
        json!({"type": "stripe", "header": "Acme-Signature"}),
        json!({"type": "hmac", "header": "X-Sig", "algorithm": "sha1", "encoding": "base64", "prefix": "sha1="}),
    ] {
        fits::<schema::ExtraSignature, contract::ExtraSignature>(signature);
    }
    for (operator, name) in contract::Operator::ALL {
        assert_eq!(serde_json::to_value(operator).unwrap(), name);
        fits::<schema::Condition, contract::Condition>(
            json!({"field": "a", "operator": name, "type": "date"}),
        );
    }
    fits::<schema::Filter, contract::Filter>(json!({"jsonata": "true", "logical_operator": "OR"}));
    fits::<schema::Transform, contract::Transform>(json!({"jsonata": "a", "content_type": "text/plain"}));
    fits::<schema::WebhookConfig, contract::WebhookConfig>(webhook(at));
}

#[test]
fn a_webhook_uses_every_property() {
    let schemas = schemas::<schema::WebhookConfig>();
    let value: contract::WebhookConfig = serde_json::from_value(webhook("2026-01-02T03:04:05.678Z")).unwrap();
    let written = serde_json::to_value(&value).unwrap();
    let parts = schemas["WebhookConfig"]["allOf"].as_array().unwrap();
    let own = parts.iter().filter_map(|part| part["properties"].as_object()).flatten().map(|(name, _)| name);
    let fields = schemas["ConfigFields"]["properties"].as_object().unwrap().keys();
    for name in own.chain(fields) {
        assert!(!written[name].is_null(), "{name} is not in {written}");
    }
}

fn auths() -> [Value; 5] {
    [
        json!({"type": "none"}),
        json!({"type": "basic", "username": "u", "password": "p"}),
        json!({"type": "api_key", "name": "X-Key", "value": "v"}),
        json!({
            "type": "oauth_client_credentials", "token_url": "https://example.com/", "client_id": "c",
            "client_secret": "s", "method": "PUT", "parameters": [{"in": "header", "name": "n", "value": "v"}],
        }),
        json!({"type": "connection", "connection_arn": "arn:aws:events:eu-west-1:1:connection/hookstep.acme.x/1"}),
    ]
}

fn webhook(at: &str) -> Value {
    json!({
        "org_id": "acme", "config_id": "01939f2e-7c00-7000-8000-5f2a6c1d9e01", "created_at": at, "updated_at": at,
        "revision": 1, "signing_secrets": [{"created_at": at, "expires_at": at}],
        "certificate": {"subject": "s", "not_before": at, "not_after": at, "fingerprint": "00"},
        "disabled_reason": "410", "slow_since": at, "name": "n", "url": "https://example.com/", "method": "PUT", "enabled": false,
        "headers": {"a": "b"}, "event_headers": {"c": "{{attempt}}"}, "extra_signature": {"type": "svix"}, "cloud_events": {"mode": "binary", "source": "/a", "type": "t"}, "auth": auths()[3], "tls": {"certificate": "PEM", "private_key": "PEM", "ca": "PEM"},
        "timeout_seconds": 30, "retry": {"schedule_seconds": [5]}, "max_in_flight": 10, "delivery": "queued",
        "rate_limit": {"events": 50, "per": "minute", "burst": 5}, "shards": 8, "event_types": ["order.*"],
        "event_type_versions": {"order.created": "1"}, "ordering": {"key": "a", "on_failure": "block"},
        "filter": {"conditions": [{"field": "a", "operator": "equals", "values": ["1"], "type": "number"}]},
        "transform": {"jsonata": "a"},
    })
}
