//! HTML documents: the head that all pages share, and pages without navigation.

use axum::response::Html;
use maud::{DOCTYPE, Markup, html};

use crate::assets::{ICON, SCRIPT, STYLE};

/// A page without navigation, for visitors who are not signed in.
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

/// A whole HTML document with this body.
pub(crate) fn document(title: &str, body: Markup) -> Html<String> {
    document_with(&format!("{title} · Hookstep"), html! {}, body)
}

/// A whole HTML document with this body, and something more in its head.
pub(crate) fn document_with(title: &str, more: Markup, body: Markup) -> Html<String> {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href=(ICON.path());
                link rel="stylesheet" href=(STYLE.path());
                script src=(SCRIPT.path()) defer {}
                (more)
            }
            body { (body) }
        }
    };
    Html(document.into_string())
}

/// The logo: a hook that has released a dot.
pub(crate) fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" {
            path d="M6 3v8.5a4.5 4.5 0 0 0 9 0V9.5" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" {}
            circle cx="15" cy="4.5" r="2" fill="currentColor" {}
        }
    }
}
