//! The frame of the pages: the header with the navigation.

use axum::response::Html;
use maud::{Markup, html};

use crate::document::{document, mark};
use crate::session::Visitor;

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
    document(
        title,
        html! {
            a.skip href="#content" { "Skip to the content" }
            header.top {
                a.brand href="/" { (mark()) "Hookstep" }
                nav aria-label="Main" {
                    (link("Webhooks", "/", section == Section::Webhooks))
                    (link("Events", "/console/events", section == Section::Events))
                    (link("Event types", "/console/event-types", section == Section::EventTypes))
                    (link("Notifications", "/console/notifications", section == Section::Notifications))
                    (link("API tokens", "/console/tokens", section == Section::Tokens))
                    (link("API", "/docs", false))
                }
                div.who {
                    span.org title="Your organisation" { (visitor.org_id()) }
                    @if !visitor.can_manage() {
                        span.badge.skipped title="Your token has the scope read, but not manage" { "Read only" }
                    }
                    form method="post" action="/console/sign-out" { button.quiet { "Sign out" } }
                }
            }
            main #content { (content) }
        },
    )
}
