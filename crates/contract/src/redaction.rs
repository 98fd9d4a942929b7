//! Replaces the values that an org does not keep (ADR 0067), in bodies and in what receivers have answered.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::redact_path::{MAX_REDACT_PATHS, RedactPath, Segment};
use crate::{Attempt, Content, FieldError, Reason};

/// What stands for a value that is not kept.
pub const REDACTED: &str = "[redacted]";

/// How deep a body may be nested: each level is read anew, which a hostile body must not turn into work without end.
const MAX_DEPTH: usize = 128;

/// The shortest value that is looked for within other texts, in bytes: shorter ones are part of many.
const MIN_PART: usize = 4;

/// How many values are looked for elsewhere: where there are more, nothing is kept that could repeat one.
const MAX_VALUES: usize = 256;

/// The paths of an org, ready for use.
#[derive(Clone, Debug)]
pub struct Redactor(Vec<RedactPath>);

/// A body without the values that are not kept.
#[derive(Debug)]
pub struct Redacted {
    /// What is kept of it; `None` if no path leads to anything, so that all of it is.
    pub body: Option<String>,
    /// What was replaced, which must not be kept elsewhere either.
    pub values: RedactedValues,
}

/// The values that were replaced in a body: strings and numbers.
#[derive(Default)]
pub struct RedactedValues {
    texts: Vec<String>,
    are_too_many: bool,
}

impl fmt::Debug for RedactedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedactedValues").field(&self.texts.len()).finish()
    }
}

/// It is not known what in a body must not be kept. What is wrong with it is not said, for that could repeat it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the body is not JSON, or is nested too deeply")]
pub struct NotRedactable;

impl From<serde_json::Error> for NotRedactable {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

impl RedactedValues {
    fn add(&mut self, text: &str) {
        if self.are_too_many || text.is_empty() || self.texts.iter().any(|known| known == text) {
            return;
        }
        if self.texts.len() == MAX_VALUES {
            self.are_too_many = true;
        } else {
            self.texts.push(text.to_owned());
        }
    }

    fn are_none(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether a text is one of the values, or has one in it.
    fn are_in(&self, text: &str) -> bool {
        let is_in = |value: &String| value == text || (value.len() >= MIN_PART && text.contains(value));
        self.are_too_many || self.texts.iter().any(is_in)
    }

    /// What is kept of a reason, whose sentence may repeat a value.
    #[must_use]
    pub fn reason(&self, reason: Reason) -> Reason {
        if self.are_in(&reason.detail) { Reason::new(reason.code, REDACTED) } else { reason }
    }
}

/// Where the paths are: for each, the numbers of the segments that may be next, as bits. After its last segment, a path has led to a
/// value.
type Places = [u32; MAX_REDACT_PATHS];

impl Redactor {
    /// The redactor with these paths; `None` if there are none.
    ///
    /// # Errors
    /// The first path that is none, by its index, or the field if there are too many.
    pub fn new(paths: &[String]) -> Result<Option<Self>, FieldError> {
        if paths.len() > MAX_REDACT_PATHS {
            return Err(FieldError::new("redact_paths", format!("must be at most {MAX_REDACT_PATHS}")));
        }
        let parsed = paths.iter().enumerate().map(|(index, path)| {
            RedactPath::parse(path)
                .map_err(|reason| FieldError::new(format!("redact_paths[{index}]"), reason))
        });
        let parsed: Vec<_> = parsed.collect::<Result<_, _>>()?;
        Ok((!parsed.is_empty()).then_some(Self(parsed)))
    }

    /// What is kept of an accepted body. All that no path leads to stays as it is, to the byte.
    ///
    /// # Errors
    /// If it is not JSON.
    pub fn body(&self, body: &[u8]) -> Result<Redacted, NotRedactable> {
        if body.is_empty() {
            return Ok(Redacted { body: None, values: RedactedValues::default() });
        }
        self.json(body, &RedactedValues::default())
    }

    /// What is kept of the body that a transform has made, from one in which `values` were replaced; `None` if all of it is.
    pub fn sent(&self, sent: &[u8], values: &RedactedValues) -> Option<String> {
        match self.json(sent, values) {
            Ok(Redacted { body, .. }) => body,
            Err(NotRedactable) => (!values.are_none()).then(|| REDACTED.to_owned()),
        }
    }

    /// What is kept of an attempt with a body in which `values` were replaced.
    #[must_use]
    pub fn attempt(&self, mut attempt: Attempt, values: &RedactedValues) -> Attempt {
        for headers in [&mut attempt.request_headers, &mut attempt.response_headers] {
            for value in headers.values_mut().filter(|value| values.are_in(value)) {
                REDACTED.clone_into(value);
            }
        }
        attempt.reason = attempt.reason.map(|reason| values.reason(reason));
        attempt.response_body = attempt.response_body.take().map(|answer| {
            // What was cut off may end within a value.
            let kept = match attempt.response_truncated {
                true => Some(REDACTED.to_owned()),
                false => self.answer(&answer.to_bytes().unwrap_or_default(), values),
            };
            kept.map_or(answer, Content::Text)
        });
        attempt
    }

    /// What is kept of a receiver's answer; `None` if all of it is.
    fn answer(&self, answer: &[u8], values: &RedactedValues) -> Option<String> {
        match self.json(answer, values) {
            Ok(Redacted { body, .. }) => body,
            Err(NotRedactable) => {
                values.are_in(&String::from_utf8_lossy(answer)).then(|| REDACTED.to_owned())
            }
        }
    }

    fn json(&self, body: &[u8], elsewhere: &RedactedValues) -> Result<Redacted, NotRedactable> {
        let raw: &RawValue = serde_json::from_slice(body)?;
        let mut walk = Walk {
            paths: &self.0,
            elsewhere,
            out: String::new(),
            changed: false,
            values: RedactedValues::default(),
        };
        let mut places = Places::default();
        places.iter_mut().take(self.0.len()).for_each(|place| *place = 1);
        walk.value(raw.get(), &places, MAX_DEPTH)?;
        let Walk { out, changed, values, .. } = walk;
        Ok(Redacted { body: changed.then_some(out), values })
    }
}

/// A walk through a body, which writes what is kept of it.
struct Walk<'a> {
    paths: &'a [RedactPath],
    /// Values that are not kept wherever they are.
    elsewhere: &'a RedactedValues,
    out: String,
    changed: bool,
    values: RedactedValues,
}

impl Walk<'_> {
    /// Writes what is kept of a value to which paths have led so far.
    fn value(&mut self, raw: &str, places: &Places, depth: usize) -> Result<(), NotRedactable> {
        if self.paths.iter().zip(places).any(|(path, place)| place >> path.0.len() & 1 == 1) {
            self.changed = true;
            self.out.push_str("\"[redacted]\"");
            return self.collect(raw, depth);
        }
        let looks_elsewhere = !self.elsewhere.are_none();
        if places.iter().all(|place| *place == 0) && !looks_elsewhere {
            self.out.push_str(raw);
            return Ok(());
        }
        let deeper = depth.checked_sub(1).ok_or(NotRedactable)?;
        match raw.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(raw)?;
                let separators = std::iter::once("{").chain(std::iter::repeat(","));
                for ((name, member), separator) in members.iter().zip(separators) {
                    self.out.push_str(separator);
                    self.out.push_str(&serde_json::to_string(name)?);
                    self.out.push(':');
                    let next = self.next(places, |segment| segment.takes_member(name));
                    self.value(member.get(), &next, deeper)?;
                }
                self.out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(raw)?;
                let separators = std::iter::once("[").chain(std::iter::repeat(","));
                for ((number, item), separator) in items.iter().enumerate().zip(separators) {
                    self.out.push_str(separator);
                    let next = self.next(places, |segment| segment.takes_item(number, items.len()));
                    self.value(item.get(), &next, deeper)?;
                }
                self.out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            _ if !looks_elsewhere => self.out.push_str(raw),
            _ => match text_of(raw)? {
                Some(text) if self.elsewhere.are_in(&text) => {
                    self.changed = true;
                    self.out.push_str("\"[redacted]\"");
                }
                _ => self.out.push_str(raw),
            },
        }
        Ok(())
    }

    /// Where the paths are one level below, at what their next segments take. A path is at each place once, so that the work is
    /// bounded however often it could lead there.
    fn next(&self, places: &Places, takes: impl Fn(&Segment) -> bool) -> Places {
        let mut next = Places::default();
        for ((path, place), next) in self.paths.iter().zip(places).zip(&mut next) {
            let under_way = path.0.iter().enumerate().filter(|(number, _)| place >> number & 1 == 1);
            for (number, segment) in under_way {
                *next |= u32::from(segment.descends) << number | u32::from(takes(segment)) << (number + 1);
            }
        }
        next
    }

    /// Notes all strings and numbers in a value that is replaced.
    fn collect(&mut self, raw: &str, depth: usize) -> Result<(), NotRedactable> {
        let deeper = depth.checked_sub(1).ok_or(NotRedactable)?;
        match raw.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(raw)?;
                members.iter().try_for_each(|(_, member)| self.collect(member.get(), deeper))
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(raw)?;
                items.iter().try_for_each(|item| self.collect(item.get(), deeper))
            }
            _ => {
                if let Some(text) = text_of(raw)? {
                    self.values.add(&text);
                }
                Ok(())
            }
        }
    }
}

/// The text of a string, or a number as it is written; `None` for what says nothing by itself: true, false and null.
fn text_of(raw: &str) -> Result<Option<String>, NotRedactable> {
    Ok(match raw.as_bytes().first() {
        Some(b'"') => Some(serde_json::from_str(raw)?),
        Some(b't' | b'f' | b'n') => None,
        _ => Some(raw.to_owned()),
    })
}

/// The members of an object in their order, all of them: a name may be there twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests;
