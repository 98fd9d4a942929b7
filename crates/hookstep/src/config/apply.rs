//! Making webhooks as they are in a file.

use std::path::Path;

use hookstep_client::{Client, Webhook};
use serde_json::{Map, Value};

use super::ApplyArgs;
use super::changes::{Changes, changes};
use super::file;
use super::node::Node;
use crate::out::{self, Colour, paint, sanitise};
use crate::remote;
use crate::settings::{BoxError, CommandResult};

/// Applies a file.
pub(super) async fn apply(args: ApplyArgs) -> CommandResult {
    let wanted = file::read(&args.file)?;
    let client = args.remote.client()?;
    let stored = remote::webhooks(&client).await?;
    // All webhooks are compared before the first change, so that a file with an error in it changes nothing.
    let mut steps = Vec::new();
    for node in &wanted {
        let before = find(&stored, node).map_err(|(line, reason)| at(&args.file, line, &reason))?;
        let fields = before.map(as_fields).transpose()?.unwrap_or_default();
        let changes = changes(&fields, node, args.send_secrets || before.is_none());
        steps.push((node, before, changes));
    }
    let mut counts = Counts::default();
    for (node, before, changes) in steps {
        // Shown only once it is done: for a refused webhook, the refusal is enough.
        let mut secret = None;
        if !args.dry_run && !changes.patch.is_empty() {
            let applied = send(&client, before, &changes).await;
            secret = applied.map_err(|error| refused(&args.file, node, error))?.signing_secret;
        }
        show(node, before, &changes, &mut counts)?;
        if let Some(secret) = secret.filter(|_| args.show_signing_secrets) {
            out::line(format_args!("    signing_secret: {}", &*secret))?;
        }
    }
    let Counts { created, changed, unchanged } = counts;
    if args.dry_run {
        out::note(format_args!("dry run: {created} to create, {changed} to change, {unchanged} unchanged"));
    } else {
        out::note(format_args!("{created} created, {changed} changed, {unchanged} unchanged"));
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    created: usize,
    changed: usize,
    unchanged: usize,
}

/// Finds the webhook of an entry in the file, if it exists.
fn find<'a>(stored: &'a [Webhook], node: &Node) -> Result<Option<&'a Webhook>, (u64, String)> {
    if let Some(config_id) = node.text("config_id") {
        let found = stored.iter().find(|webhook| webhook.config_id.to_string() == config_id);
        let missing = || (node.line_of("config_id"), "there is no webhook with this config_id".to_owned());
        return found.map(Some).ok_or_else(missing);
    }
    let name = node.text("name").unwrap_or_default();
    let named: Vec<_> = stored.iter().filter(|webhook| webhook.name == name).collect();
    match named[..] {
        [] => Ok(None),
        [webhook] => Ok(Some(webhook)),
        _ => {
            let reason = format!("{} webhooks have the name {name:?}: add the config_id", named.len());
            Err((node.line_of("name"), reason))
        }
    }
}

fn as_fields(webhook: &Webhook) -> Result<Map<String, Value>, BoxError> {
    match serde_json::to_value(webhook)? {
        Value::Object(fields) => Ok(fields),
        _ => Ok(Map::new()),
    }
}

fn show(
    node: &Node,
    before: Option<&Webhook>,
    changes: &Changes,
    counts: &mut Counts,
) -> std::io::Result<()> {
    let name = node.text("name").or_else(|| before.map(|webhook| webhook.name.clone())).unwrap_or_default();
    let name = sanitise(&name);
    match before {
        None => {
            counts.created += 1;
            out::line(paint(Colour::Green, &format!("+ {name}")))?;
        }
        Some(_) if changes.patch.is_empty() => {
            counts.unchanged += 1;
            out::line(format_args!("= {name}: unchanged"))?;
        }
        Some(webhook) => {
            counts.changed += 1;
            out::line(paint(Colour::Yellow, &format!("~ {name} ({})", webhook.config_id)))?;
        }
    }
    changes.lines.iter().try_for_each(|line| {
        let line = if before.is_none() { line.replacen(": (none) -> ", ": ", 1) } else { line.clone() };
        out::line(format_args!("    {}", sanitise(&line)))
    })
}

async fn send(
    client: &Client,
    before: Option<&Webhook>,
    changes: &Changes,
) -> Result<Webhook, hookstep_client::Error> {
    match before {
        Some(webhook) => client.update_webhook(webhook.config_id, &changes.patch).await,
        None => client.create_webhook(&changes.patch).await,
    }
}

/// A refusal, with the line in the file of the field that it is about.
fn refused(path: &Path, node: &Node, error: hookstep_client::Error) -> BoxError {
    let Some(problem) = error.problem() else { return error.into() };
    let Some(field) = &problem.field else { return error.into() };
    at(path, node.line_of(field), &format!("{field}: {}", problem.detail))
}

fn at(path: &Path, line: u64, reason: &str) -> BoxError {
    format!("{}:{line}: {reason}", path.display()).into()
}
