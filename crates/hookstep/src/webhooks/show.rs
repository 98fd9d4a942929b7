//! Printing webhooks for people.

use std::io;

use hookstep_client::Webhook;
use serde_json::Value;

use crate::out::{self, Colour, paint, sanitise};

/// The widest column of names, in characters.
const MAX_NAME_CHARS: usize = 32;

/// Fields that are not worth a line of their own: the table or another line has them.
const ELSEWHERE: [&str; 3] = ["org_id", "revision", "updated_at"];

/// Prints one line for each webhook.
pub(super) fn table(webhooks: &[Webhook]) -> io::Result<()> {
    let names: Vec<String> = webhooks.iter().map(|webhook| short(&sanitise(&webhook.name))).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default().max("NAME".len());
    out::line(paint(Colour::Bold, &format!("{:<36} {:<8} {:<width$} URL", "WEBHOOK", "STATE", "NAME")))?;
    for (webhook, name) in webhooks.iter().zip(names) {
        // Padded before it is coloured: the characters that set a colour have no width.
        let state = paint(colour(webhook), &format!("{:<8}", state(webhook)));
        let url = sanitise(&webhook.url);
        out::line(format_args!("{} {state} {name:<width$} {url}", webhook.config_id))?;
    }
    Ok(())
}

/// Prints a webhook with its fields.
pub(super) fn details(webhook: &Webhook) -> io::Result<()> {
    field("webhook", &webhook.config_id.to_string())?;
    field("name", &sanitise(&webhook.name))?;
    field("state", &paint(colour(webhook), state(webhook)))?;
    field("url", &sanitise(&webhook.url))?;
    for (name, value) in &webhook.more {
        if !ELSEWHERE.contains(&name.as_str()) && !is_nothing(value) {
            field(&name.replace('_', " "), &sanitise(&text(value)))?;
        }
    }
    if let Some(secret) = &webhook.signing_secret {
        field("signing secret", secret)?;
        out::note("The signing secret is shown only this once: give it to the receiver.");
    }
    Ok(())
}

/// Whether events are sent.
pub(super) fn state(webhook: &Webhook) -> &'static str {
    if webhook.enabled { "enabled" } else { "disabled" }
}

fn colour(webhook: &Webhook) -> Colour {
    if webhook.enabled { Colour::Green } else { Colour::Yellow }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// A value for people: a list of words with commas, everything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn short(name: &str) -> String {
    if name.chars().count() <= MAX_NAME_CHARS {
        return name.to_owned();
    }
    name.chars().take(MAX_NAME_CHARS - 1).chain(['…']).collect()
}

fn field(name: &str, value: &str) -> io::Result<()> {
    out::line(format_args!("  {name:<17} {value}"))
}
