//! Shows bodies: JSON with line breaks and indentation, anything else as it is.

use hookstep_contract::{Content, ShownBody};
use maud::{Markup, PreEscaped, html};
use serde::de::IgnoredAny;

/// The most bytes of a body that a page shows, unless the visitor asks for all of it.
pub(crate) const SHOWN_BYTES: usize = 16 * 1024;

/// The first `limit` bytes of a body. `whole` is the address of the whole body; empty when there is none.
pub(crate) fn body(content: &Content, limit: usize, whole: &str) -> Markup {
    let ShownBody { text, encoding } = content.clone().into_shown();
    let (text, is_binary) = (text.as_str(), encoding.is_some());
    let end = (0..=limit.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let shown = &text[..end];
    html! {
        @if is_binary { p.hint { "Not text; shown in base64." } }
        @if text.is_empty() { p.muted { "Empty" } }
        @else if !is_binary && is_json(shown) { pre.code tabindex="0" { (pretty(shown)) } }
        @else { pre.code tabindex="0" { (shown) } }
        @if end < text.len() {
            p.more { "The first " (crate::parts::bytes(end as u64)) " of " (crate::parts::bytes(text.len() as u64)) ". "
                @if !whole.is_empty() { a href=(whole) { "Show all" } } }
        }
    }
}

/// Whether the text is JSON, or the beginning of some.
fn is_json(text: &str) -> bool {
    let read = || serde_json::from_str::<IgnoredAny>(text);
    text.trim_start().starts_with(['{', '[']) && read().map_or_else(|error| error.is_eof(), |_| true)
}

/// Indents valid JSON, or the beginning of some. Only white space between tokens changes, so numbers, strings and the order of keys stay as they were
/// sent.
fn pretty(json: &str) -> Markup {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut rest = json.trim();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = rest.chars().next() {
        let length = token_length(rest);
        let token = &rest[..length];
        rest = rest[length..].trim_start();
        match c {
            '{' | '[' if rest.starts_with(['}', ']']) => {
                out.push_str(token);
                out.push_str(&rest[..1]);
                rest = rest[1..].trim_start();
            }
            '{' | '[' => {
                depth += 1;
                out.push(c);
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push_str(&marked(token, rest.starts_with(':')).into_string()),
        }
    }
    PreEscaped(out)
}

/// The length of the token at the start of `json`.
fn token_length(json: &str) -> usize {
    let bytes = json.as_bytes();
    match bytes[0] {
        b'"' => {
            let mut at = 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            (at + 1).min(bytes.len())
        }
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        _ => json
            .find(|c: char| matches!(c, '{' | '}' | '[' | ']' | ',' | ':') || c.is_ascii_whitespace())
            .unwrap_or(json.len()),
    }
}

fn marked(token: &str, is_key: bool) -> Markup {
    let class = match token.as_bytes()[0] {
        b'"' if is_key => "k",
        b'"' => "s",
        _ => "n",
    };
    html! { span class=(class) { (token) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that a visitor sees.
    fn seen(markup: Markup) -> String {
        let html = markup.into_string();
        let mut text = String::new();
        for part in html.split('<') {
            text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        }
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    #[test]
    fn json_is_set_in_lines_and_nothing_of_it_changes() {
        let json = r#"{"z":1.50,"a":[1e400,{"b":null}],"t":"a\"<,:{}\\","e":{},"f":[]}"#;
        let lines = "{\n  \"z\": 1.50,\n  \"a\": [\n    1e400,\n    {\n      \"b\": null\n    }\n  ],\n  \"t\": \"a\\\"<,:{}\\\\\",\n  \
                     \"e\": {},\n  \"f\": []\n}";
        assert_eq!(seen(pretty(json)), lines);
        assert_eq!(seen(pretty(lines)), lines);
    }

    #[test]
    fn json_that_was_cut_is_set_in_lines_as_far_as_it_goes() {
        let whole = r#"{"a":[1,{"b":"x\"y"}],"c":true}"#;
        for end in 1..=whole.len() {
            assert!(is_json(&whole[..end]), "{}", &whole[..end]);
            let text = seen(pretty(&whole[..end]));
            let flat: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            assert_eq!(flat, whole[..end]);
        }
        assert!(!is_json("{broken") && !is_json("text"));
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let content = Content::Text("äöü".to_owned());
        let html = body(&content, 3, "/whole").into_string();
        assert!(
            html.contains(">ä</pre>") && html.contains("/whole") && html.contains("2 B of 6 B"),
            "{html}"
        );
    }

    #[test]
    fn what_is_sent_is_text_on_the_page() {
        for text in [r#"{"a":"<script>alert(1)</script>"}"#, "<script>alert(1)</script>", r#"{"<script>":1}"#]
        {
            let html = body(&Content::Text(text.to_owned()), SHOWN_BYTES, "").into_string();
            assert!(!html.contains("<script") && html.contains("&lt;script"), "{html}");
        }
    }
}
