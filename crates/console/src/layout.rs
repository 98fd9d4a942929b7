//! The frame of the pages: the header with the navigation.

use axum::response::Html;
use hookstep_contract::Portal;
use maud::{Markup, html};

use crate::document::{document, document_with, mark};
use crate::session::Visitor;
use crate::theme;

/// The part of the console to which a page belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Webhooks,
    Events,
    EventTypes,
    Notifications,
    Tokens,
}

/// A page for a visitor who is signed in.
pub(crate) fn page(visitor: &Visitor, section: Section, title: &str, content: Markup) -> Html<String> {
    let link = |name: &str, target: &str, is_here: bool| {
        html! { a href=(target) aria-current=[is_here.then_some("true")] { (name) } }
    };
    let body = html! {
            a.skip href="#content" { "Skip to the content" }
            header.top {
                a.brand href="/" { @match visitor.portal() { Some(portal) => { bdi { (product(portal)) } } None => { (mark()) "Hookstep" } } }
                nav aria-label="Main" {
                    (link("Webhooks", "/", section == Section::Webhooks))
                    @if visitor.sees_all() { (link("Events", "/console/events", section == Section::Events)) }
                    @if visitor.portal().is_none() { (link("Event types", "/console/event-types", section == Section::EventTypes)) }
                    @if visitor.portal().is_none() || visitor.can_manage_all() {
                        (link("Notifications", "/console/notifications", section == Section::Notifications))
                    }
                    @if visitor.portal().is_none() {
                        (link("API tokens", "/console/tokens", section == Section::Tokens))
                        (link("API", "/docs", false))
                    }
                }
                @match visitor.portal() { Some(portal) => { (way_back(portal)) } None => { (who(visitor)) } }
            }
            main #content { (content) }
    };
    match visitor.portal() {
        None => document(title, body),
        Some(portal) => document_in(portal, title, body),
    }
}

/// A page of the portal without navigation, such as an error.
pub(crate) fn alone_in(portal: &Portal, title: &str, content: Markup) -> Html<String> {
    let body = html! {
        header.top { a.brand href="/" { bdi { (product(portal)) } } (way_back(portal)) }
        main.alone #content { (content) }
    };
    document_in(portal, title, body)
}

fn document_in(portal: &Portal, title: &str, body: Markup) -> Html<String> {
    let theme = theme::address(&portal.theme);
    let head = html! { @if let Some(theme) = theme { link rel="stylesheet" href=(theme); } };
    document_with(&format!("{title} · {}", product(portal)), head, body)
}

/// The name of the product that shows the portal.
fn product(portal: &Portal) -> &str {
    portal.theme.product_name.as_deref().unwrap_or("Webhooks")
}

/// The way out of the portal, if there is one. It leads the page around the frame there.
fn way_back(portal: &Portal) -> Markup {
    html! {
        @if let Some(url) = &portal.return_url {
            div.who { a href=(url) target="_top" rel="noopener" {
                @match &portal.theme.product_name { Some(name) => { "Back to " bdi { (name) } } None => { "Back" } }
            } }
        }
    }
}

/// Who is signed in.
fn who(visitor: &Visitor) -> Markup {
    html! {
        div.who {
            span.org title="Your organisation" { (visitor.org_id()) }
            @if !visitor.can_manage() {
                span.badge.skipped title="Your token has the scope read, but not manage" { "Read only" }
            }
            form method="post" action="/console/sign-out" { button.quiet { "Sign out" } }
        }
    }
}
