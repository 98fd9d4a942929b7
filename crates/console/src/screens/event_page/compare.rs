//! Two attempts beside each other: what differs between them.

use hookstep_contract::{Attempt, Content, ShownBody};
use maud::{Markup, html};

use crate::parts;

use super::attempt::ms;

/// The most characters of a body that are shown.
const SHOWN_CHARS: usize = 2000;

/// A form that chooses which two to compare.
pub(super) fn form(base: &str, attempts: &[Attempt], shown: u32) -> Markup {
    let before = attempts.iter().rev().map(|attempt| attempt.number).find(|number| *number != shown);
    let select = |name: &str, label: &str, chosen: Option<u32>| {
        html! {
            select name=(name) aria-label=(label) { @for attempt in attempts.iter().rev() {
                option value=(attempt.number) selected[Some(attempt.number) == chosen] { "#" (attempt.number) }
            } }
        }
    };
    html! {
        @if attempts.len() > 1 {
            form.inline.compare method="get" action={(base) "#compared"} {
                (select("attempt", "Attempt", Some(shown))) (select("with", "Other attempt", before))
                button.small { "Compare" }
            }
        }
    }
}

/// The table of what differs.
pub(super) fn table(one: &Attempt, other: &Attempt) -> Markup {
    let rows = differences(one, other);
    html! {
        section.card #compared aria-labelledby="compared-title" {
            h2 #compared-title { "Attempts " (one.number) " and " (other.number) }
            @if rows.is_empty() { p.muted { "They do not differ, but for their times." } }
            @else {
                div.scroll tabindex="0" role="region" aria-labelledby="compared-title" {
                    table.compared {
                        thead { tr { th scope="col" { "What differs" } th scope="col" { "#" (one.number) } th scope="col" { "#" (other.number) } } }
                        tbody { @for (name, left, right) in rows { tr { th scope="row" { (name) } td.mono { (left) } td.mono { (right) } } } }
                    }
                }
                p.hint { "All else is the same." }
            }
        }
    }
}

fn differences(one: &Attempt, other: &Attempt) -> Vec<(String, String, String)> {
    let facts = |attempt: &Attempt| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            ("Outcome".to_owned(), attempt.outcome.as_str().to_owned()),
            ("Status".to_owned(), attempt.status_code.map(|code| code.to_string()).unwrap_or_default()),
            (
                "Reason".to_owned(),
                attempt.reason.as_ref().map(|reason| reason.detail.clone()).unwrap_or_default(),
            ),
            ("Method".to_owned(), text(&attempt.method)),
            ("URL".to_owned(), text(&attempt.url)),
            ("Address".to_owned(), text(&attempt.remote_ip)),
            ("Duration".to_owned(), parts::millis(attempt.timings.total.unwrap_or(ms(attempt.duration_ms)))),
            ("Response body".to_owned(), attempt.response_body.clone().map(shown).unwrap_or_default()),
        ]
    };
    let facts =
        facts(one).into_iter().zip(facts(other)).map(|((name, left), (_, right))| (name, left, right));
    let headers = [
        ("Request", &one.request_headers, &other.request_headers),
        ("Response", &one.response_headers, &other.response_headers),
    ];
    let headers = headers.into_iter().flat_map(|(kind, left, right)| {
        let names: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
        let value = |side: &std::collections::BTreeMap<String, String>, name: &String| {
            side.get(name).cloned().unwrap_or_default()
        };
        names
            .into_iter()
            .map(move |name| (format!("{kind} header {name}"), value(left, name), value(right, name)))
    });
    facts.chain(headers).filter(|(_, left, right)| left != right).collect()
}

fn shown(content: Content) -> String {
    let ShownBody { text, .. } = content.into_shown();
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let attempt = |status: u16, header: &str| -> Attempt {
            let json = format!(
                r#"{{"number":1,"started_at":"2026-01-01T00:00:00Z","duration_ms":5,"outcome":"failed_http","status_code":{status},
                    "request_headers":{{"x-a":"1","x-b":"{header}"}},"response_body":{{"text":"no"}}}}"#
            );
            serde_json::from_str(&json).unwrap()
        };
        let names: Vec<_> =
            differences(&attempt(500, "2"), &attempt(503, "3")).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["Status", "Request header x-b"]);
        assert!(differences(&attempt(500, "2"), &attempt(500, "2")).is_empty());
    }
}
