//! Cases of webhooks whose receivers want requests in a format of their own.

use serde_json::{Value, json};

use super::table::with_fields;
use super::{Case, How};
use crate::world::Reply;

/// The header of the extra signature in these cases.
pub(super) const SIGNATURE_HEADER: &str = "x-hub-signature-256";

pub(super) fn cases() -> Vec<Case> {
    let signature = json!({"extra_signature": {"type": "hmac", "header": SIGNATURE_HEADER, "prefix": "sha256="},
        "retry": {"schedule_seconds": [1]}});
    let attempt =
        |outcome: &str| json!({"outcome": outcome, "request_headers": {SIGNATURE_HEADER: "sha256=***"}});
    let signed = json!({"headers": {SIGNATURE_HEADER: "sha256=…"}, "signatures": ["v1", "v1a"]});
    let twice = json!({
        "event": {"status": "succeeded", "attempts": [attempt("failed_http"), attempt("succeeded")]},
        "requests": [signed, signed],
    });
    let case = |name, how, expected: &Value| Case {
        how,
        replies: [503, 200].map(Reply::status).to_vec(),
        ..with_fields(name, signature.clone(), expected.clone())
    };
    vec![
        case("an extra signature", How::Async, &twice),
        case("an extra signature of an upload", How::Upload, &twice),
    ]
}
