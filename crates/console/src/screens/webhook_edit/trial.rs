//! Tries the filter and the transform of a form on its sample. Nothing is saved or sent.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use hookstep_api_types::{Preview, PreviewFault, PreviewedRequest};
use hookstep_content_coding::{Codings, Decoded, End};
use hookstep_contract::{ConfigFields, Content, EventId, EventRecord, OrgId, Origin, WebhookConfig};
use hookstep_http_edge::Problem;
use hookstep_management::events::views::accepted_body;
use hookstep_management::webhooks::preview;
use hookstep_management::webhooks::test_send::SAMPLE;
use hookstep_management::{Context, event_types};
use hookstep_store::{EventFilter, Partitions};
use maud::{Markup, html};

use super::form_page::{FormView, form_page};
use super::webhook_form;
use crate::error::PageError;
use crate::extract::OnWebhook;
use crate::form::{Form, FormFault};
use crate::screens::event_page::attempt::headers;
use crate::screens::event_type_choice;
use crate::session::{Manager, Visitor};
use crate::{body_view, parts};

/// The content type of a sample whose type is unknown.
const JSON: &str = "application/json";
/// The largest body of an event that becomes a sample, in bytes: small enough to read.
const SAMPLE_BYTES: u64 = 8 * 1024;
/// How many of the newest events are searched for a sample.
const NEWEST: usize = 10;

/// `POST /console/preview`: for a new webhook.
pub(crate) async fn of_new(
    State(ctx): State<Arc<Context>>,
    Manager(visitor): Manager,
    form: Form,
) -> Result<Html<String>, PageError> {
    answer(&ctx, &visitor, None, &form).await
}

/// `POST /console/webhooks/{config_id}/preview`
pub(crate) async fn of_saved(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Manager(visitor), config): OnWebhook<Manager>,
    form: Form,
) -> Result<Html<String>, PageError> {
    answer(&ctx, &visitor, Some(&config), &form).await
}

/// The form with the result; for the script, only the result.
async fn answer(
    ctx: &Context,
    visitor: &Visitor,
    config: Option<&WebhookConfig>,
    form: &Form,
) -> Result<Html<String>, PageError> {
    let taken = match take_sample(ctx, visitor, config, form).await {
        Ok(taken) => taken,
        Err(problem) if problem.status() == StatusCode::BAD_REQUEST => {
            let tried = fault("sample_of", problem.detail());
            let view = FormView { config, form, fault: FormFault::default(), notice: None };
            return Ok(form_page(ctx, visitor, view, &tried).await);
        }
        Err(problem) => return Err(problem.into()),
    };
    let form = taken.as_ref().unwrap_or(form);
    let tried = match tried(ctx, visitor.org_id(), config.map(|config| &config.fields), form).await {
        Ok(preview) => result(preview, form),
        Err(problem) if problem.status() == StatusCode::BAD_REQUEST => {
            fault(problem.wrong_field().unwrap_or_default(), problem.detail())
        }
        Err(problem) => return Err(problem.into()),
    };
    if form.is_checked("fragment") {
        return Ok(Html(tried.into_string()));
    }
    let view = FormView { config, form, fault: FormFault::default(), notice: None };
    Ok(form_page(ctx, visitor, view, &tried).await)
}

/// The form with the sample of the chosen event type, if its button was pressed.
async fn take_sample(
    ctx: &Context,
    visitor: &Visitor,
    config: Option<&WebhookConfig>,
    form: &Form,
) -> Result<Option<Form>, Problem> {
    if !form.is_checked("take_sample") {
        return Ok(None);
    }
    let event_type = form.get("sample_of");
    if !event_type_choice::shows(visitor, config, event_type) {
        return Err(event_type_choice::not_shown().into());
    }
    let sample = event_types::sample(ctx, visitor.org_id(), event_type).await?;
    let form = form.replacing("sample", event_type_choice::readable(&sample));
    Ok(Some(form.replacing("sample_type", JSON.to_owned())))
}

async fn tried(
    ctx: &Context,
    org_id: &OrgId,
    before: Option<&ConfigFields>,
    form: &Form,
) -> Result<Preview, Problem> {
    let fields = webhook_form::read(form, before)?;
    let kind = Some(form.get("sample_type")).filter(|kind| !kind.is_empty()).unwrap_or(JSON);
    preview::evaluate(ctx, org_id, &fields, form.text("sample").as_bytes(), kind).await
}

/// A sample for a webhook: the body of this event, or of one of the newest ones, if it is small and text; otherwise that of a test.
pub(super) async fn sample(
    ctx: &Context,
    config: &WebhookConfig,
    event_id: Option<EventId>,
) -> Result<[(&'static str, String); 2], Problem> {
    let event = match event_id {
        Some(event_id) => ctx.events.get(&config.org_id, config.config_id, event_id).await?,
        None => {
            let newest = EventFilter { limit: NEWEST, ..EventFilter::default() };
            let newest = ctx.events.list(&Partitions::of(config), newest).await?.events;
            newest.into_iter().find(|event| event.origin != Origin::Replay && is_small(event))
        }
    };
    let now = ctx.sources.now();
    if let Some(event) = event.filter(|event| is_small(event) && !event.has_lost_bodies(now))
        && let Some(stored) = accepted_body(ctx, &event).await?.bytes()
        && let Some(body) = text(&stored, event.content_encoding.as_deref())
    {
        return Ok(pairs(body, event.content_type.unwrap_or_else(|| JSON.to_owned())));
    }
    match event_types::sample_for(ctx, &config.org_id, &config.fields).await? {
        Some((_, sample)) => Ok(pairs(event_type_choice::readable(&sample), JSON.to_owned())),
        None => Ok(no_sample()),
    }
}

/// The text of a body, decoded if it came with a content coding.
fn text(stored: &[u8], coding: Option<&str>) -> Option<String> {
    let codings = Codings::parse(coding.unwrap_or_default()).ok()?;
    let Decoded { bytes, end } = codings.decode(stored, usize::try_from(SAMPLE_BYTES).ok()?);
    String::from_utf8(bytes).ok().filter(|_| end == End::Complete)
}

fn is_small(event: &EventRecord) -> bool {
    event.claim.is_none() && event.size.is_some_and(|size| (1..=SAMPLE_BYTES).contains(&size))
}

/// A sample for a webhook that has no events.
pub(super) fn no_sample() -> [(&'static str, String); 2] {
    pairs(SAMPLE.to_owned(), JSON.to_owned())
}

fn pairs(body: String, content_type: String) -> [(&'static str, String); 2] {
    [("sample", body), ("sample_type", content_type)]
}

fn result(preview: Preview, form: &Form) -> Markup {
    match preview {
        Preview { fault: Some(PreviewFault { field, position, reason }), .. } => {
            let place = position.map(|position| place(&expression(form, &field), position));
            fault(&field, &place.map_or(reason.clone(), |place| format!("{place}: {reason}")))
        }
        Preview { request: Some(request), .. } => sent(request),
        Preview { reason, .. } => html! {
            p { (parts::badge("skipped", "Would be skipped")) " " (parts::sentence(&reason.unwrap_or_default())) }
        },
    }
}

fn sent(request: PreviewedRequest) -> Markup {
    let PreviewedRequest { method, url, headers: sent, body, body_encoding } = request;
    let body = if body_encoding.is_some() { Content::Base64(body) } else { Content::Text(body) };
    html! {
        p { (parts::badge("succeeded", "Would be sent")) }
        p.target { span.method { (method) } " " @if url.is_empty() { "(no URL yet)" } @else { (url) } }
        (body_view::body(&body, body_view::SHOWN_BYTES, ""))
        (headers("Headers", &sent))
    }
}

fn fault(field: &str, reason: &str) -> Markup {
    html! { div.alert.failed { strong { (name_of(field)) } p { (parts::sentence(reason)) } } }
}

/// The name of a field on the form.
fn name_of(field: &str) -> String {
    let condition = field.strip_prefix("filter.conditions[").and_then(|rest| rest.split(']').next());
    match (field, condition.and_then(|index| index.parse::<usize>().ok())) {
        (_, Some(index)) => format!("Condition {} is wrong", index + 1),
        ("filter.jsonata", _) => "The filter's expression fails".to_owned(),
        ("transform.jsonata", _) => "The transform's expression fails".to_owned(),
        ("transform.content_type", _) => "The content type of the result is wrong".to_owned(),
        ("filter", _) => "The filter is not complete".to_owned(),
        ("body", _) => "The sample cannot be read".to_owned(),
        ("sample_of", _) => "There is no sample".to_owned(),
        _ => format!("The field {field} is wrong"),
    }
}

/// The expression of the form to which a fault belongs.
fn expression(form: &Form, field: &str) -> String {
    form.text(if field == "filter.jsonata" { "filter_jsonata" } else { "transform" })
}

/// The place of the character at `position`, from 1, by line and character.
fn place(text: &str, position: usize) -> String {
    let before: String = text.chars().take(position.saturating_sub(1)).collect();
    let (lines, last) = (before.matches('\n').count(), before.rsplit('\n').next().unwrap_or_default());
    let column = last.chars().count() + 1;
    if text.contains('\n') {
        format!("at line {}, character {column}", lines + 1)
    } else {
        format!("at character {column}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_line_number_where_there_are_lines() {
        assert_eq!(place("1 + ä", 5), "at character 5");
        assert_eq!(place("{\n  \"a\": ü +\n}", 11), "at line 2, character 9");
        assert_eq!(place("a\n", 3), "at line 2, character 1");
    }

    #[test]
    fn a_field_is_called_as_on_the_form() {
        assert_eq!(name_of("filter.conditions[2].values[0]"), "Condition 3 is wrong");
        assert_eq!(name_of("filter.conditions"), "The field filter.conditions is wrong");
    }
}
