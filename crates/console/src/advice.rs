//! What a failure means, and what to do about it.

mod texts;

use hookstep_contract::{Outcome, Reason, ReasonCode};

use crate::parts::sentence;

/// A failure in plain words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// What happened.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) todo: &'static str,
}

/// Explains why an event was not delivered. `outcome` and `status_code` are those of its last attempt, if there was one.
pub(crate) fn advice(reason: &Reason, outcome: Option<Outcome>, status_code: Option<u16>) -> Advice {
    let Reason { code, detail } = reason;
    match code {
        ReasonCode::HttpStatus => answered(status_code.unwrap_or_default()),
        ReasonCode::Unclassified if outcome == Some(Outcome::FailedHttp) => {
            answered(status_code.unwrap_or_default())
        }
        code => Advice { what: what(*code, detail), todo: todo(*code) },
    }
}

/// What happened: the detail of the reason, and what it was about where the detail does not say so itself.
fn what(code: ReasonCode, detail: &str) -> String {
    let about = match code {
        ReasonCode::ConnectTimeout => "The receiver was never reached",
        ReasonCode::AnswerTimeout => "The receiver did not answer in time",
        ReasonCode::BlockedAddress | ReasonCode::BadUrl | ReasonCode::BadHeader | ReasonCode::HeaderFault => {
            "Hookstep did not send the request"
        }
        ReasonCode::TokenEndpoint | ReasonCode::ConnectionUnreadable => {
            "There are no credentials for the request"
        }
        ReasonCode::FilterFault => "The webhook's filter fails on this body",
        ReasonCode::TransformFault => "The webhook's transform fails on this body",
        ReasonCode::OrderKeyFault => "The key of the webhook's order cannot be made from this body",
        ReasonCode::RulesFault => "The webhook's filter and transform came to no end",
        ReasonCode::BodyEncoded | ReasonCode::BodyNotJson | ReasonCode::BodyTooLarge => {
            "The webhook's filter and transform cannot work on this body"
        }
        ReasonCode::Dns
        | ReasonCode::ConnectionRefused
        | ReasonCode::Unreachable
        | ReasonCode::Reset
        | ReasonCode::Tls
        | ReasonCode::TlsVersion
        | ReasonCode::TlsHostName
        | ReasonCode::Certificate
        | ReasonCode::CertificateExpired
        | ReasonCode::CertificateName
        | ReasonCode::CertificateUntrusted
        | ReasonCode::ClientCertificate
        | ReasonCode::Protocol
        | ReasonCode::HttpStatus
        | ReasonCode::FilterMissed
        | ReasonCode::SchemaMismatch
        | ReasonCode::BodyMissing
        | ReasonCode::BodyChanged
        | ReasonCode::BodyNotUploaded
        | ReasonCode::BodyTimeout
        | ReasonCode::NotOwner
        | ReasonCode::WebhookDisabled
        | ReasonCode::OrgSuspended
        | ReasonCode::CircuitOpen
        | ReasonCode::WebhookDeleted
        | ReasonCode::Cancelled
        | ReasonCode::Platform
        | ReasonCode::Unclassified => return sentence(detail),
    };
    format!("{about}: {detail}")
}

/// What to do about a failure.
fn todo(code: ReasonCode) -> &'static str {
    match code {
        ReasonCode::Dns => texts::DNS,
        ReasonCode::ConnectionRefused => texts::CONNECTION_REFUSED,
        ReasonCode::ConnectTimeout => texts::CONNECT_TIMEOUT,
        ReasonCode::Unreachable => texts::UNREACHABLE,
        ReasonCode::AnswerTimeout => texts::ANSWER_TIMEOUT,
        ReasonCode::Reset => texts::RESET,
        ReasonCode::Tls => texts::TLS,
        ReasonCode::TlsVersion => texts::TLS_VERSION,
        ReasonCode::TlsHostName => texts::TLS_HOST_NAME,
        ReasonCode::Certificate => texts::CERTIFICATE,
        ReasonCode::CertificateExpired => texts::CERTIFICATE_EXPIRED,
        ReasonCode::CertificateName => texts::CERTIFICATE_NAME,
        ReasonCode::CertificateUntrusted => texts::CERTIFICATE_UNTRUSTED,
        ReasonCode::ClientCertificate => texts::CLIENT_CERTIFICATE,
        ReasonCode::Protocol => texts::PROTOCOL,
        ReasonCode::HttpStatus => texts::HTTP_STATUS,
        ReasonCode::BlockedAddress => texts::BLOCKED_ADDRESS,
        ReasonCode::BadUrl => texts::BAD_URL,
        ReasonCode::BadHeader => texts::BAD_HEADER,
        ReasonCode::HeaderFault => texts::HEADER_FAULT,
        ReasonCode::TokenEndpoint => texts::TOKEN_ENDPOINT,
        ReasonCode::ConnectionUnreadable => texts::CONNECTION_UNREADABLE,
        ReasonCode::FilterMissed => texts::FILTER_MISSED,
        ReasonCode::FilterFault => texts::FILTER_FAULT,
        ReasonCode::TransformFault => texts::TRANSFORM_FAULT,
        ReasonCode::OrderKeyFault => texts::ORDER_KEY_FAULT,
        ReasonCode::RulesFault => texts::RULES_FAULT,
        ReasonCode::BodyEncoded => texts::BODY_ENCODED,
        ReasonCode::BodyNotJson => texts::BODY_NOT_JSON,
        ReasonCode::BodyTooLarge => texts::BODY_TOO_LARGE,
        ReasonCode::SchemaMismatch => texts::SCHEMA_MISMATCH,
        ReasonCode::BodyMissing => texts::BODY_MISSING,
        ReasonCode::BodyChanged => texts::BODY_CHANGED,
        ReasonCode::BodyNotUploaded => texts::BODY_NOT_UPLOADED,
        ReasonCode::BodyTimeout => texts::BODY_TIMEOUT,
        ReasonCode::NotOwner => texts::NOT_OWNER,
        ReasonCode::WebhookDisabled => texts::WEBHOOK_DISABLED,
        ReasonCode::OrgSuspended => texts::ORG_SUSPENDED,
        ReasonCode::CircuitOpen => texts::CIRCUIT_OPEN,
        ReasonCode::WebhookDeleted => texts::WEBHOOK_DELETED,
        ReasonCode::Cancelled => texts::CANCELLED,
        ReasonCode::Platform => texts::PLATFORM,
        ReasonCode::Unclassified => texts::UNCLASSIFIED,
    }
}

/// What an HTTP status means coming from a receiver.
fn answered(status_code: u16) -> Advice {
    let (what, todo) = match status_code {
        300..400 => ("The receiver wants the request elsewhere", texts::REDIRECT),
        400 | 422 => ("The receiver does not accept the body", texts::BODY_REFUSED),
        401 | 403 => ("The receiver does not accept the credentials", texts::CREDENTIALS_REFUSED),
        404 => ("There is nothing at this URL", texts::NOT_FOUND),
        405 => ("The receiver does not accept this method", texts::METHOD_REFUSED),
        408 | 425 => ("The receiver gave up waiting or was not ready", texts::NOT_READY),
        410 => ("The receiver says that it is gone for good", texts::GONE),
        413 => ("The body is too large for the receiver", texts::RECEIVER_LIMIT),
        415 => ("The receiver does not accept this content type", texts::CONTENT_TYPE_REFUSED),
        429 => ("The receiver wants fewer requests", texts::TOO_MANY_REQUESTS),
        500..600 => ("The receiver failed", texts::RECEIVER_FAILED),
        _ => ("The receiver did not accept the event", texts::HTTP_STATUS),
    };
    Advice { what: what.to_owned(), todo }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn told(code: ReasonCode) -> String {
        let Advice { what, todo } = advice(&Reason::of(code), None, None);
        format!("{what} {todo}")
    }

    #[test]
    fn every_code_has_advice_of_its_own() {
        let todos: BTreeSet<_> = ReasonCode::ALL.iter().map(|code| todo(*code)).collect();
        assert_eq!(todos.len(), ReasonCode::ALL.len());
        for code in ReasonCode::ALL {
            let Advice { what, todo } = advice(&Reason::of(*code), None, None);
            assert!(!what.is_empty() && todo.ends_with('.'), "{code:?}: {what} {todo}");
        }
    }

    #[test]
    fn only_what_may_have_been_taken_is_said_to_be() {
        let warned = |code| told(code).contains("may have taken");
        let codes = ReasonCode::ALL.iter().copied().filter(|code| warned(*code)).collect::<Vec<_>>();
        assert_eq!(codes, [ReasonCode::AnswerTimeout, ReasonCode::Reset]);
    }

    #[test]
    fn a_host_name_is_no_old_version() {
        assert!(told(ReasonCode::TlsVersion).contains("TLS 1.2"));
        assert!(
            !told(ReasonCode::TlsHostName).contains("1.2")
                && told(ReasonCode::TlsHostName).contains("host name")
        );
    }

    #[test]
    fn a_status_is_explained_whether_the_reason_has_a_code_or_not() {
        for (status, part) in [
            (302, "Redirects are not followed"),
            (401, "authentication"),
            (404, "path of the webhook's URL"),
            (410, "enable it again"),
            (503, "receiver's log"),
            (418, "2xx"),
        ] {
            for code in [ReasonCode::HttpStatus, ReasonCode::Unclassified] {
                let advice = advice(&Reason::of(code), Some(Outcome::FailedHttp), Some(status));
                assert!(advice.todo.contains(part), "{status}: {advice:?}");
            }
        }
    }
}
