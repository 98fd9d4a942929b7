//! The headers that are made from the event: each must be one that nothing else sets.

use hookstep_contract::{Auth, CloudEvents, ConfigFields, FieldError};
use hookstep_egress::Policy;

use super::extra_signature::SENT;

/// Checks the names of the headers against all others of the request. Their templates were checked with the other fields.
///
/// # Errors
/// If one of them is invalid, reserved, or set by something else: its field.
pub(super) fn check(fields: &ConfigFields, policy: &Policy) -> Result<(), FieldError> {
    for header in fields.event_headers.keys() {
        let wrong = |reason: String| Err(FieldError::new(format!("event_headers.{header}"), reason));
        let is_it = |name: &str| name.eq_ignore_ascii_case(header);
        if let Err(refusal) = policy.check_header_name(header) {
            return wrong(refusal.to_string());
        }
        if SENT.iter().any(|sent| is_it(sent)) {
            return wrong(format!("the header {header} is reserved"));
        }
        if fields.cloud_events.is_some() && CloudEvents::HEADERS.iter().any(|ours| is_it(ours)) {
            return wrong("must be left out: cloud_events sets this header".to_owned());
        }
        if fields.headers.keys().any(|name| is_it(name)) {
            return wrong("is also set in headers".to_owned());
        }
        if fields.extra_signature.iter().flat_map(|extra| extra.headers()).any(is_it) {
            return wrong("must be left out: extra_signature sets this header".to_owned());
        }
        if matches!(&fields.auth, Some(Auth::ApiKey { name, .. }) if is_it(name)) {
            return wrong("must be left out: auth sets this header".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wrong(header: &str, more: &Value) -> bool {
        let mut fields = json!({"name": "n", "url": "https://example.com/", "event_headers": {header: "a"}});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let fields = serde_json::from_value(fields).unwrap();
        let checked = check(&fields, &Policy::default());
        let field = checked.as_ref().err().map(|error| error.field.clone());
        assert!(field.is_none_or(|field| field == format!("event_headers.{header}")), "{checked:?}");
        checked.is_err()
    }

    #[test]
    fn no_header_is_set_by_two() {
        for reserved in [
            "webhook-signature",
            "Webhook-Id",
            "Host",
            "content-length",
            "Content-Type",
            "user-agent",
            "Authorization",
            "cookie",
            "X-Amz-Signature",
            "Accept",
            "traceparent",
            "Content-Encoding",
            "a b",
            "ä",
            "a\r\nb",
        ] {
            assert!(wrong(reserved, &json!({})), "{reserved}");
        }
        for (header, more) in [
            ("X-Team", json!({"headers": {"x-team": "blue"}})),
            ("ce-ID", json!({"cloud_events": {"mode": "binary"}})),
            ("Svix-Id", json!({"extra_signature": {"type": "svix"}})),
            ("X-Hub", json!({"extra_signature": {"type": "hmac", "header": "x-hub"}})),
            ("X-Key", json!({"auth": {"type": "api_key", "name": "x-key", "value": "v"}})),
        ] {
            assert!(wrong(header, &more), "{header}");
            assert!(!wrong(header, &json!({})), "{header}");
        }
    }
}
