//! Who is told when a receiver stops taking events: mail addresses, and webhooks that tell a chat or a program.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use hookstep_api_types::{NotificationFields, Notifications};
use hookstep_contract::FieldError;
use hookstep_management::Context;
use hookstep_management::notifications::{notifications, set_notifications};
use maud::{Markup, html};

use crate::error::PageError;
use crate::extract::Submitted;
use crate::form::{Field, Form, FormFault, Query};
use crate::layout::{Section, page};
use crate::session::{Manager, Visitor};

/// `GET /console/notifications`
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    visitor: Visitor,
    query: Query,
) -> Result<Html<String>, PageError> {
    let told = notifications(&ctx, visitor.org_id()).await?;
    let form = Form::from_pairs([("emails", told.emails.join("\n"))]);
    let notice = html! {
        @if query.get("done") == "saved" { p.alert.succeeded role="status" { "Saved." } }
    };
    Ok(whole(&visitor, &told, &form, FormFault::default(), &notice))
}

/// `POST /console/notifications`: leads back to the page; or the form with its errors.
pub(crate) async fn save(
    State(ctx): State<Arc<Context>>,
    Submitted(Manager(visitor), form): Submitted<Manager>,
) -> Result<Response, PageError> {
    if form.is_checked("continue") {
        let told = notifications(&ctx, visitor.org_id()).await?;
        let notice = html! {
            div.alert.waiting role="alert" tabindex="-1" data-focus {
                strong { "Not saved yet." } " You are signed in again, and the form is as you left it."
            }
        };
        return Ok(whole(&visitor, &told, &form, FormFault::default(), &notice).into_response());
    }
    let emails = form.get("emails").lines().map(str::trim).filter(|line| !line.is_empty());
    let fields = NotificationFields { emails: emails.map(str::to_owned).collect() };
    let problem = match set_notifications(&ctx, visitor.org_id(), visitor.actor(), &fields).await {
        Ok(_) => return Ok(Redirect::to("/console/notifications?done=saved").into_response()),
        Err(problem) => problem,
    };
    let Some(field) = problem.wrong_field() else { return Err(problem.into()) };
    let faults = [FieldError::new(field, problem.detail())];
    let told = notifications(&ctx, visitor.org_id()).await?;
    let page = whole(&visitor, &told, &form, FormFault(&faults), &html! {});
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn whole(
    visitor: &Visitor,
    told: &Notifications,
    form: &Form,
    fault: FormFault<'_>,
    notice: &Markup,
) -> Html<String> {
    let content = html! {
        div.head { h1 { "Notifications" } }
        (notice)
        (fault.summary())
        p.muted { "Who is told when a receiver takes only a part of the events, or none, takes them again, when a webhook is disabled, or its client certificate expires. \
            There is one message about each change." }
        (by_mail(visitor, told, form, fault))
        (by_webhook(visitor))
    };
    page(visitor, Section::Notifications, "Notifications", content)
}

fn by_mail(visitor: &Visitor, told: &Notifications, form: &Form, fault: FormFault<'_>) -> Markup {
    html! {
        section.card.narrow {
            h2 { "By mail" }
            @if !told.enabled {
                p { "This deployment sends no mails. Its operator can set that up." }
            }
            // Who was named before the mails were turned off can still be removed.
            @if visitor.can_manage() && (told.enabled || !told.emails.is_empty()) {
                form.stack method="post" action="/console/notifications" novalidate data-keep {
                    (Field { name: "emails", label: "E-mail addresses", hint: "Up to five, one a line.", fault }
                        .area("emails", &form.text("emails"), "ops@example.com"))
                    button.primary { "Save" }
                }
            } @else if told.emails.is_empty() {
                p { "Nobody gets a mail." }
            } @else {
                ul { @for email in &told.emails { li { (email) } } }
            }
        }
    }
}

fn by_webhook(visitor: &Visitor) -> Markup {
    html! {
        section.card.narrow {
            h2 { "In Slack, or by a webhook" }
            p { "A webhook that subscribes to the event types " code { "Webhook Degraded" } ", " code { "Webhook Failing" } ", "
                code { "Webhook Recovered" } ", " code { "Webhook Disabled" } " and " code { "Webhook Certificate Expiring" } " sends these messages wherever you like." }
            @if visitor.can_manage() {
                p { "For Slack, and for chats that take the same messages, make an incoming webhook there, and enter its URL here:" }
                div.actions { a.button href="/console/webhooks/new?for=slack" { "New webhook for Slack" } }
            }
        }
    }
}
