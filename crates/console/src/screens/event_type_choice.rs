//! Event types of the catalogue that forms offer.

use hookstep_api_types::EventType;
use hookstep_contract::{FieldError, MAX_CATALOGUED_TYPES, WebhookConfig, subscribes};
use hookstep_management::Context;
use hookstep_management::event_types::list_of;
use maud::{Markup, html};
use serde_json::Value;

use crate::form::Form;
use crate::session::Visitor;

/// The field of the form of a webhook with the types that were chosen.
pub(crate) const CHOSEN: &str = "event_type";

/// The types of the visitor's org that are to be used with a webhook, by name; `None` is a new one. There are none if the catalogue
/// cannot be read, whose cause is in the log by then: a form needs none, and what was typed into it is not lost.
pub(crate) async fn offered(
    ctx: &Context,
    visitor: &Visitor,
    config: Option<&WebhookConfig>,
) -> Vec<EventType> {
    let listed = list_of(ctx, visitor.org_id(), None, MAX_CATALOGUED_TYPES).await;
    let mut types = listed.map(|page| page.data).unwrap_or_default();
    types.retain(|listed| !listed.deprecated && shows(visitor, config, &listed.name));
    types
}

/// Whether the visitor may see what the catalogue says of a type: in a session that is limited to webhooks, only of those that the
/// webhook subscribes to.
pub(crate) fn shows(visitor: &Visitor, config: Option<&WebhookConfig>, event_type: &str) -> bool {
    visitor.sees_all() || config.is_some_and(|config| subscribes(&config.fields.event_types, event_type))
}

/// The refusal of a type that is not shown to the visitor.
pub(crate) fn not_shown() -> FieldError {
    FieldError::new("event_type", "is no type that this webhook subscribes to")
}

/// Boxes for the types that `subscribed` has not yet; those that are ticked are added to it.
pub(crate) fn boxes(types: &[EventType], subscribed: &[String], form: &Form) -> Markup {
    let is_new = |listed: &&EventType| !subscribes(subscribed, &listed.name);
    let is_ticked = |listed: &EventType| form.all(CHOSEN).any(|name| name == listed.name);
    html! {
        @if types.iter().any(|listed| is_new(&listed)) {
            details open[types.iter().any(is_ticked)] {
                summary { "Add event types of the catalogue" }
                div.rows.choice { @for listed in types.iter().filter(is_new) {
                    label.check { input type="checkbox" name=(CHOSEN) value=(listed.name) checked[is_ticked(listed)];
                        span { code { (listed.name) } @if !listed.description.is_empty() { span.hint { " " (listed.description) } } } }
                } }
            }
        }
    }
}

/// A choice of the type whose sample is wanted.
pub(crate) fn select(types: &[EventType], name: &str, chosen: &str) -> Markup {
    html! {
        select name=(name) aria-label="Event type" {
            @for listed in types { option value=(listed.name) selected[listed.name == chosen] { (listed.name) } }
        }
    }
}

/// A sample as people read it.
pub(crate) fn readable(sample: &str) -> String {
    serde_json::from_str(sample).map_or_else(|_| sample.to_owned(), |sample: Value| format!("{sample:#}"))
}
