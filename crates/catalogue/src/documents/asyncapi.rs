//! The messages of an AsyncAPI document that its application sends.

use std::collections::HashSet;

use serde_json::Value;

use super::refs::{Place, resolved, resolved_schema, schema};
use super::{DescribedType, Description, Types, Unusable, extended, text};
use crate::graph::escaped;

/// The messages of version 2: those that others can subscribe to.
pub(super) fn types_of_2(root: &Value) -> Types<'_> {
    let (mut types, mut known) = (Vec::new(), HashSet::new());
    for (channel, value) in fields(&root["channels"]) {
        let Some(message) = value["subscribe"].get("message") else { continue };
        let at = format!("/channels/{}/subscribe/message", escaped(channel));
        let several = message["oneOf"].as_array();
        let messages: Vec<Place<'_>> = match several {
            Some(several) => several
                .iter()
                .enumerate()
                .map(|(number, message)| (format!("{at}/oneOf/{number}"), message))
                .collect(),
            None => vec![(at, message)],
        };
        for message in messages {
            types.extend(message_of(root, message, &mut known, |at, message| {
                let in_components = at.strip_prefix("/components/messages/").map(unescaped);
                text(message, "messageId").or(in_components).unwrap_or_else(|| channel.clone())
            }));
        }
    }
    types
}

/// The messages of version 3: those of operations that send; of all channels, if there is no operation.
pub(super) fn types_of_3(root: &Value) -> Types<'_> {
    let (mut types, mut known) = (Vec::new(), HashSet::new());
    let operations: Vec<_> = fields(&root["operations"]).collect();
    let mut channels: Vec<Place<'_>> = Vec::new();
    for (name, value) in &operations {
        let at = format!("/operations/{}", escaped(name));
        match resolved(root, (at, value)) {
            Ok((at, operation)) if operation["action"] == "send" => match operation["messages"].as_array() {
                Some(messages) => {
                    for (number, message) in messages.iter().enumerate() {
                        let message = (format!("{at}/messages/{number}"), message);
                        types.extend(keyed_message(root, message, &mut known));
                    }
                }
                None => channels.push((format!("{at}/channel"), &operation["channel"])),
            },
            Ok(_) => {}
            Err(unusable) => types.push(Err(unusable)),
        }
    }
    if operations.is_empty() {
        channels = fields(&root["channels"])
            .map(|(name, channel)| (format!("/channels/{}", escaped(name)), channel))
            .collect();
    }
    for channel in channels {
        match resolved(root, channel) {
            Ok((at, channel)) => {
                for (key, message) in fields(&channel["messages"]) {
                    let message = (format!("{at}/messages/{}", escaped(key)), message);
                    types.extend(keyed_message(root, message, &mut known));
                }
            }
            Err(unusable) => types.push(Err(unusable)),
        }
    }
    types
}

/// The message at a place, unless it is known already. Without a name of its own, it has that of the field that it is in at last.
fn keyed_message<'a>(
    root: &'a Value,
    message: Place<'a>,
    known: &mut HashSet<String>,
) -> Option<Result<DescribedType<'a>, Unusable>> {
    message_of(root, message, known, |at, _| unescaped(at.rsplit('/').next().unwrap_or_default()))
}

/// The message at a place, unless it is known already. `otherwise` is its name if it has none itself.
fn message_of<'a>(
    root: &'a Value,
    message: Place<'a>,
    known: &mut HashSet<String>,
    otherwise: impl FnOnce(&str, &Value) -> String,
) -> Option<Result<DescribedType<'a>, Unusable>> {
    let (at, value) = match resolved(root, message) {
        Ok(found) => found,
        Err(unusable) => return Some(Err(unusable)),
    };
    if !known.insert(at.clone()) {
        return None;
    }
    let name = text(value, "name").unwrap_or_else(|| otherwise(&at, value));
    Some(Ok(DescribedType { name, at, value }))
}

/// What is said of a message.
pub(super) fn describe<'a>(root: &'a Value, described: &DescribedType<'a>) -> Result<Description, Unusable> {
    let DescribedType { at, value: message, .. } = described;
    let samples = message["examples"].as_array().into_iter().flatten();
    Ok(Description {
        description: text(message, "description").or_else(|| text(message, "summary")),
        group: text(&message["tags"][0], "name"),
        schema: payload(root, at, message)?,
        sample: samples.filter_map(|example| example.get("payload")).next().cloned(),
        ..extended(message, at)?
    })
}

/// The schema of the payload, if it has one. Since version 3, its format is written beside the schema itself.
fn payload<'a>(root: &'a Value, at: &str, message: &'a Value) -> Result<Option<Value>, Unusable> {
    let Some(payload) = message.get("payload") else { return Ok(None) };
    check_format(message, at)?;
    let (payload_at, found) = resolved_schema(root, (format!("{at}/payload"), payload))?;
    match found.get("schema").filter(|_| found.get("schemaFormat").is_some()) {
        Some(inner) => {
            check_format(found, &payload_at)?;
            schema(root, (format!("{payload_at}/schema"), inner)).map(Some)
        }
        None => schema(root, (payload_at, found)).map(Some),
    }
}

/// Checks that a schema is in a format that JSON Schema is.
fn check_format(value: &Value, at: &str) -> Result<(), Unusable> {
    const JSON: [&str; 2] = ["application/schema+json", "application/vnd.aai.asyncapi"];
    match value["schemaFormat"].as_str() {
        Some(format) if !JSON.iter().any(|json| format.starts_with(json)) => {
            Err(Unusable::new(format!("{at}/schemaFormat"), "must be JSON Schema"))
        }
        _ => Ok(()),
    }
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The part of a JSON Pointer as the name that it stands for.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}
