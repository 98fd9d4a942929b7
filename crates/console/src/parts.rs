//! Small elements that many pages show.

use std::time::Duration;

use hookstep_contract::{EventRecord, Outcome, Status, Timestamp};
use maud::{Markup, html};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use url::form_urlencoded;

const EXACT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3] UTC");
const CLOCK: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:short] [hour]:[minute]:[second] UTC");
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[day padding:none] [month repr:short] [year]");

/// A time relative to now; the exact time shows on hover.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(exact(at)) { (relative(at, now)) } }
}

/// A time of the day, to the second: of the visitor's zone with a script, in UTC without.
pub(crate) fn clock(at: Timestamp) -> Markup {
    html! { time datetime=(at) title=(exact(at)) data-clock { (utc_clock(at)) } }
}

/// A time of the day in UTC, to the second.
pub(crate) fn utc_clock(at: Timestamp) -> String {
    at.get().format(CLOCK).unwrap_or_default()
}

/// A time to the millisecond.
pub(crate) fn exact(at: Timestamp) -> String {
    at.get().format(EXACT).unwrap_or_default()
}

/// A time relative to now; beyond a month, the day.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let (ahead, behind) = (at.since(now), now.since(at));
    match ahead.max(behind).as_secs() {
        0..5 => "just now".to_owned(),
        2_592_000.. => at.get().format(DAY).unwrap_or_default(),
        _ if ahead > behind => format!("in {}", coarse(ahead)),
        _ => format!("{} ago", coarse(behind)),
    }
}

fn coarse(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// A duration, given in milliseconds.
pub(crate) fn millis(ms: f64) -> String {
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        ..1000.0 => format!("{ms:.0} ms"),
        ..60_000.0 => format!("{:.2} s", ms / 1000.0),
        _ => format!("{:.1} min", ms / 60_000.0),
    }
}

/// A size in bytes.
pub(crate) fn bytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
    let amount = bytes as f64;
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", amount / 1024.0),
        _ => format!("{:.1} MiB", amount / 1_048_576.0),
    }
}

/// The status of an event.
pub(crate) fn status(event: &EventRecord) -> Markup {
    let (class, text) = match event.status {
        Status::Succeeded => ("succeeded", "Succeeded"),
        Status::Failed => ("failed", "Failed"),
        Status::Recovered => ("recovered", "Recovered"),
        Status::Skipped => ("skipped", "Skipped"),
        Status::Scheduled => ("scheduled", "Scheduled"),
        Status::InProgress if event.next_attempt_at.is_some() => ("waiting", "Retrying"),
        // It is being sent, or waits for its turn in a lane.
        Status::InProgress => ("waiting", "In progress"),
    };
    badge(class, text)
}

/// How an attempt ended.
pub(crate) fn outcome(outcome: Outcome) -> Markup {
    let text = match outcome {
        Outcome::Succeeded => return badge("succeeded", "Succeeded"),
        Outcome::FailedHttp => "HTTP error",
        Outcome::FailedTimeout => "Timed out",
        Outcome::FailedUnreachable => "Unreachable",
        Outcome::Refused => "Not allowed",
        Outcome::FailedAuth => "No credentials",
        Outcome::FailedPayload => "Bad body",
        Outcome::FailedPlatform => "Platform fault",
    };
    badge("failed", text)
}

/// A word with a symbol and a colour.
pub(crate) fn badge(class: &str, text: &str) -> Markup {
    html! { span.badge.(class) { (text) } }
}

/// The path of links to the current page.
pub(crate) fn crumbs(links: &[(&str, &str)]) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumb" {
            @for (name, target) in links { a href=(target) { bdi { (name) } } span aria-hidden="true" { "/" } }
        }
    }
}

/// A text with a button that copies it.
pub(crate) fn copyable(text: &str) -> Markup {
    html! { code.copyable { (text) } button.copy type="button" data-copy=(text) hidden { "Copy" } }
}

/// The message in place of an empty list.
pub(crate) fn empty(title: &str, more: Markup) -> Markup {
    html! { div.empty { h2 { (title) } (more) } }
}

/// Makes a sentence of a message, which begins with a small letter and has no full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let dot = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    first.into_iter().flatten().chain(letters).chain(dot.chars()).collect()
}

/// A query string of these pairs.
pub(crate) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_people_say_them() {
        let now: Timestamp = serde_json::from_str("\"2026-03-01T12:00:00Z\"").unwrap();
        let back = |seconds: i64| Timestamp::new(now.get() - time::Duration::seconds(seconds));
        for (at, text) in [
            (back(2), "just now"),
            (back(59), "59 s ago"),
            (back(3599), "59 min ago"),
            (back(86_399), "23 h ago"),
            (back(3 * 86_400), "3 d ago"),
            (back(60 * 86_400), "31 Dec 2025"),
            (back(-90), "in 1 min"),
        ] {
            assert_eq!(relative(at, now), text);
        }
    }

    #[test]
    fn amounts_have_units() {
        assert_eq!([0.4, 12.0, 1530.0, 90_000.0].map(millis), ["0.4 ms", "12 ms", "1.53 s", "1.5 min"]);
        assert_eq!([12, 2048, 5 * 1_048_576].map(bytes), ["12 B", "2.0 KiB", "5.0 MiB"]);
    }

    #[test]
    fn a_detail_is_shown_as_a_sentence() {
        assert_eq!(sentence("must be 1 to 3"), "Must be 1 to 3.");
        assert_eq!(sentence("Try again."), "Try again.");
    }
}
