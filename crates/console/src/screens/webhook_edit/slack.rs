//! The form of a webhook that tells Slack how other webhooks do.

use super::webhook_form;
use crate::form::Form;

/// The types of events that tell how a webhook does.
const EVENT_TYPES: [&str; 5] = [
    "Webhook Degraded",
    "Webhook Failing",
    "Webhook Recovered",
    "Webhook Disabled",
    "Webhook Certificate Expiring",
];

/// What Slack takes, made of such an event (docs/api.md has the same). Slack reads `&`, `<` and `>` as markup.
const TRANSFORM: &str = r#"(
  $plain := function($text) { $replace($replace($replace($text, "&", "&amp;"), "<", "&lt;"), ">", "&gt;") };
  $name := $exists(webhook) ? webhook.name : config_id;
  $end := webhook.certificate_expires_at;
  $change := $exists($end) ? "has a client certificate that expires at " & $end
    : reason.code = "webhook_disabled" ? "was disabled"
    : webhook.health = "healthy" ? "has recovered" : "is " & webhook.health;
  $why := $exists(reason) and $not($exists($end)) ? ": " & $plain(reason.detail) : "";
  $link := $exists(webhook.console_url) ? " <" & webhook.console_url & "|Look at it>" : "";
  {"text": "Webhook *" & $plain($name) & "* " & $change & $why & "." & $link}
)"#;

/// A new webhook, of which only the URL is missing.
pub(super) fn prefilled() -> Form {
    webhook_form::blank().with([
        ("name", "Slack".to_owned()),
        ("event_types", EVENT_TYPES.join("\n")),
        ("transform", TRANSFORM.to_owned()),
    ])
}
