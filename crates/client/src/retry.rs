//! When to send a request again, and how long to wait before that.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;

use crate::send::Response;

/// The default number of retries.
pub(crate) const DEFAULT_RETRIES: u32 = 3;

/// The upper bound of the first pause. Each further bound is twice as high.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The upper bound of every pause.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// The longest `Retry-After` that the client waits for; the caller has to wait for a longer one.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Which failures allow a request to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// All: it reads, it sets what is to be, or it has an idempotency key.
    Always,
    /// Those that show that it was not processed: a second one would create something twice.
    UnlessProcessed,
}

/// The pause before retry `number` (0 for the first), or `None` if there is to be none.
pub(crate) fn pause(
    result: &Result<Response, reqwest::Error>,
    repeatable: Repeatable,
    number: u32,
) -> Option<Duration> {
    let may_repeat = match result {
        // A request that was never sent cannot have been processed.
        Err(error) => error.is_connect() || (repeatable == Repeatable::Always && !error.is_builder()),
        Ok(response) => match response.status {
            StatusCode::TOO_MANY_REQUESTS => true,
            // A 503 may come after the request was processed, too: API Gateway answers it when a function is late.
            status => status.is_server_error() && repeatable == Repeatable::Always,
        },
    };
    if !may_repeat {
        return None;
    }
    let bound = FIRST_PAUSE.saturating_mul(1 << number.min(16)).min(MAX_PAUSE);
    // Random, so that producers that failed together do not come back together.
    let own = bound.mul_f64(rand::random());
    match result.as_ref().ok().and_then(retry_after) {
        Some(wanted) => (wanted <= MAX_RETRY_AFTER).then(|| wanted.max(own)),
        None => Some(own),
    }
}

/// The `Retry-After` of a response, in either of its two forms.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(crate::verify::now()).unwrap_or_default())
}
