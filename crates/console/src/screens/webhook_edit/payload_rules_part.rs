//! The section of the form of a webhook with its filter and its transform, where both can be tried.

use hookstep_api_types::EventType;
use hookstep_contract::Operator;
use hookstep_contract::limits::MAX_CONDITIONS;
use maud::{Markup, html};

use super::payload_rules_form::{ConditionRow, KINDS, rows};
use crate::form::{Field, Form, FormFault, Wrong};
use crate::payload_rules_words;
use crate::screens::event_type_choice;

/// What the trial of filter and transform needs.
#[derive(Clone, Copy)]
pub(super) struct Trial<'a> {
    /// Where the form is tried.
    pub(super) preview: &'a str,
    /// The event types whose samples can be taken.
    pub(super) types: &'a [EventType],
    /// What came of it, if it was tried.
    pub(super) tried: &'a Markup,
}

/// Filter, transform and the trial of both, folded while all are empty.
pub(super) fn part(form: &Form, fault: FormFault, trial: Trial) -> Markup {
    let has_filter = !matches!(form.get("filter"), "" | "none");
    let is_faulty = fault.of("filter").is_some() || fault.of("transform").is_some();
    let is_filled = ["filter_jsonata", "transform", "transform_type"]
        .iter()
        .any(|field| !form.get(field).trim().is_empty())
        || !rows(form).is_empty();
    let is_open = has_filter || is_faulty || is_filled || !trial.tried.0.is_empty();
    html! {
        details.card.payload-rules open[is_open] {
            summary { "Filter and transform: which events are sent, and with which body" }
            div.parts { (filter(form, fault)) (transform(form, fault)) (try_out(form, trial)) }
        }
    }
}

fn filter(form: &Form, fault: FormFault) -> Markup {
    let kinds = [("none", "Send every event"), ("conditions", "Conditions"), ("jsonata", "JSONata")];
    let kind = Some(form.get("filter")).filter(|kind| !kind.is_empty()).unwrap_or("none");
    html! {
        fieldset.plain.filter {
            legend { "Filter" }
            div.radios #filter role="radiogroup" aria-label="Kind of filter" tabindex="-1" {
                @for (value, name) in kinds {
                    label { input type="radio" name="filter" value=(value) checked[kind == value]; span { (name) } }
                }
            }
            @if let Some(wrong) = fault.of_all("filter") { (Wrong("filter", wrong)) }
            div.pane.conditions { (conditions(form, fault)) }
            div.pane.jsonata {
                (Field { name: "filter.jsonata", label: "Expression", hint: "JSONata over the body; an event is sent when it is true. \
                    Others are recorded as skipped.", fault }
                    .area("filter_jsonata", &form.text("filter_jsonata"), "amount > 100 and status = \"paid\""))
            }
        }
    }
}

fn conditions(form: &Form, fault: FormFault) -> Markup {
    let written = rows(form);
    let spare =
        2_usize.saturating_sub(written.len()).max(1).min(MAX_CONDITIONS.saturating_sub(written.len()));
    html! {
        div.field #filter-conditions role="group" aria-labelledby="conditions-label" tabindex="-1" {
            div.title-row {
                div.label #conditions-label { "An event is sent when" }
                select name="logical_operator" aria-label="How many conditions must hold" {
                    @for (value, name) in [("AND", "all of these hold"), ("OR", "one of these holds")] {
                        option value=(value) selected[form.get("logical_operator") == value] { (name) }
                    }
                }
            }
            div.rows {
                @for (index, one) in written.iter().enumerate() { (row(*one, fault.of(&format!("filter.conditions[{index}]")), index)) }
                @for index in 0..spare { (row(ConditionRow::default(), None, written.len() + index)) }
            }
            template { (row(ConditionRow::default(), None, MAX_CONDITIONS)) }
            button.quiet.small type="button" data-add=(MAX_CONDITIONS) hidden { "Add a condition" }
            p.hint { "A field is a path into the body, like " code { "order.items[0].price" } "; several values go one a line, an empty one as " code { "\"\"" } ". At most "
                (MAX_CONDITIONS) " conditions. Events that do not pass are recorded as skipped." }
            @if let Some(wrong) = fault.of_all("filter.conditions") { (Wrong("filter-conditions", wrong)) }
        }
    }
}

fn row(
    ConditionRow { field, operator, kind, values }: ConditionRow,
    wrong: Option<&str>,
    index: usize,
) -> Markup {
    let id = format!("filter-conditions-{index}");
    let (is_invalid, described) = (wrong.map(|_| "true"), wrong.map(|_| format!("{id}-wrong")));
    let values = values.replace("\r\n", "\n");
    html! {
        div.row.condition {
            input name="condition_field" aria-label="Field" placeholder="order.status" value=(field) autocomplete="off" spellcheck="false"
                aria-invalid=[is_invalid] aria-describedby=[described.as_deref()];
            select name="condition_operator" aria-label="Comparison" {
                @for (one, name) in Operator::ALL { option value=(name) selected[operator == name] { (payload_rules_words::operator(one)) } }
            }
            select name="condition_type" aria-label="Read as" {
                @for (_, name, words) in KINDS { option value=(name) selected[kind == name] { (words) } }
            }
            textarea.code name="condition_values" aria-label="Values, one a line" placeholder="paid" rows=(values.lines().count().max(1))
                spellcheck="false" autocomplete="off" aria-invalid=[is_invalid] { (values) }
            button.quiet.remove type="button" data-remove hidden aria-label="Remove this condition" { "×" }
            @if let Some(wrong) = wrong { (Wrong(&id, wrong)) }
        }
    }
}

fn transform(form: &Form, fault: FormFault) -> Markup {
    let hint = "JSONata over the body; what it makes is sent in its place, to the byte the same in each retry. Empty: the body is sent as \
        it came.";
    html! {
        fieldset.plain {
            legend { "Transform" }
            (Field { name: "transform.jsonata", label: "What is sent", hint, fault }
                .area("transform", &form.text("transform"), "{\"id\": order.id, \"total\": $sum(order.items.price)}"))
            (Field { name: "transform.content_type", label: "Content type of the result", hint: "By default application/json, or text/plain \
                of a text.", fault }.line("text", "transform_type", form.get("transform_type")))
        }
    }
}

/// The script of the page tries again whenever typing pauses; without a script, the button loads the form with the result.
fn try_out(form: &Form, Trial { preview, types, tried }: Trial) -> Markup {
    let target = format!("{preview}#tried");
    html! {
        section.trial aria-labelledby="trial-title" {
            h3 #trial-title { "Try it on a sample" }
            div.field {
                label for="sample" { "Sample body" }
                textarea.code #sample name="sample" rows="5" spellcheck="false" autocomplete="off" aria-describedby="sample-hint" { "\n" (form.text("sample")) }
                p.hint #sample-hint { "Nothing is saved, and nothing is sent." }
            }
            input type="hidden" name="sample_type" value=(form.get("sample_type"));
            @if !types.is_empty() { div.actions {
                (event_type_choice::select(types, "sample_of", form.get("sample_of")))
                button type="submit" name="take_sample" value="on" formaction=(target) { "Take its sample" }
            } }
            div.actions { button type="submit" formaction=(target) data-try="#tried" { "Try" } }
            div #tried role="region" aria-label="What would become of the sample" aria-live="polite" { (tried) }
        }
    }
}
