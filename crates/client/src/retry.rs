//! When a request is sent once more, and after what pause.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;

use crate::send::Answer;

/// How often a request is sent again when nothing else is said.
pub(crate) const DEFAULT_RETRIES: u32 = 3;

/// The first pause is anything up to this; each further one up to twice as much.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause of our own.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// The longest `Retry-After` that is waited for; a longer one is the caller's to wait for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// What may happen if a request is taken twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twice {
    /// Nothing: it reads, it sets what is to be, or it has an idempotency key.
    Harmless,
    /// There would be two of something.
    Harmful,
}

/// The pause before retry `number` (0 for the first), or `None` when there is to be none.
pub(crate) fn pause(result: &Result<Answer, reqwest::Error>, twice: Twice, number: u32) -> Option<Duration> {
    let again = match result {
        // What never left cannot have been taken.
        Err(error) => error.is_connect() || (twice == Twice::Harmless && !error.is_builder()),
        Ok(answer) => match answer.status {
            StatusCode::TOO_MANY_REQUESTS => true,
            // A 503, too, may come after the request was taken: API Gateway answers it when a function is late.
            status => status.is_server_error() && twice == Twice::Harmless,
        },
    };
    if !again {
        return None;
    }
    let most = FIRST_PAUSE.saturating_mul(1 << number.min(16)).min(MAX_PAUSE);
    // Anywhere below: producers that failed together do not come back together.
    let own = most.mul_f64(rand::random());
    match result.as_ref().ok().and_then(asked) {
        Some(asked) => (asked <= MAX_RETRY_AFTER).then(|| asked.max(own)),
        None => Some(own),
    }
}

/// The `Retry-After` of an answer, in either of its two forms.
fn asked(answer: &Answer) -> Option<Duration> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(crate::verify::now()).unwrap_or_default())
}
