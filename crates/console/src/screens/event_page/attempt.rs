//! One attempt: its timing, its request and its response.

use std::collections::BTreeMap;

use hookstep_contract::{Attempt, Content};
use maud::{Markup, html};

use super::curl;
use crate::{body_view, parts};

/// The width of the timing bar in its own units.
const WIDTH: f64 = 1000.0;

/// An attempt in full; of a large body only the first part, unless `is_whole`.
/// `sent` is the body of the request, if it is stored and not large.
pub(super) fn whole(base: &str, attempt: &Attempt, is_whole: bool, sent: Option<&Content>) -> Markup {
    let limit = if is_whole { usize::MAX } else { body_view::SHOWN_BYTES };
    let more = format!("{base}?attempt={}&whole=1", attempt.number);
    html! {
        section.card aria-labelledby="attempt-title" {
            h2 #attempt-title { "Attempt " (attempt.number) }
            p {
                (parts::outcome(attempt.outcome)) " "
                @if let Some(code) = attempt.status_code { strong.number { (code) } " " }
                span.muted { (parts::exact(attempt.started_at)) @if let Some(ip) = &attempt.remote_ip { " · " span.mono { (ip) } } }
            }
            @if let Some(reason) = &attempt.reason { p.muted { (parts::sentence(&reason.detail)) } }
            (timing(attempt))
        }
        @let body = ResponseBody {
            content: attempt.response_body.as_ref(),
            decoded: attempt.response_decoded.as_deref(),
            is_truncated: attempt.response_truncated,
        };
        @let response = response(&attempt.response_headers, &body, limit, &more);
        section.card aria-labelledby="response-title" {
            div.title-row { h2 #response-title { "Response" } (copy_body("response")) }
            @if attempt.status_code.is_some() && attempt.response_headers.is_empty() && body.content.is_none() {
                p.muted { "Nothing is kept of it but its status." }
            } @else { (response) }
        }
        section.card aria-labelledby="request-title" {
            h2 #request-title { "Request" }
            @if let (Some(method), Some(url)) = (&attempt.method, &attempt.url) {
                p.target { span.method { (method) } " " (parts::copyable(url)) }
            }
            (headers("Headers", &attempt.request_headers))
            (curl::section(attempt, sent))
        }
    }
}

/// A button that copies the body of its section.
pub(super) fn copy_body(of: &str) -> Markup {
    html! { button.copy type="button" data-copy-near="pre" hidden aria-label={"Copy the body: " (of)} { "Copy" } }
}

/// The body of a receiver's response, as far as it is stored.
pub(in crate::screens) struct ResponseBody<'a> {
    pub(in crate::screens) content: Option<&'a Content>,
    /// The content coding in which it came, if what was inside is stored.
    pub(in crate::screens) decoded: Option<&'a str>,
    pub(in crate::screens) is_truncated: bool,
}

/// The response of a receiver.
pub(in crate::screens) fn response(
    response_headers: &BTreeMap<String, String>,
    body: &ResponseBody<'_>,
    limit: usize,
    more: &str,
) -> Markup {
    html! {
        @if response_headers.is_empty() && body.content.is_none() { p.muted { "No response." } }
        @else {
            @match body.content {
                Some(content) => { (body_view::body(content, limit, more)) }
                None => { p.muted { "Its body is empty." } }
            }
            @if let Some(coding) = body.decoded { p.hint { "Decoded: it came as " code { (coding) } "." } }
            @if body.is_truncated { p.hint { "The response was longer; its rest is not stored." } }
            (headers("Headers", response_headers))
        }
    }
}

/// Headers in a section that can be folded.
pub(in crate::screens) fn headers(title: &str, headers: &BTreeMap<String, String>) -> Markup {
    html! {
        @if !headers.is_empty() {
            details.headers open {
                summary { (title) " (" (headers.len()) ")" }
                p.copy-row { button.copy type="button" data-copy-near="dl" hidden aria-label={"Copy: " (title)} { "Copy" } }
                dl.pairs { @for (name, value) in headers { dt { (name) } dd { (value) } } }
            }
        }
    }
}

/// Milliseconds as a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "an attempt takes minutes at most")]
pub(in crate::screens) fn ms(whole: u64) -> f64 {
    whole as f64
}

/// A bar with the phases of an attempt, one after the other.
fn timing(attempt: &Attempt) -> Markup {
    let parts = phases(attempt);
    let total = parts.iter().map(|(.., length)| length).sum::<f64>();
    let scale = WIDTH / total.max(0.001);
    let mut start = 0.0;
    let spans: Vec<_> =
        parts.iter().map(|(_, name, length)| format!("{name} {}", parts::millis(*length))).collect();
    html! {
        svg.timing viewBox={"0 0 " (WIDTH) " 10"} preserveAspectRatio="none" role="img" aria-label={"Where the time went: " (spans.join(", "))} {
            @for (class, name, length) in &parts {
                @let x = start;
                @let width = length * scale;
                ({ start += width; html! {} })
                rect class=(class) x={(format!("{x:.1}"))} y="0" width={(format!("{width:.1}"))} height="10" {
                    title { (name) ": " (parts::millis(*length)) }
                }
            }
        }
        ul.legend {
            @for (class, name, length) in &parts { li { span.key.(class) {} (name) " " span.number { (parts::millis(*length)) } } }
            li.total { "Total " span.number { (parts::millis(total)) } }
        }
    }
}

/// The phases of an attempt, in order; together they are the whole of it. The wait for the first byte is its time without
/// that of the connection. What earlier versions recorded has a whole in milliseconds, which may be less than its parts.
fn phases(attempt: &Attempt) -> Vec<(&'static str, &'static str, f64)> {
    let timings = attempt.timings;
    let connection: f64 = [timings.dns, timings.connect, timings.tls].into_iter().flatten().sum();
    let waiting = timings.first_byte.map(|first| (first - connection).max(0.0));
    let known = timings.prepare.unwrap_or_default() + connection + waiting.unwrap_or_default();
    let total = timings.total.unwrap_or_else(|| ms(attempt.duration_ms)).max(known);
    let rest_name = if timings.first_byte.is_some() { "Body" } else { "Waiting" };
    [
        ("prepare", "Preparing", timings.prepare),
        ("dns", "DNS", timings.dns),
        ("connect", "Connect", timings.connect),
        ("tls", "TLS", timings.tls),
        ("wait", "First byte", waiting),
        ("rest", rest_name, Some(total - known).filter(|rest| *rest > 0.0)),
    ]
    .into_iter()
    .filter_map(|(class, name, length)| Some((class, name, length?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(timings: &str) -> (f64, String) {
        let json = format!(
            r#"{{"number":1,"started_at":"2026-01-01T00:00:00Z","duration_ms":0,"outcome":"succeeded","timings":{timings}}}"#
        );
        let attempt: Attempt = serde_json::from_str(&json).unwrap();
        (phases(&attempt).iter().map(|(.., length)| length).sum(), timing(&attempt).into_string())
    }

    #[test]
    fn the_parts_of_an_attempt_are_the_whole() {
        let (sum, page) = shown(r#"{"prepare":0.4,"connect":0.2,"first_byte":0.6,"total":1.5}"#);
        assert!((sum - 1.5).abs() < 1e-9 && page.contains("Total <span class=\"number\">1.5 ms"), "{page}");
        // Recorded by an earlier version, with a whole in milliseconds.
        let (sum, page) = shown(r#"{"first_byte":0.6}"#);
        assert!((sum - 0.6).abs() < 1e-9 && page.contains("Total <span class=\"number\">0.6 ms"), "{page}");
    }
}
