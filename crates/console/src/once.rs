//! A secret that is shown on the page after the one that made it. A form answers with a redirect, so that loading the page
//! again makes nothing anew; the secret travels in a cookie that only the next page receives, for a few minutes. Nothing on
//! the server has to remember it, so any process can show that page.

use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::session;

/// How long the secret can be seen, in seconds.
const LIFETIME_SECS: u32 = 600;

/// The same, in words.
pub(crate) const LIFETIME: &str = "ten minutes";

/// The names of the cookie, with and without TLS.
const SECURE_NAME: &str = "__Secure-hookstep-once";
const PLAIN_NAME: &str = "hookstep-once";

/// Leads to the page at `path`, which finds `secret` in its cookie; `query` begins with a question mark or is empty.
pub(crate) fn show_at(headers: &HeaderMap, path: &str, query: &str, secret: &str) -> Response {
    let cookie = cookie(headers, path, &URL_SAFE_NO_PAD.encode(secret), LIFETIME_SECS);
    ([(SET_COOKIE, cookie)], Redirect::to(&format!("{path}{query}"))).into_response()
}

/// Makes the browser forget the secret of the page at `path`, and leads to `next`.
pub(crate) fn forget(headers: &HeaderMap, path: &str, next: &str) -> Response {
    ([(SET_COOKIE, cookie(headers, path, "", 0))], Redirect::to(next)).into_response()
}

/// The secret that the page may show.
pub(crate) fn read(headers: &HeaderMap) -> Option<String> {
    let value = session::cookie_value(headers, name(headers))?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(value).ok()?).ok().filter(|secret| !secret.is_empty())
}

fn name(headers: &HeaderMap) -> &'static str {
    if session::needs_tls(headers) { SECURE_NAME } else { PLAIN_NAME }
}

fn cookie(headers: &HeaderMap, path: &str, value: &str, max_age: u32) -> String {
    let secure = if session::needs_tls(headers) { "; Secure" } else { "" };
    format!("{}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}", name(headers))
}
