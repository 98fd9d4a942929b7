//! The messages of an AsyncAPI document that its application sends.

use std::collections::HashSet;

use hookstep_contract::MAX_CATALOGUED_TYPES;
use serde_json::Value;

use super::refs::{
    MAX_POINTER_BYTES, Place, check_format, inside, resolved, resolved_schema, schema, unwrapped,
};
use super::{DescribedType, Description, Types, Unusable, extended, text};

/// How many references may lead to operations, channels and messages: each takes time, and many may lead to the same.
const MAX_REFERENCES: usize = 4000;

/// The messages of version 2: those that others can subscribe to.
pub(super) fn types_of_2(root: &Value) -> Types<'_> {
    let mut found = Found::of(root);
    for (channel, value) in fields(&root["channels"]) {
        if found.is_full() {
            break;
        }
        let Some(message) = value["subscribe"].get("message") else { continue };
        let at = match inside("/channels", channel) {
            Ok(at) => format!("{at}/subscribe/message"),
            Err(unusable) => {
                found.types.push(Err(unusable));
                continue;
            }
        };
        let otherwise = |at: &str, message: &Value| {
            let in_components = at.strip_prefix("/components/messages/").map(unescaped);
            text(message, "messageId").or(in_components).unwrap_or_else(|| channel.clone())
        };
        match message["oneOf"].as_array() {
            Some(several) => {
                for (number, message) in several.iter().enumerate() {
                    if found.is_full() {
                        break;
                    }
                    found.add((format!("{at}/oneOf/{number}"), message), otherwise);
                }
            }
            None => found.add((at, message), otherwise),
        }
    }
    found.types
}

/// The messages of version 3: those of operations that send; of all channels, if there is no operation.
pub(super) fn types_of_3(root: &Value) -> Types<'_> {
    let mut found = Found::of(root);
    let has_operations = fields(&root["operations"]).next().is_some();
    let section = if has_operations { "operations" } else { "channels" };
    for (name, value) in fields(&root[section]) {
        if found.is_full() {
            break;
        }
        let added = inside(&format!("/{section}"), name).and_then(|at| {
            if has_operations { found.add_operation((at, value)) } else { found.add_channel((at, value)) }
        });
        found.types.extend(added.err().map(Err));
    }
    found.types
}

/// The messages that were found so far.
struct Found<'a> {
    root: &'a Value,
    types: Types<'a>,
    /// The places of the operations, channels and messages that were looked at.
    known: HashSet<String>,
    references: usize,
}

impl<'a> Found<'a> {
    fn of(root: &'a Value) -> Self {
        Self { root, types: Vec::new(), known: HashSet::new(), references: 0 }
    }

    /// Whether there are more than a catalogue may have, so that nothing else needs to be looked at.
    fn is_full(&self) -> bool {
        self.types.len() > MAX_CATALOGUED_TYPES
    }

    /// What a place leads to, unless that is known already.
    fn new_place(&mut self, place: Place<'a>) -> Result<Option<Place<'a>>, Unusable> {
        if place.1.get("$ref").is_some() {
            self.references += 1;
            if self.references > MAX_REFERENCES {
                let reason = format!("is behind {MAX_REFERENCES} other references, and not looked at");
                return Err(Unusable::new(place.0, reason));
            }
        }
        let (at, value) = resolved(self.root, place)?;
        Ok(self.known.insert(at.clone()).then_some((at, value)))
    }

    fn add_operation(&mut self, operation: Place<'a>) -> Result<(), Unusable> {
        let Some((at, operation)) = self.new_place(operation)? else { return Ok(()) };
        if operation["action"] != "send" {
            return Ok(());
        }
        let Some(messages) = operation["messages"].as_array() else {
            return self.add_channel((format!("{at}/channel"), &operation["channel"]));
        };
        for (number, message) in messages.iter().enumerate() {
            if self.is_full() {
                break;
            }
            self.add((format!("{at}/messages/{number}"), message), last_name);
        }
        Ok(())
    }

    fn add_channel(&mut self, channel: Place<'a>) -> Result<(), Unusable> {
        let Some((at, channel)) = self.new_place(channel)? else { return Ok(()) };
        let at = format!("{at}/messages");
        for (key, message) in fields(&channel["messages"]) {
            if self.is_full() {
                break;
            }
            match inside(&at, key) {
                Ok(at) => self.add((at, message), last_name),
                Err(unusable) => self.types.push(Err(unusable)),
            }
        }
        Ok(())
    }

    /// Adds the message at a place, unless it is known already. `otherwise` is its name if it has none itself.
    fn add(&mut self, message: Place<'a>, otherwise: impl FnOnce(&str, &Value) -> String) {
        let (at, value) = match self.new_place(message) {
            Ok(Some(found)) => found,
            Ok(None) => return,
            Err(unusable) => {
                self.types.push(Err(unusable));
                return;
            }
        };
        let name = text(value, "name").unwrap_or_else(|| otherwise(&at, value));
        self.types.push(if name.len() > MAX_POINTER_BYTES {
            Err(Unusable::new(at, format!("has a name above {MAX_POINTER_BYTES} bytes")))
        } else {
            Ok(DescribedType { name, at, value })
        });
    }
}

/// The name of the field that a message without a name of its own is in at last.
fn last_name(at: &str, _: &Value) -> String {
    unescaped(at.rsplit('/').next().unwrap_or_default())
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

/// The schema of the payload, if it has one. Since version 3, its format may be written beside the schema itself.
fn payload<'a>(root: &'a Value, at: &str, message: &'a Value) -> Result<Option<Value>, Unusable> {
    let Some(payload) = message.get("payload") else { return Ok(None) };
    check_format(message, at)?;
    let place = unwrapped(resolved_schema(root, (format!("{at}/payload"), payload))?)?;
    schema(root, place).map(Some)
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The part of a JSON Pointer as the name that it stands for.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}
