//! Sends a test and shows the answer of the receiver.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use hookstep_api_types::EventType;
use hookstep_contract::{
    Delivered, EventId, FieldError, Status, WebhookConfig, WorkflowOutput, check_event_type,
};
use hookstep_executions::{Run, WorkflowError};
use hookstep_http_edge::Problem;
use hookstep_management::Context;
use hookstep_management::webhooks::test_send::{SAMPLE, TestEvent, send as send_test};
use maud::{Markup, html};

use super::event_page::attempt::{ResponseBody, response};
use super::{event_type_choice, webhook_actions};
use crate::advice::{Advice, advice};
use crate::error::PageError;
use crate::extract::{OnWebhook, Submitted};
use crate::form::{Field, Form, FormFault, Query};
use crate::layout::{Section, page};
use crate::session::{Replayer, Visitor};
use crate::{body_view, parts};

/// `GET /console/webhooks/{config_id}/test`. `event_type` chooses the event type whose sample becomes the body.
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    OnWebhook(Replayer(visitor), config): OnWebhook<Replayer>,
    query: Query,
) -> Result<Html<String>, PageError> {
    let types = event_type_choice::offered(&ctx, &visitor, Some(&config)).await;
    let chosen = Some(query.get("event_type").to_owned()).filter(|name| !name.is_empty());
    let is_shown = |name: &String| event_type_choice::shows(&visitor, Some(&config), name);
    let test = if chosen.as_ref().is_none_or(is_shown) {
        TestEvent::of_sample(&ctx, &config, chosen).await
    } else {
        Err(event_type_choice::not_shown().into())
    };
    let (test, faults) = match test {
        Ok(test) => (test, Vec::new()),
        Err(problem) => match problem.wrong_field() {
            Some(field) => {
                let fault = FieldError::new(field, problem.detail());
                (TestEvent::of_sample(&ctx, &config, None).await?, vec![fault])
            }
            None => return Err(problem.into()),
        },
    };
    let body = event_type_choice::readable(&String::from_utf8_lossy(&test.body));
    let form = Form::from_pairs([
        ("body", if test.event_type.is_some() { body } else { SAMPLE.to_owned() }),
        ("content_type", test.content_type),
        ("event_type", test.event_type.unwrap_or_default()),
    ]);
    let view = TestView { config: &config, types: &types, form: &form, fault: FormFault(&faults) };
    Ok(test_page(&visitor, view, html! {}))
}

/// `POST /console/webhooks/{config_id}/test`: the same page, with the answer.
pub(crate) async fn send(
    State(ctx): State<Arc<Context>>,
    Submitted(OnWebhook(Replayer(visitor), config), form): Submitted<OnWebhook<Replayer>>,
) -> Result<Response, PageError> {
    let types = event_type_choice::offered(&ctx, &visitor, Some(&config)).await;
    let view = TestView { config: &config, types: &types, form: &form, fault: FormFault::default() };
    if form.is_checked("continue") {
        return Ok(test_page(&visitor, view, html! {}).into_response());
    }
    let test = match read(&form) {
        Ok(test) => test,
        Err(fault) => {
            let fault = [fault];
            let page = test_page(&visitor, TestView { fault: FormFault(&fault), ..view }, html! {});
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (event_id, run) = send_test(&ctx, &config, test).await?;
    let target = format!("/console/webhooks/{}/events/{event_id}", config.config_id);
    let answer = answer(event_id, &target, run)?;
    Ok(test_page(&visitor, view, answer).into_response())
}

fn read(form: &Form) -> Result<TestEvent, FieldError> {
    let kind = form.get("content_type").trim();
    if kind.is_empty() || HeaderValue::from_str(kind).is_err() {
        return Err(FieldError::new("content_type", "must be a media type like application/json"));
    }
    let event_type = Some(form.get("event_type")).filter(|name| !name.is_empty());
    event_type.map_or(Ok(()), check_event_type)?;
    Ok(TestEvent {
        body: form.text("body").into_bytes(),
        content_type: kind.to_owned(),
        event_type: event_type.map(str::to_owned),
    })
}

/// What the page shows beside the answer.
#[derive(Clone, Copy)]
struct TestView<'a> {
    config: &'a WebhookConfig,
    /// The event types of the catalogue.
    types: &'a [EventType],
    form: &'a Form,
    fault: FormFault<'a>,
}

fn test_page(visitor: &Visitor, view: TestView, answer: Markup) -> Html<String> {
    let TestView { config, types, form, fault } = view;
    let base = format!("/console/webhooks/{}", config.config_id);
    let content = html! {
        (webhook_actions::crumbs(config))
        div.head { div {
            h1 { "Send a test" }
            p.target { span.method { (config.fields.method) } " " (config.fields.url) }
        } }
        (fault.summary())
        @if !types.is_empty() {
            form.actions method="get" action={(base) "/test"} {
                (event_type_choice::select(types, "event_type", form.get("event_type")))
                button { "Take its sample" }
            }
        }
        div.columns.even {
            form.card.stack method="post" action={(base) "/test"} {
                @if !form.get("event_type").is_empty() {
                    input type="hidden" name="event_type" value=(form.get("event_type"));
                    p.muted { "Event type: " code { (form.get("event_type")) } }
                }
                (Field { name: "body", label: "Body", hint: hint(config), fault }
                    .with(|attributes| html! {
                        textarea.code.tall id=(attributes.id) name="body" rows="16" spellcheck="false" aria-describedby=[attributes.described.as_deref()] { "\n" (form.text("body")) }
                    }))
                (Field { name: "content_type", label: "Content type", hint: "", fault }.line("text", "content_type", form.get("content_type")))
                div.actions.end { a.button href=(base) { "Back" } button.primary { "Send" } }
            }
            section.card aria-labelledby="answer-title" aria-live="polite" {
                h2 #answer-title { "Answer" }
                @if answer.0.is_empty() {
                    p.muted { "The receiver's answer appears here. The test is on record like any event, and is retried twice at most." }
                } @else { (answer) }
            }
        }
    };
    page(visitor, Section::Webhooks, "Send a test", content)
}

/// What becomes of the body: a transform sends something else in its place.
fn hint(config: &WebhookConfig) -> &'static str {
    match (&config.fields.filter, &config.fields.transform) {
        (None, None) => "Sent byte for byte, signed, with the webhook's authentication and headers.",
        (Some(_), None) => {
            "Sent byte for byte if the webhook's filter lets it through; signed, with its authentication and headers."
        }
        (_, Some(_)) => {
            "Goes through the webhook's filter and transform: what they make of it is sent, signed, with the webhook's \
             authentication and headers."
        }
    }
}

/// The result of the test.
fn answer(
    event_id: EventId,
    target: &str,
    run: Result<Run<WorkflowOutput>, WorkflowError>,
) -> Result<Markup, PageError> {
    let delivered = match run {
        Ok(Run::Ended(output)) if output.status != Status::InProgress => output.answer_for(event_id),
        Ok(_) => {
            return Ok(html! {
                p.alert.waiting { "There is no answer yet. " a href={(target) "?new=1"} { "Watch the event" } }
            });
        }
        Err(error) => return Err(Problem::from(error).about(event_id).into()),
    };
    Ok(result(target, &delivered))
}

fn result(target: &str, delivered: &Delivered) -> Markup {
    let reason = delivered.reason.as_ref();
    let explained = reason.map(|reason| advice(reason, delivered.outcome, delivered.status_code));
    let class = if delivered.status == Status::Skipped { "skipped" } else { "failed" };
    html! {
        p {
            @match delivered.status {
                Status::Succeeded => { (parts::badge("succeeded", "Succeeded")) }
                Status::Skipped => { (parts::badge("skipped", "Skipped")) }
                Status::Failed | Status::Recovered | Status::Scheduled | Status::InProgress => { (parts::badge("failed", "Failed")) }
            }
            @if let Some(code) = delivered.status_code { " " strong.number { (code) } }
            span.muted { " in " (delivered.duration_ms) " ms" @if delivered.attempts > 1 { ", " (delivered.attempts) " attempts" } }
            " · " a href=(target) { "Open the event" }
        }
        @if let Some(Advice { what, todo }) = explained { div.alert.(class) { strong { (what) } p { (todo) } } }
        @if delivered.status != Status::Skipped {
            @let body = ResponseBody {
                content: delivered.body.as_ref(),
                decoded: delivered.body_decoded.as_deref(),
                is_truncated: delivered.body_truncated,
            };
            (response(&delivered.headers, &body, body_view::SHOWN_BYTES, target))
        }
    }
}
