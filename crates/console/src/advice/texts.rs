//! What to do about each failure, by the name of its code; below, about what a receiver answered.

pub(super) const DNS: &str =
    "Check the host name in the URL for a typing error, and that its DNS record is public.";
pub(super) const CONNECTION_REFUSED: &str =
    "Nothing listens at this port: check the port in the URL, and that the receiver runs.";
pub(super) const CONNECT_TIMEOUT: &str = "Check the address and the port in the URL, and that no firewall drops packets from \
     Hookstep. The receiver has not seen the event.";
pub(super) const UNREACHABLE: &str =
    "Check that the receiver can be reached from the internet: address, network, firewall.";
pub(super) const ANSWER_TIMEOUT: &str = "Let the receiver answer 2xx at once and do its work afterwards, or raise the webhook's \
     timeout. The receiver may have taken the event already: make sure that it ignores a webhook-id that it knows.";
pub(super) const RESET: &str = "Look for a firewall, a proxy's limit or a crash at the receiver at this time. The receiver may \
     have taken the event already: make sure that it ignores a webhook-id that it knows.";
pub(super) const TLS: &str = "Check that the receiver speaks TLS at this port, and look into its log for the reason. Some \
     receivers break off like this when they want a client certificate, which is set under TLS on the webhook.";
pub(super) const TLS_VERSION: &str =
    "Let the receiver speak TLS 1.2 or 1.3, with a cipher that is not outdated.";
pub(super) const TLS_HOST_NAME: &str =
    "Check the host name in the URL, or let the server at its address serve that host name.";
pub(super) const CERTIFICATE: &str =
    "Replace the receiver's certificate: it is damaged, revoked or made for another purpose.";
pub(super) const CERTIFICATE_EXPIRED: &str = "Renew the receiver's certificate.";
pub(super) const CERTIFICATE_NAME: &str =
    "Use a host name that the receiver's certificate is for, or get a certificate for the one in the URL.";
pub(super) const CERTIFICATE_UNTRUSTED: &str =
    "Serve the receiver's whole certificate chain, or set its private authority under TLS on the webhook.";
pub(super) const CLIENT_CERTIFICATE: &str =
    "Set the client certificate that the receiver wants under TLS on the webhook, or renew the one it has.";
pub(super) const PROTOCOL: &str = "Something other than an HTTP server listens there, or its headers are too large: check the \
     port in the URL.";
pub(super) const HTTP_STATUS: &str =
    "The receiver has to answer with a status of 2xx. Its answer below may say why it did not.";
pub(super) const BLOCKED_ADDRESS: &str =
    "Change the URL to a public address, or ask the operator whether private targets can be allowed.";
pub(super) const BAD_URL: &str =
    "Change the webhook's URL to a plain https address, at port 443 or one from 1024.";
pub(super) const BAD_HEADER: &str = "Remove this header from the webhook.";
pub(super) const HEADER_FAULT: &str = "Edit the webhook's headers from the event, or let the producer send a value that a header \
     takes: one line of ASCII, up to 512 bytes. Then replay the event.";
pub(super) const TOKEN_ENDPOINT: &str =
    "Test the authentication on the webhook's page; check the token URL, the client id and the secret.";
pub(super) const CONNECTION_UNREADABLE: &str = "Save the webhook's authentication again. If the connection is your own, check \
     in EventBridge that it is there and authorised.";
pub(super) const FILTER_MISSED: &str = "Nothing is wrong if the event was not meant for this receiver. If it was, change the \
     webhook's filter and replay the event. Nothing was sent, so every replay goes through the current filter and transform.";
pub(super) const FILTER_FAULT: &str = "Edit the webhook and try its filter on this body. Then replay the event through today's \
     filter and transform.";
pub(super) const TRANSFORM_FAULT: &str = "Edit the webhook and try its transform on this body. Then replay the event through \
     today's filter and transform.";
pub(super) const ORDER_KEY_FAULT: &str = "Edit the webhook: the key of its order must be made from every body that it gets. Then replay the \
     event.";
pub(super) const RULES_FAULT: &str = "Edit the webhook and simplify its filter and its transform: together they have five \
     seconds and some hundred megabytes. Then replay the event through today's.";
pub(super) const BODY_ENCODED: &str = "Let the producer send the body as it is, or as gzip or deflate with the right Content-Encoding; or \
    send it to a webhook without a filter and a transform.";
pub(super) const BODY_NOT_JSON: &str = "Trigger with JSON, or edit the webhook so that it has neither filter nor transform; then \
     replay the event through today's.";
pub(super) const BODY_TOO_LARGE: &str = "Trigger with a smaller body, or edit the webhook so that it has neither filter nor \
     transform; then replay the event through today's.";
pub(super) const SCHEMA_MISMATCH: &str = "Let the producer send what the schema of the event type says, add a version with another schema to the \
     catalogue, or let the webhook pin another version; then send the event anew.";
pub(super) const BODY_MISSING: &str = "Trigger a new event: this one cannot be sent any more.";
pub(super) const BODY_CHANGED: &str =
    "Upload the body again and trigger a new event. A body must not be changed once its event was triggered.";
pub(super) const BODY_NOT_UPLOADED: &str =
    "Upload the body before the event is triggered with its claim check. Then trigger a new event.";
pub(super) const BODY_TIMEOUT: &str =
    "Raise the webhook's timeout, which is too short for a body of this size. Then replay.";
pub(super) const NOT_OWNER: &str = "Trigger a new event, with a claim check that was made for this webhook.";
pub(super) const WEBHOOK_DISABLED: &str = "Enable the webhook, then replay what was missed.";
pub(super) const ORG_SUSPENDED: &str =
    "Ask those who run this service to resume the org, then send the event again with “Replay”.";
pub(super) const CIRCUIT_OPEN: &str = "Repair the receiver, or edit the webhook's URL. When it takes events again, send this one with \
     “Replay”, or all of them with “Replay what was missed” on the webhook's page.";
pub(super) const WEBHOOK_DELETED: &str =
    "Trigger the event again for the webhook that has replaced this one, if there is one.";
pub(super) const CANCELLED: &str = "Replay the event if it should be delivered after all.";
pub(super) const PLATFORM: &str = "Nothing of yours is wrong. While the event is in progress, it is tried again on its schedule; once it has failed, replay it. If \
     that fails as well, give the event's id to the operator.";
pub(super) const UNCLASSIFIED: &str = "Mend what it says, then replay the event.";

pub(super) const REDIRECT: &str = "Redirects are not followed, so that credentials go nowhere else. Set the webhook's URL to the \
     final address; often it is https instead of http, or a slash at the end.";
pub(super) const BODY_REFUSED: &str = "Compare the body with what the receiver expects; its answer below often says which field. Then replay the event.";
pub(super) const CREDENTIALS_REFUSED: &str = "Check the webhook's authentication, and that the receiver verifies the current signing secret. Then replay.";
pub(super) const NOT_FOUND: &str =
    "Check the path of the webhook's URL for a typing error or a deployment that is missing. Then replay.";
pub(super) const METHOD_REFUSED: &str = "Change the webhook's method, usually to POST. Then replay.";
pub(super) const NOT_READY: &str = "Nothing, if it is rare: it is retried while retries are left.";
pub(super) const GONE: &str =
    "The webhook was disabled. Set its new URL and enable it again, then replay what was missed.";
pub(super) const RECEIVER_LIMIT: &str = "Raise the receiver's limit (often that of a proxy in front of it).";
pub(super) const CONTENT_TYPE_REFUSED: &str = "Trigger with the content type that the receiver expects.";
pub(super) const TOO_MANY_REQUESTS: &str = "The event is retried after the pause that the receiver asks for, while retries are \
     left. If it stays like this, ask for a higher limit there.";
pub(super) const RECEIVER_FAILED: &str = "Look into the receiver's log at this time. When no retry is left, replay the event once the receiver is repaired.";
