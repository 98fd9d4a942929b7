//! What all pages have around them.

use axum::response::Html;
use maud::{DOCTYPE, Markup, html};

use super::assets::{ICON, SCRIPT, STYLE};
use super::session::Visitor;

/// The part of the console that a page is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Webhooks,
    Tokens,
}

/// A page for somebody who is signed in.
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

/// A page with nothing around it.
pub(crate) fn alone(title: &str, content: Markup) -> Html<String> {
    document(
        title,
        html! {
            main.alone #content {
                p.brand { (mark()) "Hookstep" }
                (content)
            }
        },
    )
}

fn document(title: &str, body: Markup) -> Html<String> {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Hookstep" }
                link rel="icon" href=(ICON.path());
                link rel="stylesheet" href=(STYLE.path());
                script src=(SCRIPT.path()) defer {}
            }
            body { (body) }
        }
    };
    Html(document.into_string())
}

/// A hook that has let go of a dot.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" {
            path d="M6 3v8.5a4.5 4.5 0 0 0 9 0V9.5" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" {}
            circle cx="15" cy="4.5" r="2" fill="currentColor" {}
        }
    }
}
