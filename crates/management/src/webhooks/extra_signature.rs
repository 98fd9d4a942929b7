//! The header of a webhook's extra signature: it must be one that nothing else sets.

use hookstep_contract::{Auth, CloudEvents, ConfigFields, FieldError, SignatureKind};
use hookstep_egress::Policy;

/// Headers that a request may have although the policy lets a webhook set them: those of the event, and our own default.
pub(super) const SENT: [&str; 3] = ["accept", "content-encoding", "traceparent"];

/// Checks the headers of an extra signature against all others of the request.
///
/// # Errors
/// If one of them is invalid, reserved, or set by something else.
pub(super) fn check(fields: &ConfigFields, policy: &Policy) -> Result<(), FieldError> {
    let Some(signature) = &fields.extra_signature else { return Ok(()) };
    // The names of Svix are not the owner's choice, so what collides with them is what has to go.
    let is_own = signature.kind != SignatureKind::Svix;
    let wrong = |reason: String| Err(FieldError::new("extra_signature.header", reason));
    for header in signature.headers() {
        if let Err(refusal) = policy.check_header_name(header) {
            return wrong(refusal.to_string());
        }
        if SENT.iter().chain(&CloudEvents::HEADERS).any(|sent| sent.eq_ignore_ascii_case(header)) {
            return wrong(format!("the header {header} is reserved"));
        }
        if let Some(name) = fields.headers.keys().find(|name| name.eq_ignore_ascii_case(header)) {
            let field = if is_own { "extra_signature.header".to_owned() } else { format!("headers.{name}") };
            let reason = if is_own {
                "is one of the webhook's own headers"
            } else {
                "must be left out: extra_signature sets this header"
            };
            return Err(FieldError::new(field, reason));
        }
        if matches!(&fields.auth, Some(Auth::ApiKey { name, .. }) if name.eq_ignore_ascii_case(header)) {
            let field = if is_own { "extra_signature.header" } else { "auth.name" };
            return Err(FieldError::new(field, "auth and extra_signature set the same header"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wrong(signature: &Value, more: &Value) -> Option<String> {
        let mut fields = json!({"name": "n", "url": "https://example.com/", "extra_signature": signature});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let fields = serde_json::from_value(fields).unwrap();
        check(&fields, &Policy::default()).err().map(|error| error.field)
    }

    #[test]
    fn no_header_is_set_by_two() {
        let hmac = |header: &str| json!({"type": "hmac", "header": header});
        let own = Some("extra_signature.header".to_owned());
        for header in [
            "webhook-signature",
            "Webhook-Id",
            "Host",
            "connection",
            "content-length",
            "Content-Type",
            "user-agent",
            "Authorization",
            "cookie",
            "X-Amz-Signature",
            "Accept",
            "traceparent",
            "Content-Encoding",
            "CE-Id",
            "a b",
            "ä",
            "a\r\nb",
        ] {
            assert_eq!(wrong(&hmac(header), &json!({})), own, "{header}");
        }
        assert_eq!(wrong(&hmac("X-Hub-Signature-256"), &json!({"headers": {"X-Team": "blue"}})), None);
        assert_eq!(wrong(&hmac("X-Team"), &json!({"headers": {"x-team": "blue"}})), own);
        let key = json!({"auth": {"type": "api_key", "name": "X-Key", "value": "v"}});
        assert_eq!(wrong(&hmac("x-key"), &key), own);
        let svix = json!({"type": "svix"});
        assert_eq!(wrong(&svix, &key), None);
        let headers = json!({"headers": {"Svix-Id": "1"}});
        assert_eq!(wrong(&svix, &headers), Some("headers.Svix-Id".to_owned()));
        let key = json!({"auth": {"type": "api_key", "name": "svix-signature", "value": "v"}});
        assert_eq!(wrong(&svix, &key), Some("auth.name".to_owned()));
    }
}
