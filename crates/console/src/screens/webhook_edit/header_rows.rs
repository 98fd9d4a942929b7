//! Pairs of names and values in the form of a webhook, a row for each: the headers that are the same for every event, those that are made
//! from it, and the versions of event types that it pins.

use std::collections::BTreeMap;

use hookstep_contract::{ConfigFields, FieldError};
use maud::{Markup, html};

use crate::form::{Form, FormFault, Wrong};

/// A list of pairs.
pub(super) struct HeaderRows {
    /// The name that the API has for the list.
    pub(super) field: &'static str,
    label: &'static str,
    /// The controls of the names and of the values.
    controls: [&'static str; 2],
    placeholders: [&'static str; 2],
    hint: &'static str,
    /// What the controls and the buttons of a row are called.
    names: [&'static str; 2],
    add: &'static str,
    remove: &'static str,
}

const HEADER_NAMES: [&str; 2] = ["Header name", "Header value"];
const ADD_HEADER: &str = "Add a header";
const REMOVE_HEADER: &str = "Remove this header";

const HEADERS: HeaderRows = HeaderRows {
    field: "headers",
    label: "Headers",
    controls: ["header_name", "header_value"],
    placeholders: ["X-Header", "Value"],
    hint: "Sent with every request. Not for credentials: those belong under authentication.",
    names: HEADER_NAMES,
    add: ADD_HEADER,
    remove: REMOVE_HEADER,
};

const EVENT_HEADERS: HeaderRows = HeaderRows {
    field: "event_headers",
    label: "Headers from the event",
    controls: ["event_header_name", "event_header_value"],
    placeholders: ["X-Header", "{{body.order.id}}"],
    hint: "Text with {{event.type}}, {{event.id}}, {{event.correlation_id}}, {{attempt}}, {{org_id}}, {{config_id}}, {{webhook_id}}, \
           or {{body.…}} with a path in the body as it is sent. Without a value for it, the header is left out.",
    names: HEADER_NAMES,
    add: ADD_HEADER,
    remove: REMOVE_HEADER,
};

/// The versions that are pinned.
pub(super) const PINS: HeaderRows = HeaderRows {
    field: "event_type_versions",
    label: "Pinned versions",
    controls: ["pinned_type", "pinned_version"],
    placeholders: ["order.created", "1"],
    hint: "Versions of event types of the catalogue. An event whose payload does not satisfy the pinned version fails, and is not sent.",
    names: ["Event type", "Version"],
    add: "Pin a version",
    remove: "Remove this pin",
};

/// The lists of headers.
pub(super) const ALL: [HeaderRows; 2] = [HEADERS, EVENT_HEADERS];

/// What fills the controls.
pub(super) fn pairs(fields: &ConfigFields) -> impl Iterator<Item = (&'static str, String)> {
    let rows = [
        (HEADERS, &fields.headers),
        (EVENT_HEADERS, &fields.event_headers),
        (PINS, &fields.event_type_versions),
    ];
    rows.into_iter().flat_map(|(HeaderRows { controls: [name_control, value_control], .. }, headers)| {
        let pair = move |(name, value): (&String, &String)| {
            [(name_control, name.clone()), (value_control, value.clone())]
        };
        headers.iter().flat_map(pair)
    })
}

impl HeaderRows {
    fn filled<'a>(&self, form: &'a Form) -> impl Iterator<Item = (&'a str, &'a str)> {
        let [names, values] = self.controls;
        form.all(names).zip(form.all(values))
    }

    /// The pairs of the form.
    pub(super) fn read<'a>(
        &self,
        form: &'a Form,
        faults: &mut Vec<FieldError>,
    ) -> BTreeMap<&'a str, &'a str> {
        let mut headers = BTreeMap::new();
        for (name, value) in self.filled(form) {
            let (name, value) = (name.trim(), value.trim());
            if name.is_empty() && value.is_empty() {
                continue;
            }
            if headers.insert(name, value).is_some() {
                faults.push(FieldError::new(format!("{}.{name}", self.field), "is there twice"));
            }
        }
        headers
    }

    /// The list in the form.
    pub(super) fn part(&self, form: &Form, fault: FormFault) -> Markup {
        let id = self.field;
        let label = format!("{id}-label");
        html! {
            div.field id=(id) role="group" aria-labelledby=(label) tabindex="-1" {
                div.label id=(label) { (self.label) }
                div.rows {
                    @for (name, value) in self.filled(form).filter(|pair| *pair != ("", "")) { (self.row(name, value)) }
                    (self.row("", ""))
                }
                template { (self.row("", "")) }
                button.quiet.small type="button" data-add hidden { (self.add) }
                p.hint { (self.hint) }
                @if let Some(wrong) = fault.of(id) { (Wrong(id, wrong)) }
            }
        }
    }

    fn row(&self, name: &str, value: &str) -> Markup {
        let [name_control, value_control] = self.controls;
        let ([name_label, value_label], [name_like, value_like]) = (self.names, self.placeholders);
        html! {
            div.row {
                input name=(name_control) aria-label=(name_label) placeholder=(name_like) value=(name) autocomplete="off" spellcheck="false";
                input name=(value_control) aria-label=(value_label) placeholder=(value_like) value=(value) autocomplete="off" spellcheck="false";
                button.quiet.remove type="button" data-remove hidden aria-label=(self.remove) { "×" }
            }
        }
    }
}
