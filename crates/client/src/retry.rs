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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::HeaderMap;
    use tokio::net::TcpListener;

    use super::*;

    type Attempt = Result<Response, reqwest::Error>;

    fn answer(status: u16) -> Attempt {
        let status = StatusCode::from_u16(status).unwrap();
        Ok(Response { status, headers: HeaderMap::new(), body: Bytes::new() })
    }

    fn answer_with(retry_after: &str) -> Attempt {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, retry_after.parse().unwrap())]);
        answer(503).map(|answer| Response { headers, ..answer })
    }

    /// Whether it is sent again if a second request does no harm, and if it would.
    fn decisions(attempt: &Attempt) -> (bool, bool) {
        let is_sent_again = |repeatable| pause(attempt, repeatable, 0).is_some();
        (is_sent_again(Repeatable::Always), is_sent_again(Repeatable::UnlessProcessed))
    }

    #[test]
    fn an_answer_is_final_unless_it_says_later_or_a_second_request_does_no_harm() {
        for (status, expected) in [
            (200, (false, false)),
            (202, (false, false)),
            (302, (false, false)),
            (400, (false, false)),
            (401, (false, false)),
            (404, (false, false)),
            (408, (false, false)),
            (409, (false, false)),
            (413, (false, false)),
            (429, (true, true)),
            (499, (false, false)),
            (500, (true, false)),
            (502, (true, false)),
            (503, (true, false)),
            (504, (true, false)),
        ] {
            assert_eq!(decisions(&answer(status)), expected, "{status}");
        }
    }

    #[tokio::test]
    async fn what_never_left_is_sent_again_and_what_may_have_been_taken_only_without_harm() {
        let (refused, listener) = (closed_port().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
        let reset = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
        });
        for (url, expected) in
            [(refused.as_str(), (true, true)), (&reset, (true, false)), ("no URL", (false, false))]
        {
            let error = client().get(url).send().await.unwrap_err();
            assert_eq!(decisions(&Err(error)), expected, "{url}");
        }
        server.await.unwrap();
    }

    #[test]
    fn pauses_grow_from_half_a_second_to_ten_and_are_anywhere_below() {
        for (number, most) in
            [(0, 500), (1, 1000), (2, 2000), (3, 4000), (4, 8000), (5, 10_000), (60, 10_000)]
        {
            let pauses: Vec<_> =
                (0..200).map(|_| pause(&answer(500), Repeatable::Always, number).unwrap()).collect();
            let longest = pauses.iter().max().unwrap();
            assert!(*longest <= Duration::from_millis(most), "{number}: {longest:?}");
            // Two hundred of them are not all in the lower half.
            assert!(*longest > Duration::from_millis(most / 2), "{number}: {longest:?}");
        }
    }

    #[test]
    fn a_retry_after_is_kept_unless_it_is_long_or_not_one() {
        let at =
            |from_now: u64| httpdate::fmt_http_date(crate::verify::now() + Duration::from_secs(from_now));
        let own = Duration::ZERO..=FIRST_PAUSE;
        let about = |seconds: u64| Duration::from_secs(seconds - 2)..=Duration::from_secs(seconds);
        let exactly = |seconds: u64| Duration::from_secs(seconds)..=Duration::from_secs(seconds);
        for (retry_after, expected) in [
            ("0".to_owned(), Some(own.clone())),
            ("7".to_owned(), Some(exactly(7))),
            (" 7 ".to_owned(), Some(exactly(7))),
            ("60".to_owned(), Some(exactly(60))),
            ("61".to_owned(), None),
            ("18446744073709551615".to_owned(), None),
            (at(30), Some(about(30))),
            (at(3600), None),
            ("Thu, 01 Jan 1970 00:00:00 GMT".to_owned(), Some(own.clone())),
            ("soon".to_owned(), Some(own.clone())),
            ("-1".to_owned(), Some(own.clone())),
            ("1.5".to_owned(), Some(own)),
        ] {
            let pause = pause(&answer_with(&retry_after), Repeatable::Always, 0);
            let is_as_expected = match (&pause, &expected) {
                (Some(pause), Some(expected)) => expected.contains(pause),
                (pause, expected) => pause.is_none() && expected.is_none(),
            };
            assert!(is_as_expected, "{retry_after:?}: {pause:?}, not {expected:?}");
        }
    }

    async fn closed_port() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    }

    fn client() -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).build().unwrap()
    }
}
