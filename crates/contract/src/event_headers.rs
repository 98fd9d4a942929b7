//! Headers whose values are made from the event and its body (ADR 0063).

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use thiserror::Error;

use crate::limits::{
    MAX_EVENT_HEADER_CHARS, MAX_EVENT_HEADER_NAME_CHARS, MAX_EVENT_HEADER_VALUE_BYTES, MAX_EVENT_HEADERS,
};
use crate::{EventMetadata, FieldError, JsonLevel, JsonLevels, JsonPath};

/// Stands for a value that only an event has.
const UNKNOWN: &str = "***";

/// The value of a header, with placeholders: `order {{body.order.id}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderTemplate(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Event(Known),
    Body(JsonPath),
}

/// What is known about an event, under the names of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    EventType,
    EventId,
    CorrelationId,
    Attempt,
    OrgId,
    ConfigId,
    WebhookId,
}

const KNOWN: [(&str, Known); 7] = [
    ("event.type", Known::EventType),
    ("event.id", Known::EventId),
    ("event.correlation_id", Known::CorrelationId),
    ("attempt", Known::Attempt),
    ("org_id", Known::OrgId),
    ("config_id", Known::ConfigId),
    ("webhook_id", Known::WebhookId),
];

/// Why a template has no value that a header can have. It does not say what the value is.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HeaderFault {
    /// A placeholder leads to a list, an object, or several values.
    #[error("has a placeholder that does not lead to a single string, number or boolean")]
    NotScalar,
    /// The value has characters that could end the header, or that receivers read in different ways.
    #[error("would have a value with characters other than visible ASCII")]
    Characters,
    /// The value is too long.
    #[error("would have a value of more than {MAX_EVENT_HEADER_VALUE_BYTES} bytes")]
    TooLong,
}

/// Checks the headers of a webhook whose values are made from the event: their number, their templates, and the lengths.
/// What names a header may have is checked by the egress policy.
///
/// # Errors
/// The first header that is wrong, by its field.
pub fn check_event_headers(headers: &BTreeMap<String, String>) -> Result<(), FieldError> {
    if headers.len() > MAX_EVENT_HEADERS {
        return Err(FieldError::new(
            "event_headers",
            format!("must have at most {MAX_EVENT_HEADERS} headers"),
        ));
    }
    for (index, (name, template)) in headers.iter().enumerate() {
        let wrong = |reason: String| Err(FieldError::new(format!("event_headers.{name}"), reason));
        if name.len() > MAX_EVENT_HEADER_NAME_CHARS {
            return wrong(format!("must have a name of at most {MAX_EVENT_HEADER_NAME_CHARS} characters"));
        }
        if headers.keys().take(index).any(|before| before.eq_ignore_ascii_case(name)) {
            return wrong("is there twice, in different case".to_owned());
        }
        if let Err(reason) = HeaderTemplate::parse(template) {
            return wrong(reason);
        }
    }
    Ok(())
}

impl HeaderTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// If it is none: what is wrong, phrased to follow the name of its field.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !(1..=MAX_EVENT_HEADER_CHARS).contains(&text.chars().count()) {
            return Err(format!("must be 1 to {MAX_EVENT_HEADER_CHARS} characters"));
        }
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else {
                return Err("has a placeholder without its end, }}".to_owned());
            };
            pieces.extend([Piece::Text(before.to_owned()), placeholder(name.trim())?]);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        let is_visible = |piece: &Piece| !matches!(piece, Piece::Text(text) if !is_visible(text));
        if pieces.iter().all(is_visible) {
            Ok(Self(pieces))
        } else {
            Err("must have only visible ASCII outside of its placeholders".to_owned())
        }
    }

    /// Whether a placeholder reads the body.
    pub fn reads_body(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Body(_)))
    }

    /// The header's value for an attempt; `None` if the event or the body, which is `None` if it is not JSON, has nothing
    /// for one of the placeholders. `levels` are those of this body.
    ///
    /// # Errors
    /// If a header cannot have the value.
    pub fn value<'a>(
        &self,
        event: &EventMetadata,
        attempt: u32,
        body: Option<&'a RawValue>,
        levels: &mut JsonLevels<'a>,
    ) -> Result<Option<String>, HeaderFault> {
        self.made(|known| known.of(event, attempt), body, levels)
    }

    /// The header's value with `***` for what only an event has.
    ///
    /// # Errors
    /// If a header cannot have the value.
    pub fn sample<'a>(
        &self,
        body: Option<&'a RawValue>,
        levels: &mut JsonLevels<'a>,
    ) -> Result<Option<String>, HeaderFault> {
        self.made(|_| Some(UNKNOWN.to_owned()), body, levels)
    }

    fn made<'a>(
        &self,
        of_event: impl Fn(Known) -> Option<String>,
        body: Option<&'a RawValue>,
        levels: &mut JsonLevels<'a>,
    ) -> Result<Option<String>, HeaderFault> {
        let mut value = String::new();
        for piece in &self.0 {
            let part = match piece {
                Piece::Text(text) => Some(text.clone()),
                Piece::Event(known) => of_event(*known),
                Piece::Body(path) => body.map_or(Ok(None), |body| scalar(path, body, levels))?,
            };
            let Some(part) = part else { return Ok(None) };
            value.push_str(&part);
        }
        // HTTP/2 allows no blanks around a value.
        let value = value.trim_matches(' ');
        if !is_visible(value) {
            return Err(HeaderFault::Characters);
        }
        if value.len() > MAX_EVENT_HEADER_VALUE_BYTES {
            return Err(HeaderFault::TooLong);
        }
        Ok(Some(value.to_owned()))
    }
}

impl Known {
    fn of(self, event: &EventMetadata, attempt: u32) -> Option<String> {
        match self {
            Self::EventType => event.event_type.clone(),
            Self::EventId => Some(event.event_id.to_string()),
            Self::CorrelationId => event.correlation_id.clone(),
            Self::Attempt => Some(attempt.to_string()),
            Self::OrgId => Some(event.org_id.to_string()),
            Self::ConfigId => Some(event.config_id.to_string()),
            Self::WebhookId => Some(event.webhook_id().to_string()),
        }
    }
}

fn placeholder(name: &str) -> Result<Piece, String> {
    if let Some(path) = name.strip_prefix("body.") {
        let path = JsonPath::parse(path);
        return path.map(Piece::Body).map_err(|reason| format!("has a placeholder {name}, which {reason}"));
    }
    match KNOWN.iter().find(|(known, _)| *known == name) {
        Some((_, known)) => Ok(Piece::Event(*known)),
        None => {
            let names = KNOWN.map(|(known, _)| known).join(", ");
            Err(format!("has an unknown placeholder {name:?}: use one of {names}, or body. with a path"))
        }
    }
}

/// The value at a path, as text; `None` if there is none, or `null`.
fn scalar<'a>(
    path: &JsonPath,
    body: &'a RawValue,
    levels: &mut JsonLevels<'a>,
) -> Result<Option<String>, HeaderFault> {
    let found = path.follow(body, levels).map_err(|_| HeaderFault::NotScalar)?;
    match found.as_slice() {
        [] => Ok(None),
        [one] => match JsonLevel::of(one).map_err(|_| HeaderFault::NotScalar)? {
            JsonLevel::Null => Ok(None),
            JsonLevel::Text(text) => Ok(Some(text)),
            JsonLevel::Plain => Ok(Some(one.get().to_owned())),
            JsonLevel::List(_) | JsonLevel::Object(_) => Err(HeaderFault::NotScalar),
        },
        _ => Err(HeaderFault::NotScalar),
    }
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "019b7ca9-8c88-7000-8000-000000000000";
    const FIRST: &str = "0190a000-0000-7000-8000-00000000000a";

    fn event(more: &Value) -> EventMetadata {
        let mut event = json!({
            "event_id": ID, "org_id": "acme", "config_id": FIRST, "origin": "api", "mode": "async",
            "created_at": "2026-01-02T03:04:05Z",
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    fn made(template: &str, more: &Value, body: &str) -> Result<Option<String>, HeaderFault> {
        let body = serde_json::from_str::<&RawValue>(body).ok();
        HeaderTemplate::parse(template).unwrap().value(&event(more), 2, body, &mut JsonLevels::default())
    }

    #[test]
    fn values_come_from_the_event_and_its_body() {
        let more = json!({"event_type": "order.paid", "correlation_id": "c 1", "webhook_id": FIRST});
        let body = r#"{"order": {"id": 10000000000000000000001.50, "is": true, "items": [{"sku": "ä\n"}, {"sku": "b"}]}, "s": " x "}"#;
        for (template, expected) in [
            ("plain", Ok(Some("plain".to_owned()))),
            ("{{event.type}}/{{ event.correlation_id }}", Ok(Some("order.paid/c 1".to_owned()))),
            ("{{event.id}} {{webhook_id}}", Ok(Some(format!("{ID} {FIRST}")))),
            ("{{attempt}}.{{org_id}}.{{config_id}}}}", Ok(Some(format!("2.acme.{FIRST}}}}}")))),
            ("{{body.order.id}}", Ok(Some("10000000000000000000001.50".to_owned()))),
            ("{{body.order.is}} {{body.order.items[1].sku}}", Ok(Some("true b".to_owned()))),
            ("{{body.s}}", Ok(Some("x".to_owned()))),
            ("a{{body.none}}", Ok(None)),
            ("{{body.order.items[0].sku}}", Err(HeaderFault::Characters)),
            ("{{body.order.items.sku}}", Err(HeaderFault::NotScalar)),
            ("{{body.order}}", Err(HeaderFault::NotScalar)),
        ] {
            assert_eq!(made(template, &more, body), expected, "{template}");
        }
        assert_eq!(made("{{event.type}}", &json!({}), "{}"), Ok(None));
        assert_eq!(made("{{body.a}}", &json!({}), "no JSON"), Ok(None));
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_EVENT_HEADER_VALUE_BYTES + 1));
        assert_eq!(made("{{body.a}}", &json!({}), &long), Err(HeaderFault::TooLong));
    }

    #[test]
    fn a_wrong_template_is_named() {
        let check = |name: &str, template: &str| {
            let headers = [("X-A".to_owned(), "a".to_owned()), (name.to_owned(), template.to_owned())];
            check_event_headers(&headers.into()).map_err(|error| error.to_string())
        };
        assert_eq!(check("X-B", "{{body.größe}}"), Ok(()));
        let steps = |count: usize| format!("{{{{body.{}}}}}", vec!["a"; count].join("."));
        assert_eq!(check("X-B", &steps(32)), Ok(()));
        assert!(check("X-B", &steps(33)).unwrap_err().ends_with("which must have at most 32 steps"));
        for (name, template, wrong) in [
            ("X-B", "{{event.typ}}", "event_headers.X-B: has an unknown placeholder \"event.typ\""),
            ("X-B", "{{}}", "event_headers.X-B: has an unknown placeholder"),
            (
                "X-B",
                "{{body.a..b}}",
                "event_headers.X-B: has a placeholder body.a..b, which must have a name",
            ),
            ("X-B", "{{attempt", "event_headers.X-B: has a placeholder without its end"),
            ("X-B", "", "event_headers.X-B: must be 1 to"),
            ("X-B", "ä{{attempt}}", "event_headers.X-B: must have only visible ASCII"),
            ("X-B", "a\r\nX-C: b", "event_headers.X-B: must have only visible ASCII"),
            ("x-a", "b", "event_headers.x-a: is there twice"),
        ] {
            let told = check(name, template).unwrap_err();
            assert!(told.starts_with(wrong), "{told}");
        }
        let many = (0..=MAX_EVENT_HEADERS).map(|n| (format!("X-{n}"), "a".to_owned())).collect();
        assert_eq!(check_event_headers(&many).unwrap_err().field, "event_headers");
    }

    proptest! {
        #[test]
        fn no_value_ends_a_header(text in any::<String>(), key in "[a-z]{1,3}") {
            let body = json!({key.clone(): text}).to_string();
            let more = json!({"correlation_id": text, "event_type": text});
            for template in [format!("{{{{body.{key}}}}}"), "{{event.correlation_id}}{{event.type}}".to_owned()] {
                if let Ok(Some(value)) = made(&template, &more, &body) {
                    prop_assert!(is_visible(&value) && value.len() <= MAX_EVENT_HEADER_VALUE_BYTES);
                }
            }
        }
    }
}
