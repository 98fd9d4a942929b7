//! Protection of the pages: requests from other sites are refused, and pages are not cached.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hookstep_contract::{FrameOrigins, Portal};

use crate::error::{PageError, Place};
use crate::translate::in_language;

/// Headers of every page. Scripts and styles are loaded only from our own files, so that nothing in the answer of a receiver
/// can run.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// In the extensions of a response: these may show it in a frame. Only the page of the portal has it, which shows nothing of an org
/// by itself.
#[derive(Clone)]
pub(crate) struct ShownIn(pub(crate) FrameOrigins);

impl ShownIn {
    /// Replaces the headers that keep a page out of every frame.
    fn open(&self, headers: &mut HeaderMap) {
        let Self(origins) = self;
        // A page that is opened for somebody does not say where it was.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if origins.is_empty() {
            return;
        }
        let closed = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
        let open = closed
            .unwrap_or_default()
            .replace("frame-ancestors 'none'", &format!("frame-ancestors {origins}"));
        // If the list cannot be a header, the page stays closed.
        if let Ok(policy) = HeaderValue::from_str(&open) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            headers.remove(header::X_FRAME_OPTIONS);
        }
    }
}

/// Refuses requests that another site made the browser send, and adds the headers.
pub(crate) async fn protect(request: Request, next: Next) -> Response {
    let place = Place::of(&request);
    let response = if request.method().is_safe() || is_same_origin(request.headers()) {
        next.run(request).await
    } else {
        let detail = "This was not sent by a page of this console. Open the page again and repeat it.";
        PageError::new(StatusCode::FORBIDDEN, detail).into_response()
    };
    let locale = response.extensions().get::<Portal>().map(|portal| portal.locale).unwrap_or_default();
    let mut response = in_language(locale, place.shown(response)).await;
    let shown_in = response.extensions().get::<ShownIn>().cloned();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(shown_in) = shown_in {
        shown_in.open(headers);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Browsers name the origin of a request in `Sec-Fetch-Site`; older ones, in `Origin` only.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = text("origin").and_then(|origin| origin.parse::<Uri>().ok());
    match (origin.as_ref().and_then(Uri::authority), text("host")) {
        (Some(origin), Some(host)) => origin.as_str() == host,
        _ => false,
    }
}
