//! The order of a webhook's events in its form.

use hookstep_contract::{ConfigFields, Ordering};
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::form::{Field, Form, FormFault};

const KINDS: [(&str, &str); 3] =
    [("", "No order"), ("all", "All events in one order"), ("key", "Events with the same key in order")];
const WAYS: [(&str, &str); 2] =
    [("continue", "Send the events behind it"), ("block", "Wait until it was cancelled or replayed")];

/// What fills the controls.
pub(super) fn pairs(fields: &ConfigFields) -> Vec<(&'static str, String)> {
    let Some(Ordering { key, on_failure }) = &fields.ordering else { return Vec::new() };
    let kind = if key.is_some() { "key" } else { "all" };
    let key = key.clone().unwrap_or_default();
    vec![("ordering", kind.to_owned()), ("ordering_key", key), ("on_failure", on_failure.as_str().to_owned())]
}

/// The order in the format of the API. An empty key is the API's to reject.
pub(super) fn read(form: &Form) -> Value {
    let on_failure = Some(form.get("on_failure")).filter(|way| !way.is_empty()).unwrap_or("continue");
    match form.get("ordering") {
        "all" => json!({"on_failure": on_failure}),
        "key" => json!({"key": form.get("ordering_key").trim(), "on_failure": on_failure}),
        _ => Value::Null,
    }
}

/// The section, folded while there is no order.
pub(super) fn section(form: &Form, fault: FormFault) -> Markup {
    let field = |name, label, hint| Field { name, label, hint, fault };
    let select = |name: &'static str, options: &'static [(&str, &str)]| {
        move |attributes: &crate::form::ControlAttributes| {
            html! {
                select id=(attributes.id) name=(name) aria-invalid=[attributes.invalid] {
                    @for (value, label) in options { option value=(value) selected[form.get(name) == *value] { (label) } }
                }
            }
        }
    };
    let is_open = !form.get("ordering").is_empty() || fault.of("ordering").is_some();
    let hint = "JSONata over the accepted body, which makes a string, a number or a boolean, like customer.id. Events for which it makes \
        nothing have no order.";
    html! {
        details.card open[is_open] {
            summary { "Order: one event after the other" }
            p.hint { "The next event is sent when the one before it has succeeded, has failed for good, or was cancelled. Retries keep their \
                place. The timeout of a webhook with an order is at most 120 seconds." }
            (field("ordering", "Order", "").with(select("ordering", &KINDS)))
            (field("ordering.key", "Key", hint).line("text", "ordering_key", form.get("ordering_key")))
            (field("ordering.on_failure", "When an event fails for good", "").with(select("on_failure", &WAYS)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_filled_in() {
        for (form, expected) in [
            ("ordering=&ordering_key=a&on_failure=block", Value::Null),
            ("ordering=all&ordering_key=a&on_failure=", json!({"on_failure": "continue"})),
            (
                "ordering=key&ordering_key=%20a.b&on_failure=block",
                json!({"key": "a.b", "on_failure": "block"}),
            ),
        ] {
            let read = read(&Form::read(form.as_bytes()));
            assert_eq!(read, expected, "{form}");
            let webhook = json!({"name": "n", "url": "https://example.com/", "ordering": read});
            let filled = Form::from_pairs(pairs(&serde_json::from_value(webhook).unwrap()));
            assert_eq!(super::read(&filled), expected, "{form}");
        }
    }
}
