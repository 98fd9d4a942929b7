//! A webhook as the API shows it.

use std::time::Duration;

use hookstep_api_types::{Receiver, Sensitive, Webhook};
use hookstep_contract::limits::days;
use hookstep_contract::{Auth, Timestamp, WebhookConfig};

use super::save::SavedWebhook;

/// How long before the expiry of a client certificate its owner is warned: enough time to get a new one.
const EXPIRES_SOON: Duration = days(30);

/// A stored webhook.
pub(crate) fn view(mut config: WebhookConfig, now: Timestamp) -> Webhook {
    // An earlier version has saved none.
    config.fields.shards = Some(config.fields.shards());
    let warnings = warnings(&config, now);
    config.certificate_warning = None;
    config.learned = None;
    let health = config.health_state().into();
    let is_enabled = config.fields.enabled;
    let receiver = config.health.take().map(|health| Receiver::of(&health, is_enabled, now));
    Webhook { config, warnings, health, receiver, stats: None, lane: None, signing_secret: None }
}

/// A webhook that was just saved. This is the one place where its signing secret is shown.
pub(crate) fn view_saved(SavedWebhook { config, secret }: SavedWebhook, now: Timestamp) -> Webhook {
    let signing_secret = secret.map(|secret| Sensitive::new(&**secret.reveal()));
    Webhook { signing_secret, ..view(config, now) }
}

/// What the owner of a webhook should attend to, although the webhook works for now.
pub fn warnings(config: &WebhookConfig, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    if config.fields.url.starts_with("http:") {
        warnings.push("the URL is not https: bodies and credentials are sent unencrypted".to_owned());
    }
    if let Some(Auth::OauthClientCredentials { token_url, .. }) = &config.fields.auth
        && token_url.starts_with("http:")
    {
        warnings.push("the token URL is not https: the client secret is sent unencrypted".to_owned());
    }
    if let Some(end) = config.certificate.as_ref().map(|certificate| certificate.not_after) {
        if end < now {
            warnings.push(format!("the client certificate expired at {end}: receivers will refuse it"));
        } else if end < now.plus(EXPIRES_SOON) {
            warnings.push(format!("the client certificate expires at {end}"));
        }
    }
    if config.signing_secrets.is_empty() {
        warnings.push("requests are not signed: save the webhook to give it a signing secret".to_owned());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_comes_thirty_days_before_a_certificate_expires_and_stays() {
        let at = |text: &str| -> Timestamp { serde_json::from_str(&format!("{text:?}")).unwrap() };
        let stored = r#"{"org_id":"acme","config_id":"0190a000-0000-7000-8000-00000000000a",
            "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","revision":1,
            "signing_secrets":[{"created_at":"2026-01-01T00:00:00Z"}],
            "certificate":{"subject":"CN=client","not_before":"2026-01-01T00:00:00Z",
                "not_after":"2026-12-31T00:00:00Z","fingerprint":"00"},
            "name":"n","url":"https://example.com/"}"#;
        let config: WebhookConfig = serde_json::from_str(stored).unwrap();
        let soon = "the client certificate expires at 2026-12-31T00:00:00.000Z";
        let expired = "the client certificate expired at 2026-12-31T00:00:00.000Z: receivers will refuse it";
        for (now, warning) in [
            ("2026-12-01T00:00:00Z", None),
            ("2026-12-01T00:00:01Z", Some(soon)),
            ("2026-12-31T00:00:00Z", Some(soon)),
            ("2026-12-31T00:00:01Z", Some(expired)),
            ("2030-01-01T00:00:00Z", Some(expired)),
        ] {
            assert_eq!(warnings(&config, at(now)), Vec::from_iter(warning), "{now}");
        }
    }

    #[test]
    fn a_warning_comes_for_what_is_sent_unencrypted_or_unsigned() {
        let stored = r#"{"org_id":"acme","config_id":"0190a000-0000-7000-8000-00000000000a",
            "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z",
            "name":"n","url":"http://example.com/",
            "auth":{"type":"oauth_client_credentials","token_url":"http://example.com/","client_id":"c"}}"#;
        let config: WebhookConfig = serde_json::from_str(stored).unwrap();
        let warnings = warnings(&config, config.created_at);
        let about = ["the URL is not https", "the token URL is not https", "requests are not signed"];
        assert!(
            warnings.len() == 3 && warnings.iter().zip(about).all(|(text, start)| text.starts_with(start))
        );
    }
}
