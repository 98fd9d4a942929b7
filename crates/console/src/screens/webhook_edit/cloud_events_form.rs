//! How a webhook sends CloudEvents, in its form.

use hookstep_contract::{CloudEvents, CloudEventsMode, ConfigFields};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use crate::form::{Field, Form, FormFault};

const MODES: [(&str, &str); 3] = [
    ("", "The body as it is"),
    ("binary", "CloudEvents, binary: attributes in headers"),
    ("structured", "CloudEvents, structured: attributes and body in one JSON object"),
];

/// What fills the controls.
pub(super) fn pairs(fields: &ConfigFields) -> Vec<(&'static str, String)> {
    let Some(CloudEvents { mode, source, event_type }) = &fields.cloud_events else { return Vec::new() };
    let mode = match mode {
        CloudEventsMode::Binary => "binary",
        CloudEventsMode::Structured => "structured",
    };
    vec![
        ("cloud_events", mode.to_owned()),
        ("cloud_events_source", source.clone().unwrap_or_default()),
        ("cloud_events_type", event_type.clone().unwrap_or_default()),
    ]
}

/// The setting in the format of the API, without what is left empty.
pub(super) fn read(form: &Form) -> Value {
    let mode = form.get("cloud_events");
    if mode.is_empty() {
        return Value::Null;
    }
    let parts = [
        ("mode", mode),
        ("source", form.get("cloud_events_source").trim()),
        ("type", form.get("cloud_events_type").trim()),
    ];
    let given = parts.into_iter().filter(|(_, value)| !value.is_empty());
    Value::Object(given.map(|(part, value)| (part.to_owned(), json!(value))).collect::<Map<_, _>>())
}

/// The section, folded while bodies are sent as they are.
pub(super) fn section(form: &Form, fault: FormFault) -> Markup {
    let field = |name, label, hint| Field { name, label, hint, fault };
    let line =
        |name, label, hint, control: &str| field(name, label, hint).line("text", control, form.get(control));
    let mode = form.get("cloud_events");
    let is_open = !mode.is_empty() || fault.of("cloud_events").is_some();
    html! {
        details.card open[is_open] {
            summary { "Format: CloudEvents" }
            (field("cloud_events", "Envelope of events", "").with(|attributes| html! {
                select id=(attributes.id) name="cloud_events" aria-invalid=[attributes.invalid] {
                    @for (value, label) in MODES { option value=(value) selected[mode == value] { (label) } }
                }
            }))
            div.halves {
                (line("cloud_events.source", "Source", "A URI or a path. Left empty, the path of this webhook in the API.", "cloud_events_source"))
                (line("cloud_events.type", "Type", "Of events without a type of their own. Left empty, hookstep.event.", "cloud_events_type"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_as_it_was_filled_in() {
        for (form, expected) in [
            ("cloud_events=&cloud_events_source=a&cloud_events_type=b", Value::Null),
            ("cloud_events=binary&cloud_events_source=&cloud_events_type=", json!({"mode": "binary"})),
            (
                "cloud_events=structured&cloud_events_source=%20/a%20&cloud_events_type=b",
                json!({"mode": "structured", "source": "/a", "type": "b"}),
            ),
        ] {
            let read = read(&Form::read(form.as_bytes()));
            assert_eq!(read, expected, "{form}");
            let webhook = json!({"name": "n", "url": "https://example.com/", "cloud_events": read});
            let filled = Form::from_pairs(pairs(&serde_json::from_value(webhook).unwrap()));
            assert_eq!(super::read(&filled), expected, "{form}");
        }
    }
}
