//! Printing a received request.

use std::io;

use axum::http::{HeaderMap, Method, StatusCode, Uri};
use hookstep_client::{Timestamp, Unverified};

use crate::out::{self, Colour, paint, sanitise};

/// How much of a body is printed, in bytes.
const MAX_SHOWN_BYTES: usize = 16 * 1024;

/// A request, and the result of verifying it.
pub(super) struct ReceivedRequest<'a> {
    pub(super) now: Timestamp,
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) checks: &'a [(&'static str, Result<(), Unverified>)],
}

impl ReceivedRequest<'_> {
    /// Prints the request, and the status of the response to it.
    pub(super) fn print(&self, response: StatusCode) -> io::Result<()> {
        let Self { now, method, uri, body, .. } = self;
        let time = now.to_string();
        let time = time.split(['T', '.']).nth(1).unwrap_or_default();
        let kind = self.header("content-type").unwrap_or_else(|| "no content-type".to_owned());
        out::line(format_args!("{time} {method} {uri}  {} bytes, {kind}", body.len()))?;
        if let Some(id) = self.header("webhook-id") {
            out::line(format_args!("  webhook-id {id}"))?;
        }
        for (version, result) in self.checks {
            match result {
                Ok(()) => out::line(format_args!("  {} {version}", paint(Colour::Green, "✓")))?,
                Err(why) => out::line(format_args!("  {} {version}: {why}", paint(Colour::Red, "✗")))?,
            }
        }
        for line in pretty(self.body).lines() {
            out::line(format_args!("  {line}"))?;
        }
        out::text(&format!("  -> {response}\n\n"))
    }

    fn header(&self, name: &str) -> Option<String> {
        Some(sanitise(&String::from_utf8_lossy(self.headers.get(name)?.as_bytes())))
    }
}

/// A body for people: JSON with line breaks, other text as it is.
fn pretty(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).ok().filter(|text| !text.contains('\0'));
    let Some(text) = text else { return "(not text)".to_owned() };
    let mut text = match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) => format!("{json:#}"),
        Err(_) => text.replace("\r\n", "\n"),
    };
    let end = text.floor_char_boundary(MAX_SHOWN_BYTES);
    if end < text.len() {
        text.truncate(end);
        text.push_str("\n(and more)");
    }
    sanitise(&text)
}
