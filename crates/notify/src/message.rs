//! What an owner reads.

use std::fmt::Write;

use hookstep_contract::{ConfigId, DeliveryDetail, DetailType, WebhookConfig, WebhookNews};

use http::Uri;

/// A change of a webhook of which its owners are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Degraded,
    Failing,
    Recovered,
    Disabled,
    CertificateExpiring,
}

impl Change {
    /// The change that events of this type are about, if they are about one.
    pub(crate) fn of(detail_type: DetailType) -> Option<Self> {
        match detail_type {
            DetailType::Degraded => Some(Self::Degraded),
            DetailType::Failing => Some(Self::Failing),
            DetailType::Recovered => Some(Self::Recovered),
            DetailType::Disabled => Some(Self::Disabled),
            DetailType::CertificateExpiring => Some(Self::CertificateExpiring),
            DetailType::DeliverySucceeded | DetailType::DeliveryFailed | DetailType::AuditEntry => None,
        }
    }
}

/// The webhook that a mail is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    name: String,
    host: Option<String>,
}

impl Subject {
    pub(crate) fn of_news(news: &WebhookNews) -> Self {
        Self::new(&news.name, news.host.clone())
    }

    pub(crate) fn of_config(config: &WebhookConfig) -> Self {
        Self::new(&config.fields.name, host_of(&config.fields.url))
    }

    /// A webhook that was deleted meanwhile.
    pub(crate) fn unnamed(config_id: ConfigId) -> Self {
        Self::new(&config_id.to_string(), None)
    }

    /// A name from before names were checked may have line breaks, behind which it could say something else.
    fn new(name: &str, host: Option<String>) -> Self {
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        Self { name: name.replace(breaks, " "), host }
    }

    fn receiver(&self) -> String {
        self.host.as_ref().map_or_else(|| "its receiver".to_owned(), |host| format!("its receiver at {host}"))
    }
}

/// A mail, but for its addressee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Message {
    /// The mail about a change; `console_url` is where people open the console.
    pub(crate) fn about(
        change: Change,
        detail: &DeliveryDetail,
        subject: &Subject,
        console_url: Option<&str>,
    ) -> Self {
        let facts = facts(change, detail);
        let (change, meaning, meanwhile) = words(change, &subject.receiver());
        let Subject { name, .. } = subject;
        let org = &detail.org_id;
        let mut text = format!("The webhook “{name}” of {org} {change}: {meaning}.\n\n");
        let _ = write!(text, "{facts}{meanwhile}\n\n");
        let console = console_url.map(|url| url.trim_end_matches('/'));
        if let Some(console) = console {
            let _ = write!(text, "The webhook: {console}/console/webhooks/{}\n\n", detail.config_id);
        }
        let place = console.map_or_else(
            || "on the page “Notifications” of the console".to_owned(),
            |console| format!("at {console}/console/notifications"),
        );
        let _ = writeln!(
            text,
            "-- \nYou get this mail because somebody who manages the webhooks of {org} named your address. To get no more of \
             them, have it removed {place}, or with PUT /notifications."
        );
        Self { subject: format!("Webhook “{name}” {change}"), text }
    }
}

/// What happened, what it means, and what Hookstep does meanwhile.
fn words(change: Change, receiver: &str) -> (&'static str, String, &'static str) {
    match change {
        Change::Degraded => (
            "is degraded",
            format!("{receiver} takes only a part of the events"),
            "Hookstep goes on sending, and sends again what fails, as the retry schedule of the webhook says.",
        ),
        Change::Failing => (
            "is failing",
            format!("{receiver} takes no events"),
            "Hookstep holds the events back and sends one of them from time to time. As soon as the receiver takes one, the \
             others follow. An event whose retry schedule ends before that fails, and can be replayed.",
        ),
        Change::Recovered => (
            "has recovered",
            format!("{receiver} takes events again"),
            "What was held back is being sent. What has failed meanwhile can be replayed.",
        ),
        Change::CertificateExpiring => (
            "has a client certificate that expires",
            format!("soon, {receiver} may refuse it"),
            "Replace the certificate before that. Until then, Hookstep goes on as before.",
        ),
        Change::Disabled => (
            "was disabled",
            format!("Hookstep sends no more events to {receiver}"),
            "New events are recorded as skipped. When the receiver can take events again, enable the webhook, and replay what it \
             has missed.",
        ),
    }
}

/// What is known about the change, a line each.
fn facts(change: Change, detail: &DeliveryDetail) -> String {
    let mut lines = String::new();
    let news = detail.webhook.as_ref();
    if change == Change::CertificateExpiring {
        if let Some(end) = news.and_then(|news| news.certificate_expires_at) {
            let _ = writeln!(lines, "It expires at {end}.\n");
        }
        // The attempt that showed it has a reason of its own, if it failed.
        return lines;
    }
    if let Some(news) = news.filter(|_| change != Change::Recovered) {
        if let Some(since) = news.failing_since {
            let _ = writeln!(lines, "No attempt has succeeded since {since}.");
        }
        if news.failures > 0 {
            let _ = writeln!(lines, "Attempts that failed in a row: {}.", news.failures);
        }
    }
    if let Some(reason) = &detail.reason {
        let _ = writeln!(lines, "The reason: {} ({}).", reason.detail, reason.code.as_str());
    }
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines
}

fn host_of(url: &str) -> Option<String> {
    url.parse::<Uri>().ok()?.host().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use hookstep_contract::Timestamp;
    use serde_json::json;

    use super::*;

    fn detail(webhook: &serde_json::Value) -> DeliveryDetail {
        let id = "0190a000-0000-7000-8000-00000000000a";
        let at = "2026-01-02T03:04:05Z".parse::<Timestamp>().unwrap();
        let reason =
            json!({"code": "http_status", "detail": "the receiver answered with a status other than 2xx"});
        serde_json::from_value(json!({
            "org_id": "acme", "config_id": id, "event_id": id, "origin": "api", "attempts": 1, "created_at": at, "ended_at": at,
            "reason": reason, "webhook": webhook,
        }))
        .unwrap()
    }

    fn failing(name: &str) -> DeliveryDetail {
        detail(&json!({
            "name": name, "host": "example.com", "health": "failing", "failures": 10,
            "failing_since": "2026-01-02T03:00:00Z",
        }))
    }

    fn about(change: Change, detail: &DeliveryDetail, console_url: Option<&str>) -> Message {
        Message::about(change, detail, &Subject::of_news(detail.webhook.as_ref().unwrap()), console_url)
    }

    #[test]
    fn a_mail_says_what_happened_since_when_why_and_what_follows() {
        let message = about(Change::Failing, &failing("orders"), Some("https://hooks.example.com/"));
        assert_eq!(message.subject, "Webhook “orders” is failing");
        let expected = "\
The webhook “orders” of acme is failing: its receiver at example.com takes no events.

No attempt has succeeded since 2026-01-02T03:00:00.000Z.
Attempts that failed in a row: 10.
The reason: the receiver answered with a status other than 2xx (http_status).

Hookstep holds the events back and sends one of them from time to time. As soon as the receiver takes one, the others follow. \
An event whose retry schedule ends before that fails, and can be replayed.

The webhook: https://hooks.example.com/console/webhooks/0190a000-0000-7000-8000-00000000000a

--\u{20}
You get this mail because somebody who manages the webhooks of acme named your address. To get no more of them, have it \
removed at https://hooks.example.com/console/notifications, or with PUT /notifications.
";
        assert_eq!(message.text, expected);
    }

    #[test]
    fn each_change_has_a_subject_of_its_own_and_without_a_console_there_is_no_link() {
        for (change, subject) in [
            (Change::Degraded, "Webhook “orders” is degraded"),
            (Change::Failing, "Webhook “orders” is failing"),
            (Change::Recovered, "Webhook “orders” has recovered"),
            (Change::Disabled, "Webhook “orders” was disabled"),
            (Change::CertificateExpiring, "Webhook “orders” has a client certificate that expires"),
        ] {
            let message = about(change, &failing("orders"), None);
            assert_eq!(message.subject, subject);
            assert!(!message.text.contains("://"), "{}", message.text);
        }
    }

    #[test]
    fn a_mail_about_a_certificate_says_when_it_expires_and_nothing_of_the_attempt() {
        let webhook = json!({"name": "orders", "health": "healthy", "failures": 0, "certificate_expires_at": "2026-02-03T00:00:00Z"});
        let message = about(Change::CertificateExpiring, &detail(&webhook), None);
        assert!(message.text.contains("It expires at 2026-02-03T00:00:00.000Z."), "{}", message.text);
        assert!(!message.text.contains("The reason"), "{}", message.text);
    }

    #[test]
    fn a_name_cannot_begin_a_line() {
        let message = about(Change::Failing, &failing("orders\r\nBcc: you@example.com"), None);
        assert_eq!(message.subject, "Webhook “orders  Bcc: you@example.com” is failing");
        assert!(!message.text.contains("\nBcc"), "{}", message.text);
    }
}
