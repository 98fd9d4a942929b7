//! Pages in other languages than English. The texts of the pages are English and are their own keys, as with gettext: a catalogue
//! (`messages/de.po`) has the translation of each run of text between two tags, and of the attributes that people see or hear.
//!
//! What is not ours is left alone: the content of `bdi`, `code`, `pre`, `textarea` and of `.mono`, where pages put the names, ids
//! and bodies of others.

mod catalogue;

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::body::to_bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use hookstep_contract::Locale;
use hookstep_http_edge::Problem;

use crate::error::PageError;
use catalogue::Catalogue;

static GERMAN: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(include_str!("../messages/de.po")));

/// The elements whose content is not ours.
const FOREIGN: [&str; 6] = ["bdi", "code", "pre", "textarea", "script", "style"];

/// The attributes that are read by people.
const SHOWN: [&str; 6] = ["title", "aria-label", "placeholder", "alt", "data-label", "label"];

/// A page in the language of the session.
pub(crate) async fn in_language(locale: Locale, response: Response) -> Response {
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if locale == Locale::En || !is_page {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(page) => {
            // It is as long as it will be.
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, into_german(&String::from_utf8_lossy(&page)).into())
        }
        Err(error) => PageError::from(Problem::internal(&error)).into_response(),
    }
}

/// A page in German.
fn into_german(page: &str) -> String {
    translated(page, &GERMAN).replacen("<html lang=\"en\"", "<html lang=\"de\"", 1)
}

fn translated(page: &str, catalogue: &Catalogue) -> String {
    let mut out = String::with_capacity(page.len() + page.len() / 8);
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        text(&rest[..start], catalogue, &mut out);
        // No attribute contains a `>`: it is escaped.
        let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
        let tag = &rest[start..end];
        out.push_str(&attributes(tag, catalogue));
        rest = &rest[end..];
        if let Some(name) = foreign(tag) {
            let length = content(rest, name);
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    text(rest, catalogue, &mut out);
    out
}

fn text(run: &str, catalogue: &Catalogue, out: &mut String) {
    let trimmed = run.trim();
    if trimmed.is_empty() {
        return out.push_str(run);
    }
    let start = run.len() - run.trim_start().len();
    out.push_str(&run[..start]);
    out.push_str(&catalogue.find(trimmed));
    out.push_str(&run[start + trimmed.len()..]);
}

/// The tag, with the attributes that people see.
fn attributes<'a>(tag: &'a str, catalogue: &Catalogue) -> Cow<'a, str> {
    let mut changed = Cow::Borrowed(tag);
    for name in SHOWN {
        let start = format!(" {name}=\"");
        let Some((before, rest)) = changed.split_once(&start) else { continue };
        let Some((value, after)) = rest.split_once('"') else { continue };
        changed = Cow::Owned(format!("{before}{start}{}\"{after}", catalogue.find(value)));
    }
    changed
}

/// The name of an element that begins with this tag, if its content is not ours.
fn foreign(tag: &str) -> Option<&str> {
    let name = tag.strip_prefix('<')?.split([' ', '>']).next()?;
    let classes =
        tag.split_once(" class=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default();
    let is_foreign = FOREIGN.contains(&name)
        || classes.split(' ').any(|class| class == "mono")
        || tag.contains(" translate=\"no\"");
    is_foreign.then_some(name)
}

/// How long the content of an element with this name is, with its end.
fn content(html: &str, name: &str) -> usize {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let (mut depth, mut at) = (1_usize, 0);
    while let Some(next) = html[at..].find('<').map(|next| at + next) {
        if html[next..].starts_with(&close) {
            depth -= 1;
            at = next + close.len();
            if depth == 0 {
                return at;
            }
        } else {
            let is_same = html[next..].strip_prefix(&open).is_some_and(|rest| rest.starts_with([' ', '>']));
            depth += usize::from(is_same);
            at = next + 1;
        }
    }
    html.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &str = r#"
msgid "Events"
msgstr "Ereignisse"

msgid "{} of {} were sent & kept"
msgstr "Von {2} wurden {1} gesendet & behalten"

msgid "Find"
msgstr "Suchen"

msgid "must be at most {}"
msgstr "darf höchstens {} sein"
"#;

    #[test]
    fn what_is_ours_is_translated_and_nothing_else() {
        let catalogue = Catalogue::read(CATALOGUE);
        let page = "<h1 title=\"Events\"> Events </h1><p><bdi>Events</bdi> Events<code>Events</code><span class=\"a mono\">Events\
            <span>Events</span></span></p><p>2.5 of 10 were sent &amp; kept</p><b>12.5 ms</b><i>Eventses</i>\
            <p>Must be at most 2.5.</p><svg><title>Events</title></svg>";
        let expected = "<h1 title=\"Ereignisse\"> Ereignisse </h1><p><bdi>Events</bdi> Ereignisse<code>Events</code><span class=\"a mono\">Events\
            <span>Events</span></span></p><p>Von 10 wurden 2,5 gesendet &amp; behalten</p><b>12,5 ms</b><i>Eventses</i>\
            <p>Darf höchstens 2,5 sein.</p><svg><title>Ereignisse</title></svg>";
        assert_eq!(translated(page, &catalogue), expected);
    }

    #[test]
    fn the_catalogue_can_be_read() {
        let page = into_german("<html lang=\"en\"><h1>Webhooks</h1><a>New webhook</a></html>");
        assert_eq!(page, "<html lang=\"de\"><h1>Webhooks</h1><a>Neuer Webhook</a></html>");
    }

    /// The words of the script, without the ones that are put together.
    #[test]
    fn every_word_of_the_script_is_in_the_portal_in_german() {
        let (console, portal) = (include_str!("../assets/console.js"), include_str!("../assets/portal.js"));
        let said: Vec<_> =
            console.split("say(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(said.len() > 8, "{said:?}");
        for word in said {
            let key = format!("\"{word}\":");
            assert!(portal.contains(&key), "{word}");
        }
    }
}
