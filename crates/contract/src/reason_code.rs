//! The kinds of failure, each with its name, its meaning in a sentence, and who is responsible.

use serde::{Deserialize, Serialize};

/// A row per code: its documentation, variant, name, and meaning in a sentence.
macro_rules! reason_codes {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal: $meaning:literal,)+) => {
        /// The kinds of failure. Their names are an interface: they are stored, shown by the API and matched
        /// by its users.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String")]
        pub enum ReasonCode {
            $($(#[$doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl ReasonCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used in JSON and in tables.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The meaning of the code, in a sentence that quotes no text from outside.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)+
                }
            }
        }
    };
}

reason_codes! {
    /// The receiver's host name does not resolve. The webhook's URL or the receiver's DNS is wrong.
    Dns = "dns": "the receiver's host name does not resolve",
    /// Nothing listens on the receiver's port. The webhook's URL is wrong, or the receiver is down.
    ConnectionRefused = "connection_refused": "the receiver refused the connection",
    /// No connection (including TLS) was established in time; nothing was sent. Often caused by a firewall on
    /// the receiver's side.
    ConnectTimeout = "connect_timeout": "no connection to the receiver came about in time",
    /// There is no route to the receiver's address. The receiver's network is at fault.
    Unreachable = "unreachable": "there is no way to the receiver",
    /// The receiver did not respond to the request in time; it may have accepted the event.
    AnswerTimeout = "answer_timeout": "the receiver did not answer in time",
    /// The receiver, or a proxy in front of it, closed the connection without responding; it may have
    /// accepted the event.
    Reset = "reset": "the connection was broken off before an answer came",
    /// TLS failed for a reason other than those below. The receiver's TLS is at fault.
    Tls = "tls": "no TLS connection to the receiver came about",
    /// The receiver and Hookstep have no TLS version or cipher in common. The receiver's TLS is out of date.
    TlsVersion = "tls_version": "the receiver speaks no TLS version that is safe",
    /// The receiver does not serve the URL's host name over TLS. The webhook's URL or the receiver's TLS is
    /// wrong.
    TlsHostName = "tls_host_name": "the receiver does not serve this host name over TLS",
    /// The receiver's certificate is invalid for a reason other than those below. The receiver is at fault.
    Certificate = "certificate": "the receiver's certificate is not valid",
    /// The receiver's certificate has expired or is not valid yet. The receiver is at fault.
    CertificateExpired = "certificate_expired": "the receiver's certificate is not valid at this time",
    /// The receiver's certificate is for other host names. The webhook's URL or the receiver's certificate is
    /// wrong.
    CertificateName = "certificate_name": "the receiver's certificate is for other host names",
    /// The receiver's certificate was issued by an untrusted authority, or its chain is incomplete. The
    /// receiver is at fault, or its private authority is not configured on the webhook.
    CertificateUntrusted = "certificate_untrusted": "the receiver's certificate comes from no trusted authority",
    /// The receiver requires a client certificate, or rejected the one presented. The webhook's TLS settings
    /// are wrong.
    ClientCertificate = "client_certificate": "the receiver got no client certificate that it accepts",
    /// The response is not valid HTTP, or its headers are too large. The webhook's URL or the receiver is
    /// wrong.
    Protocol = "protocol": "the receiver's answer is not valid HTTP",
    /// The receiver responded with a status other than 2xx. The receiver did not accept the event.
    HttpStatus = "http_status": "the receiver answered with a status other than 2xx",
    /// Calls to the receiver's address are not allowed: it is private or otherwise blocked. The webhook's URL
    /// is wrong, or the operator does not allow such targets.
    BlockedAddress = "blocked_address": "the receiver's address may not be called",
    /// Calls to the webhook's URL are not allowed. The webhook is wrong.
    BadUrl = "bad_url": "the webhook's URL may not be called",
    /// One of the webhook's headers is not allowed. The webhook is wrong.
    BadHeader = "bad_header": "one of the webhook's headers may not be sent",
    /// A header that is made from the event cannot have the value that its template makes. The webhook or the body is wrong.
    HeaderFault = "header_fault": "a header of the webhook cannot have the value that the event makes",
    /// The authorisation server issued no token. The webhook's authentication or the authorisation server is
    /// at fault.
    TokenEndpoint = "token_endpoint": "the authorisation server gave no token",
    /// The webhook's credentials cannot be read: their connection was deleted, deauthorised or is unreadable.
    /// The webhook's authentication is at fault.
    ConnectionUnreadable = "connection_unreadable": "the webhook's credentials cannot be read",
    /// The webhook's filter rejected the body. Nobody is at fault.
    FilterMissed = "filter_missed": "the webhook's filter does not let the body pass",
    /// The webhook's filter failed on the body. The webhook is wrong.
    FilterFault = "filter_fault": "the webhook's filter fails on the body",
    /// The webhook's transform failed on the body. The webhook is wrong.
    TransformFault = "transform_fault": "the webhook's transform fails on the body",
    /// The expression that makes the key of an event's order failed on the body. The webhook is wrong.
    OrderKeyFault = "order_key_fault": "the key of the webhook's order cannot be made from the body",
    /// The webhook's filter, transform or order key takes too much time or memory for the body; it is unknown which of
    /// them. The webhook is wrong.
    RulesFault = "rules_fault": "the webhook's filter, transform or order key takes too much time or memory",
    /// The webhook has a filter or a transform, and the body is not JSON. The producer is at fault.
    BodyNotJson = "body_not_json": "the body is not JSON, as the webhook's filter or transform needs",
    /// The webhook has a filter or a transform, and the body came with a content coding that they cannot read, or is
    /// not what its coding says. The producer is at fault.
    BodyEncoded = "body_encoded": "the body's content coding cannot be read for the webhook's filter or transform",
    /// The webhook has a filter or a transform, and the body is too large for them. The producer is at fault.
    BodyTooLarge = "body_too_large": "the body is too large for the webhook's filter or transform",
    /// The payload does not satisfy the schema of its event type, which refuses such payloads. The producer is at fault.
    SchemaMismatch = "schema_mismatch": "the payload does not satisfy the schema of its event type",
    /// There is no body: it was never provided or is no longer stored. The producer is at fault, or waited
    /// too long.
    BodyMissing = "body_missing": "there is no body to send",
    /// The body was changed after the event was accepted. The producer is at fault.
    BodyChanged = "body_changed": "the body was changed after the event was accepted",
    /// The claim check's body was never uploaded. The producer is at fault.
    BodyNotUploaded = "body_not_uploaded": "the body was never uploaded",
    /// The body could not be read within the webhook's timeout. The timeout is too short for its size.
    BodyTimeout = "body_timeout": "the body could not be read within the webhook's timeout",
    /// The claim check belongs to another webhook. The producer is at fault.
    NotOwner = "not_owner": "the claim check belongs to another webhook",
    /// The webhook is disabled. Its owner disabled it, or its receiver responded with 410 Gone.
    WebhookDisabled = "webhook_disabled": "the webhook is disabled",
    /// The platform has suspended the org. Nothing is sent for it until it is resumed.
    OrgSuspended = "org_suspended": "the org is suspended",
    /// The receiver took no events, and the event waited for it until its retry schedule was over. The receiver is at fault.
    CircuitOpen = "circuit_open": "the receiver took no events until the retry schedule was over",
    /// The webhook was deleted before the event could be sent. Its owner deleted it.
    WebhookDeleted = "webhook_deleted": "the webhook was deleted",
    /// A user cancelled the event before its next attempt.
    Cancelled = "cancelled": "the event was cancelled before its next attempt",
    /// Something in Hookstep failed. The operator or AWS is at fault.
    Platform = "platform": "something in Hookstep failed",
    /// The reason was recorded before codes existed, or by a later version with a code that this one does not
    /// know.
    Unclassified = "unclassified": "the reason was recorded without a code",
}

impl From<String> for ReasonCode {
    /// An unknown name was written by a later version.
    fn from(name: String) -> Self {
        Self::ALL.iter().copied().find(|code| code.as_str() == name).unwrap_or(Self::Unclassified)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_is_the_same_in_json_and_in_text_and_nobody_elses() {
        for code in ReasonCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(serde_json::from_value::<ReasonCode>(code.as_str().into()).unwrap(), *code);
        }
        let distinct = |of: fn(ReasonCode) -> &'static str| {
            ReasonCode::ALL.iter().map(|code| of(*code)).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(distinct(ReasonCode::as_str), ReasonCode::ALL.len());
        assert_eq!(distinct(ReasonCode::meaning), ReasonCode::ALL.len());
    }

    #[test]
    fn a_later_versions_code_is_still_read() {
        let code: ReasonCode = serde_json::from_str("\"not_invented_yet\"").unwrap();
        assert_eq!(code, ReasonCode::Unclassified);
    }
}
