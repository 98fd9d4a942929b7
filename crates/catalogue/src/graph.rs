//! The parts of a schema, and which of them each applies.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::SchemaFault;

/// How many parts a schema has at most.
const MAX_PARTS: usize = 2000;

/// How many parts may apply each other to the same value in a row: a check needs stack for each.
const MAX_IN_PLACE: usize = 16;

/// How many patterns a schema has at most: each is compiled.
const MAX_PATTERNS: usize = 50;

/// How many parts there may be below `unevaluatedProperties` and `unevaluatedItems`, counted on every way that leads to them: jsonschema
/// compiles them anew on each.
const MAX_EXPANDED: u64 = 2000;

/// The longest way to a place in a schema, in bytes: one is kept for each place.
const MAX_POINTER_BYTES: usize = 1024;

/// Whether a keyword applies schemas to the very value that its own schema is applied to, or to what is inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    InPlace,
    Inside,
}

/// What the value of a keyword is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    One,
    List,
    Named,
}

/// The keywords that apply schemas, apart from `$ref`.
pub(crate) const APPLICATORS: [(&str, Reach, Shape); 17] = [
    ("allOf", Reach::InPlace, Shape::List),
    ("anyOf", Reach::InPlace, Shape::List),
    ("oneOf", Reach::InPlace, Shape::List),
    ("not", Reach::InPlace, Shape::One),
    ("if", Reach::InPlace, Shape::One),
    ("then", Reach::InPlace, Shape::One),
    ("else", Reach::InPlace, Shape::One),
    ("dependentSchemas", Reach::InPlace, Shape::Named),
    ("prefixItems", Reach::Inside, Shape::List),
    ("items", Reach::Inside, Shape::One),
    ("contains", Reach::Inside, Shape::One),
    ("properties", Reach::Inside, Shape::Named),
    ("patternProperties", Reach::Inside, Shape::Named),
    ("additionalProperties", Reach::Inside, Shape::One),
    ("propertyNames", Reach::Inside, Shape::One),
    ("unevaluatedItems", Reach::Inside, Shape::One),
    ("unevaluatedProperties", Reach::Inside, Shape::One),
];

/// Keywords that would make it depend on the way into a schema what it refers to, and those of earlier drafts that mean something
/// else today.
const REFUSED: [(&str, &str); 6] = [
    ("$dynamicRef", "is not supported: use $ref"),
    ("$recursiveRef", "is not part of 2020-12: use $ref"),
    ("$vocabulary", "is not supported"),
    ("dependencies", "is not part of 2020-12: use dependentRequired or dependentSchemas"),
    ("additionalItems", "is not part of 2020-12: use prefixItems and items"),
    ("id", "is not part of 2020-12"),
];

/// The draft that schemas are written in.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A part of a schema by its JSON Pointer, with the parts that it applies.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) schema: &'a Map<String, Value>,
    /// The places in it that have another part, by their JSON Pointer within it, and the number of that part.
    pub(crate) applies: Vec<(String, usize)>,
    /// Whether it refers to `false`, so that nothing satisfies it.
    pub(crate) is_never: bool,
    in_place: Vec<usize>,
    pointer: String,
}

/// All parts that a check may reach; the first is the whole schema.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    numbers: HashMap<String, usize>,
    anchors: HashMap<&'a str, String>,
    /// How many patterns there are.
    pub(crate) patterns: usize,
}

impl<'a> Graph<'a> {
    /// Reads a schema that the meta-schema allows.
    pub(crate) fn read(root: &'a Value) -> Result<Self, SchemaFault> {
        let mut graph =
            Self { parts: Vec::new(), numbers: HashMap::new(), anchors: HashMap::new(), patterns: 0 };
        graph.look_over(root)?;
        graph.number(root, String::new())?;
        let mut next = 0;
        while next < graph.parts.len() {
            graph.follow(root, next)?;
            next += 1;
        }
        graph.check_chains()?;
        graph.check_expansion()?;
        Ok(graph)
    }

    /// Looks at every value, wherever it is, for what must not be anywhere, and notes the anchors.
    fn look_over(&mut self, root: &'a Value) -> Result<(), SchemaFault> {
        let mut open = vec![(String::new(), root)];
        while let Some((pointer, value)) = open.pop() {
            if pointer.len() > MAX_POINTER_BYTES {
                return fault(String::new(), "has names that are too long");
            }
            match value {
                Value::Array(items) => {
                    let places = items.iter().enumerate().filter(|(_, item)| has_more(item));
                    open.extend(places.map(|(at, item)| (format!("{pointer}/{at}"), item)));
                }
                Value::Object(fields) => {
                    for (name, inner) in fields {
                        let at = format!("{pointer}/{}", escaped(name));
                        match (name.as_str(), inner) {
                            ("$ref", Value::String(target)) if !target.starts_with('#') => {
                                return fault(
                                    at,
                                    "must refer to a part of this schema (#/$defs/…): nothing is fetched",
                                );
                            }
                            ("$id", Value::String(_)) if !pointer.is_empty() => {
                                return fault(at, "may only be at the top of the schema");
                            }
                            ("$schema", Value::String(draft)) if draft.trim_end_matches('#') != DRAFT => {
                                return fault(at, format!("must be {DRAFT}"));
                            }
                            ("$anchor", Value::String(anchor)) => {
                                self.anchors.insert(anchor, pointer.clone());
                            }
                            _ => {}
                        }
                        // Values, and not schemas.
                        if has_more(inner)
                            && !matches!(name.as_str(), "enum" | "const" | "default" | "examples")
                        {
                            open.push((at, inner));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The number of the part at this pointer; `None` for `true` and `false`, which apply nothing.
    fn number(&mut self, schema: &'a Value, pointer: String) -> Result<Option<usize>, SchemaFault> {
        let Value::Object(schema) = schema else {
            return if schema.is_boolean() { Ok(None) } else { fault(pointer, "must be a schema") };
        };
        if let Some(known) = self.numbers.get(&pointer) {
            return Ok(Some(*known));
        }
        if self.parts.len() == MAX_PARTS {
            return fault(String::new(), format!("has more than {MAX_PARTS} parts"));
        }
        let number = self.parts.len();
        self.numbers.insert(pointer.clone(), number);
        self.parts.push(Part { schema, applies: Vec::new(), is_never: false, in_place: Vec::new(), pointer });
        Ok(Some(number))
    }

    /// Finds the parts that a part applies.
    fn follow(&mut self, root: &'a Value, number: usize) -> Result<(), SchemaFault> {
        let (schema, pointer) = (self.parts[number].schema, self.parts[number].pointer.clone());
        for (name, why) in REFUSED {
            if schema.get(name).is_some_and(|value| name != "id" || value.is_string()) {
                return fault(format!("{pointer}/{name}"), why);
            }
        }
        self.patterns += usize::from(schema.contains_key("pattern"));
        self.patterns += schema.get("patternProperties").and_then(Value::as_object).map_or(0, Map::len);
        if self.patterns > MAX_PATTERNS {
            return fault(String::new(), format!("has more than {MAX_PATTERNS} patterns"));
        }
        for (keyword, reach, shape) in APPLICATORS {
            let Some(value) = schema.get(keyword) else { continue };
            let inner: Vec<(String, &Value)> = match (shape, value) {
                (Shape::List, Value::Array(items)) => {
                    items.iter().enumerate().map(|(at, item)| (format!("/{keyword}/{at}"), item)).collect()
                }
                (Shape::Named, Value::Object(fields)) => {
                    let place = |name: &String| format!("/{keyword}/{}", escaped(name));
                    fields.iter().map(|(name, field)| (place(name), field)).collect()
                }
                _ => vec![(format!("/{keyword}"), value)],
            };
            for (place, inner) in inner {
                let target = self.number(inner, format!("{pointer}{place}"))?;
                self.apply(number, place, reach, target);
            }
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let target = self.target(root, reference);
            let Some((at, schema)) = target else {
                return fault(format!("{pointer}/$ref"), "refers to nothing");
            };
            self.parts[number].is_never = *schema == Value::Bool(false);
            let target = self.number(schema, at)?;
            self.apply(number, "/$ref".to_owned(), Reach::InPlace, target);
        }
        Ok(())
    }

    fn apply(&mut self, number: usize, place: String, reach: Reach, target: Option<usize>) {
        let Some(target) = target else { return };
        let part = &mut self.parts[number];
        part.applies.push((place, target));
        if reach == Reach::InPlace {
            part.in_place.push(target);
        }
    }

    /// The pointer and the value that a reference within the schema stands for.
    fn target(&self, root: &'a Value, reference: &str) -> Option<(String, &'a Value)> {
        let fragment = percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
        let pointer = match self.anchors.get(fragment.as_ref()) {
            Some(pointer) => pointer.clone(),
            None => fragment.into_owned(),
        };
        let found = root.pointer(&pointer)?;
        Some((pointer, found))
    }

    /// Checks that no part is applied to the same value by way of itself, and not by too many others.
    fn check_chains(&self) -> Result<(), SchemaFault> {
        let mut lengths = vec![None; self.parts.len()];
        for number in 0..self.parts.len() {
            self.chain(number, MAX_IN_PLACE, &mut lengths)?;
        }
        Ok(())
    }

    /// Checks that what `unevaluatedProperties` and `unevaluatedItems` look at is not too much. No part applies itself in place.
    fn check_expansion(&self) -> Result<(), SchemaFault> {
        let looks = |part: &Part<'_>| {
            ["unevaluatedProperties", "unevaluatedItems"].iter().any(|name| part.schema.contains_key(*name))
        };
        let mut sizes = vec![None; self.parts.len()];
        let looking = (0..self.parts.len()).filter(|number| looks(&self.parts[*number]));
        let expanded =
            looking.fold(0_u64, |sum, number| sum.saturating_add(self.expanded(number, &mut sizes)));
        if expanded > MAX_EXPANDED {
            let reason = "applies too many schemas below unevaluatedProperties or unevaluatedItems";
            return fault(String::new(), reason);
        }
        Ok(())
    }

    /// How many parts this one is, with those that it applies in place, counted on every way.
    fn expanded(&self, number: usize, sizes: &mut [Option<u64>]) -> u64 {
        if let Some(known) = sizes[number] {
            return known;
        }
        let inner = self.parts[number].in_place.iter();
        let size = inner.fold(1_u64, |sum, next| sum.saturating_add(self.expanded(*next, sizes)));
        sizes[number] = Some(size);
        size
    }

    /// How many parts follow on this one in place, at most `room`.
    fn chain(&self, number: usize, room: usize, lengths: &mut [Option<usize>]) -> Result<usize, SchemaFault> {
        let part = &self.parts[number];
        if let Some(known) = lengths[number].filter(|known| *known < room) {
            return Ok(known);
        }
        let Some(room) = room.checked_sub(1) else {
            let reason = format!(
                "applies more than {MAX_IN_PLACE} schemas in a row to the same value, or applies itself again and again"
            );
            return fault(part.pointer.clone(), reason);
        };
        let mut longest = 0;
        for next in &part.in_place {
            longest = longest.max(1 + self.chain(*next, room, lengths)?);
        }
        lengths[number] = Some(longest);
        Ok(longest)
    }
}

/// Whether there may be something to look at within a value.
fn has_more(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn fault<T>(pointer: String, reason: impl Into<String>) -> Result<T, SchemaFault> {
    Err(SchemaFault { pointer, reason: reason.into() })
}

/// A name as a part of a JSON Pointer (RFC 6901).
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
