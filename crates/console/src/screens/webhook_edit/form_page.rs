//! The page with the form of a webhook.

use axum::response::Html;
use hookstep_contract::WebhookConfig;
use hookstep_management::Context;
use maud::{Markup, html};

use super::payload_rules_part::Trial;
use super::{cloud_events_form, fieldsets, ordering_form, payload_rules_part, signature_form};
use crate::form::{Form, FormFault};
use crate::layout::{Section, page};
use crate::parts;
use crate::screens::{event_type_choice, webhook_actions};
use crate::session::Visitor;

/// The state of the form of a webhook.
#[derive(Clone, Copy)]
pub(super) struct FormView<'a> {
    /// The stored webhook; none for a new one.
    pub(super) config: Option<&'a WebhookConfig>,
    pub(super) form: &'a Form,
    pub(super) fault: FormFault<'a>,
    /// What the visitor has to know before the form is sent again.
    pub(super) notice: Option<&'a Markup>,
}

/// The page with the form. `tried` is the result of trying its filter and transform on its sample, if that was requested.
pub(super) async fn form_page(
    ctx: &Context,
    visitor: &Visitor,
    view: FormView<'_>,
    tried: &Markup,
) -> Html<String> {
    let FormView { config, form, fault, notice } = view;
    let types = event_type_choice::offered(ctx, visitor, config).await;
    let title = if config.is_some() { "Edit webhook" } else { "New webhook" };
    let (back, action, preview) = match config {
        Some(config) => {
            let base = format!("/console/webhooks/{}", config.config_id);
            (base.clone(), format!("{base}/edit"), format!("{base}/preview"))
        }
        None => ("/".to_owned(), "/console/webhooks/new".to_owned(), "/console/preview".to_owned()),
    };
    let content = html! {
        form.form method="post" action=(action) novalidate data-keep {
            // Enter presses the first button of a form. Without this one, that would be the button that only tries.
            button.hidden tabindex="-1" aria-hidden="true" { "Save" }
            div {
                @match config {
                    Some(config) => { (webhook_actions::crumbs(config)) }
                    None => { (parts::crumbs(&[("Webhooks", "/")])) }
                }
                h1 { (title) }
            }
            @if let Some(notice) = notice { (notice) }
            (fault.summary())
            input type="hidden" name="revision" value=(form.get("revision"));
            (fieldsets::receiver(form, fault, &ctx.static_ips))
            (fieldsets::authentication(form, fault, config.and_then(|config| config.fields.auth.as_ref())))
            (cloud_events_form::section(form, fault))
            (signature_form::section(form, fault))
            (fieldsets::subscriptions(form, fault, &types))
            (payload_rules_part::part(form, fault, Trial { preview: &preview, types: &types, tried }))
            (fieldsets::delivery(form, fault))
            (fieldsets::limits(form, fault))
            (ordering_form::section(form, fault))
            (fieldsets::tls(form, fault, config))
            (fieldsets::throughput(form, fault))
            div.actions.end {
                a.button href=(back) { "Cancel" }
                button.primary { @if config.is_some() { "Save changes" } @else { "Create webhook" } }
            }
        }
    };
    page(visitor, Section::Webhooks, title, content)
}
