//! What went wrong with an attempt, for people, and what to do about it.

use hookstep_contract::Outcome;

/// A failure in plain words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// What happened.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) todo: &'static str,
}

/// Explains how an attempt ended; nothing when it went well. `error` is what the attempt recorded.
pub(crate) fn advice(outcome: Outcome, status_code: Option<u16>, error: Option<&str>) -> Option<Advice> {
    let error = error.unwrap_or_default();
    let (what, todo) = match outcome {
        Outcome::Succeeded => return None,
        Outcome::FailedHttp => {
            let (what, todo) = answered(status_code.unwrap_or_default());
            (what.to_owned(), todo)
        }
        Outcome::FailedTimeout => (
            "The receiver did not finish in time".to_owned(),
            "Let it answer 2xx at once and do its work afterwards, or raise the webhook's timeout. It may have taken the event \
             already: make sure it ignores a webhook-id that it knows.",
        ),
        Outcome::FailedUnreachable => (crate::parts::sentence(error), unreachable(error)),
        Outcome::Refused => (
            format!("Hookstep would not call this address: {error}"),
            "Change the URL to a public https address, or ask the operator whether such targets can be allowed.",
        ),
        Outcome::FailedAuth => (
            format!("The credentials for the request could not be had: {error}"),
            "Test the authentication on the webhook's page; check the token URL, the client id and the secret.",
        ),
        Outcome::FailedPayload => unusable(error),
    };
    Some(Advice { what, todo })
}

/// What an HTTP status means coming from a receiver.
fn answered(code: u16) -> (&'static str, &'static str) {
    match code {
        300..400 => (
            "The receiver wants the request elsewhere",
            "Redirects are not followed, so that credentials go nowhere else. Set the webhook's URL to the final address; often \
             it is https instead of http, or a slash at the end.",
        ),
        400 | 422 => (
            "The receiver does not accept the body",
            "Compare the body with what it expects; its answer below often says which field. Then replay the event.",
        ),
        401 | 403 => (
            "The receiver does not accept the credentials",
            "Check the webhook's authentication, and that the receiver verifies the current signing secret. Then replay.",
        ),
        404 => (
            "There is nothing at this URL",
            "Check the path of the webhook's URL for a typing error or a deployment that is missing. Then replay.",
        ),
        405 => (
            "The receiver does not take this method",
            "Change the webhook's method, usually to POST. Then replay.",
        ),
        408 | 425 => (
            "The receiver gave up waiting or was not ready",
            "Nothing, if it is rare: it is retried while retries are left.",
        ),
        410 => (
            "The receiver says that it is gone for good",
            "The webhook was disabled. Set its new URL and enable it again, then replay what was missed.",
        ),
        413 => (
            "The body is too large for the receiver",
            "Raise the receiver's limit (often that of a proxy in front of it).",
        ),
        415 => {
            ("The receiver does not take this content type", "Trigger with the content type that it expects.")
        }
        429 => (
            "The receiver wants fewer requests",
            "It is retried after the pause that it asks for, while retries are left. If it stays like this, ask for a higher limit there.",
        ),
        500..600 => (
            "The receiver failed",
            "Look into the receiver's log at this time. When no retry is left, replay the event once the receiver is mended.",
        ),
        _ => (
            "The receiver did not accept the event",
            "It has to answer with a status of 2xx. Its answer below may say why it did not.",
        ),
    }
}

/// What a body is that cannot be sent: there, but nothing that the filter or the transform can work with, or not there.
fn unusable(error: &str) -> (String, &'static str) {
    let field = ["filter.", "transform.", "body: "].into_iter().find(|field| error.starts_with(field));
    match field {
        Some("filter.") => (
            format!("The webhook's filter fails on this body: {error}"),
            "Edit the webhook and try its filter on this body. Then replay the event through today's filter and transform.",
        ),
        Some("transform.") => (
            format!("The webhook's transform fails on this body: {error}"),
            "Edit the webhook and try its transform on this body. Then replay the event through today's filter and transform.",
        ),
        Some(_) => (
            format!("The webhook's filter and transform cannot read this body: {error}"),
            "They work on JSON: trigger with JSON, or edit the webhook so that it has neither; then replay the event through today's.",
        ),
        None => (
            format!("The body to send could not be had: {error}"),
            "Upload it again and trigger a new event: this one cannot be sent any more.",
        ),
    }
}

/// What to do when there was no answer; `error` is one of the texts of `egress`.
fn unreachable(error: &str) -> &'static str {
    let about = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if about(&["does not resolve"]) {
        "Check the host name in the URL for a typing error, and that its DNS record is public."
    } else if about(&["connection refused"]) {
        "Nothing listens at this port: check the port in the URL, and that the receiver runs."
    } else if about(&["client certificate"]) {
        "Set the client certificate that the receiver wants under TLS on the webhook, or renew the one it has."
    } else if about(&["certificate"]) {
        "Renew the receiver's certificate, serve its whole chain, or set its private authority under TLS on the webhook."
    } else if about(&["TLS"]) {
        "Let the receiver speak TLS 1.2 or 1.3 at this port."
    } else if about(&["reset", "closed"]) {
        "Look for a firewall, a proxy's limit or a crash at the receiver at this time. It is retried."
    } else if about(&["not valid HTTP"]) {
        "Something other than an HTTP server listens there, or its headers are too large: check the port in the URL."
    } else {
        "Check that the receiver can be reached from the internet: address, port, firewall."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_advice() {
        let told = |outcome, code, error: &str| {
            let Advice { what, todo } = advice(outcome, code, Some(error)).unwrap();
            format!("{what} {todo}")
        };
        let http = |code| told(Outcome::FailedHttp, Some(code), "");
        let unreachable = |error| told(Outcome::FailedUnreachable, None, error);
        for (text, part) in [
            (http(302), "Redirects are not followed"),
            (http(401), "authentication"),
            (http(404), "path of the webhook's URL"),
            (http(410), "enable it again"),
            (http(503), "receiver's log"),
            (http(418), "2xx"),
            (unreachable("the host name does not resolve"), "DNS"),
            (unreachable("the certificate is not valid: expired"), "Renew the receiver's"),
            (
                unreachable("the receiver broke off TLS: it demands a client certificate"),
                "client certificate that",
            ),
            (
                told(Outcome::FailedPayload, None, "transform.jsonata at character 15: T2001"),
                "try its transform",
            ),
            (told(Outcome::FailedPayload, None, "filter.jsonata: takes longer than 5 s"), "try its filter"),
            (told(Outcome::FailedPayload, None, "body: is not JSON: it is not text"), "trigger with JSON"),
            (told(Outcome::FailedPayload, None, "the claim check is gone"), "Upload it again"),
            (told(Outcome::Refused, None, "127.0.0.1 is not public"), "127.0.0.1 is not public"),
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(advice(Outcome::Succeeded, Some(200), None), None);
    }
}
