//! References within a document, and a schema that needs nothing but itself.

use std::collections::{HashMap, HashSet, VecDeque};

use hookstep_contract::MAX_SCHEMA_BYTES;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::Unusable;
use crate::graph::escaped;

/// How many references may lead from one to the next.
const MAX_CHAIN: usize = 16;

/// The longest name and the longest way to a place, in bytes: one is kept for each place that is found.
pub(super) const MAX_POINTER_BYTES: usize = 1024;

/// A place in a document, and what is there.
pub(super) type Place<'a> = (String, &'a Value);

/// The pointer of a reference within the document; `None` for any other, and for one that is too long.
fn pointer(reference: &str) -> Option<String> {
    // An encoded byte is three long.
    let fragment = reference.strip_prefix('#').filter(|encoded| encoded.len() <= 3 * MAX_POINTER_BYTES)?;
    let fragment = percent_decode_str(fragment).decode_utf8().ok()?;
    let is_pointer = fragment.is_empty() || fragment.starts_with('/');
    (is_pointer && fragment.len() <= MAX_POINTER_BYTES).then(|| fragment.into_owned())
}

/// The place of a field that the writer of the document has named.
///
/// # Errors
/// The place of the object, if the way to the field is too long.
pub(super) fn inside(at: &str, name: &str) -> Result<String, Unusable> {
    let too_long = || {
        let reason = format!("has a name on its way to a type that is above {MAX_POINTER_BYTES} bytes");
        Unusable::new(at, reason)
    };
    if at.len() + name.len() > MAX_POINTER_BYTES {
        return Err(too_long());
    }
    let inside = format!("{at}/{}", escaped(name));
    if inside.len() > MAX_POINTER_BYTES { Err(too_long()) } else { Ok(inside) }
}

/// What is at a place; if that is a reference, what it leads to.
pub(super) fn resolved<'a>(root: &'a Value, place: Place<'a>) -> Result<Place<'a>, Unusable> {
    followed(root, place, |_| true)
}

/// The same for a schema, where a reference with anything beside it is one rule of several.
pub(super) fn resolved_schema<'a>(root: &'a Value, place: Place<'a>) -> Result<Place<'a>, Unusable> {
    followed(root, place, |value| value.as_object().is_some_and(|fields| fields.len() == 1))
}

fn followed<'a>(
    root: &'a Value,
    (mut at, mut value): Place<'a>,
    is_followed: fn(&Value) -> bool,
) -> Result<Place<'a>, Unusable> {
    for _ in 0..MAX_CHAIN {
        let reference = value.get("$ref").and_then(Value::as_str).filter(|_| is_followed(value));
        let Some(reference) = reference else { return Ok((at, value)) };
        let found = pointer(reference).and_then(|pointer| Some((root.pointer(&pointer)?, pointer)));
        let Some((found, pointer)) = found else {
            let reason = "must refer to a part of this document that there is (#/…), by at most 1,024 bytes: \
                nothing is fetched";
            return Err(Unusable::new(format!("{at}/$ref"), reason));
        };
        (at, value) = (pointer, found);
    }
    Err(Unusable::new(at, "refers to itself, or by way of too many others"))
}

/// The schema itself, of one that has its format written beside it, as AsyncAPI has it since version 3.
pub(super) fn unwrapped((at, found): Place<'_>) -> Result<Place<'_>, Unusable> {
    match found.get("schema").filter(|_| found.get("schemaFormat").is_some()) {
        Some(inner) => {
            check_format(found, &at)?;
            Ok((format!("{at}/schema"), inner))
        }
        None => Ok((at, found)),
    }
}

/// Checks that a schema is in a format that JSON Schema is.
pub(super) fn check_format(value: &Value, at: &str) -> Result<(), Unusable> {
    const JSON: [&str; 2] = ["application/schema+json", "application/vnd.aai.asyncapi"];
    match value["schemaFormat"].as_str() {
        Some(format) if !JSON.iter().any(|json| format.starts_with(json)) => {
            Err(Unusable::new(format!("{at}/schemaFormat"), "must be JSON Schema"))
        }
        _ => Ok(()),
    }
}

/// The schema at a place, with everything that it refers to in its own `$defs`.
pub(super) fn schema<'a>(root: &'a Value, place: Place<'a>) -> Result<Value, Unusable> {
    let (at, found) = unwrapped(resolved_schema(root, place)?)?;
    let taken = found["$defs"].as_object().map(|defs| defs.keys().cloned().collect());
    let mut whole = Whole {
        at: &at,
        names: HashMap::new(),
        given: Names { taken: taken.unwrap_or_default(), ..Names::default() },
        open: VecDeque::new(),
        left: MAX_SCHEMA_BYTES,
    };
    let mut schema = whole.copy(found)?;
    let mut definitions = Map::new();
    while let Some((pointer, name)) = whole.open.pop_front() {
        let Some(found) = root.pointer(&pointer) else {
            return Err(Unusable::new(at, format!("refers to #{pointer}, which is not in the document")));
        };
        let (_, found) = unwrapped((pointer, found))?;
        definitions.insert(name, whole.copy(found)?);
    }
    if let (Some(fields), false) = (schema.as_object_mut(), definitions.is_empty()) {
        let own = fields.entry("$defs").or_insert_with(|| Map::new().into());
        if let Some(own) = own.as_object_mut() {
            own.extend(definitions);
        }
    }
    Ok(schema)
}

/// A schema that is being made whole.
struct Whole<'a> {
    /// Where it is.
    at: &'a str,
    /// The names of the definitions that it gets, by the places that they come from.
    names: HashMap<String, String>,
    given: Names,
    /// What is still to be copied.
    open: VecDeque<(String, String)>,
    /// How many bytes it may still get.
    left: usize,
}

impl Whole<'_> {
    fn copy(&mut self, found: &Value) -> Result<Value, Unusable> {
        let Some(left) = self.left.checked_sub(size(found, self.left)) else {
            let reason = format!("has a schema above {} KiB, with all it refers to", MAX_SCHEMA_BYTES / 1024);
            return Err(Unusable::new(self.at, reason));
        };
        self.left = left;
        let mut copy = found.clone();
        // In a schema with an identifier of its own, references are not those of the document.
        if copy.get("$id").is_none() {
            each_reference(&mut copy, &mut |reference| *reference = self.within(reference));
        }
        Ok(copy)
    }

    /// A reference of the document as one of the schema.
    fn within(&mut self, reference: &str) -> String {
        let rest = reference.strip_prefix('#').and_then(|fragment| fragment.strip_prefix(self.at));
        if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            return format!("#{rest}");
        }
        let Some(pointer) = pointer(reference) else { return reference.to_owned() };
        if let Some(name) = self.names.get(&pointer) {
            return format!("#/$defs/{name}");
        }
        let name = self.name_for(&pointer);
        self.names.insert(pointer.clone(), name.clone());
        self.open.push_back((pointer, name.clone()));
        format!("#/$defs/{name}")
    }

    fn name_for(&mut self, pointer: &str) -> String {
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let name = plain(last);
        let name = if name.is_empty() { "schema".to_owned() } else { name };
        self.given.unused(name)
    }
}

/// Changes each reference in a schema.
pub(super) fn each_reference(schema: &mut Value, change: &mut impl FnMut(&mut String)) {
    references(schema, Fields::Keywords, change);
}

/// What the fields of an object are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fields {
    Keywords,
    /// Schemas, by names that the writer of the document has chosen.
    Named,
}

fn references(value: &mut Value, fields_are: Fields, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| references(item, Fields::Keywords, change)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                match (fields_are, name.as_str(), inner) {
                    (Fields::Keywords, "$ref", Value::String(reference)) => change(reference),
                    // Values, and not schemas.
                    (Fields::Keywords, "enum" | "const" | "default" | "examples" | "example", _) => {}
                    (
                        Fields::Keywords,
                        "properties" | "patternProperties" | "dependentSchemas" | "$defs" | "definitions",
                        inner,
                    ) => references(inner, Fields::Named, change),
                    (_, _, inner) => references(inner, Fields::Keywords, change),
                }
            }
        }
        _ => {}
    }
}

/// The text with `_` for all but letters, digits, `.`, `_` and `-`.
pub(super) fn plain(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

/// Names, each of which is given once.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    /// The next number of each name that was wanted again.
    next: HashMap<String, u64>,
}

impl Names {
    /// The name, with a number if it is taken.
    pub(super) fn unused(&mut self, name: String) -> String {
        if self.taken.insert(name.clone()) {
            return name;
        }
        let next = self.next.entry(name.clone()).or_insert(2);
        loop {
            let numbered = format!("{name}-{next}");
            *next += 1;
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// The length of a value as JSON, in bytes; more than `most` if it is longer than that.
fn size(value: &Value, most: usize) -> usize {
    struct Counted {
        bytes: usize,
        most: usize,
    }

    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.bytes += bytes.len();
            if self.bytes > self.most {
                Err(std::io::ErrorKind::FileTooLarge.into())
            } else {
                Ok(bytes.len())
            }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut counted = Counted { bytes: 0, most };
    match serde_json::to_writer(&mut counted, value) {
        Ok(()) => counted.bytes,
        Err(_) => most + 1,
    }
}
