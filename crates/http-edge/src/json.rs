//! JSON bodies.

use axum::http::StatusCode;
use hookstep_contract::FieldError;
use serde::de::DeserializeOwned;

use crate::Problem;

/// Reads a JSON body.
///
/// # Errors
/// 400 that names the field, or the place when the body is not JSON.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde would also read a structure from an array of its fields in order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "the body must be a JSON object, not an array"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.into_inner();
        if reason.is_data() {
            let reason = reason.to_string();
            Problem::field(FieldError::new(field_of(&path, &reason), without_value(&reason)))
        } else {
            Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {reason}"))
        }
    })?;
    reader.end().map_err(|reason| {
        Problem::new(StatusCode::BAD_REQUEST, format!("the body is not one JSON value: {reason}"))
    })?;
    Ok(value)
}

/// The field an error is about. A missing or unknown field is named only in the message, in backquotes.
fn field_of(path: &str, message: &str) -> String {
    let named = message
        .strip_prefix("missing field `")
        .or_else(|| message.strip_prefix("unknown field `"))
        .or_else(|| message.strip_prefix("duplicate field `"))
        .and_then(|rest| rest.split('`').next());
    match (path, named) {
        (".", Some(name)) => name.to_owned(),
        (path, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    }
}

/// The message without the value it is about, which may be a secret.
fn without_value(message: &str) -> &str {
    let has_value = ["invalid type: ", "invalid value: ", "unknown variant `"];
    if !has_value.iter().any(|start| message.starts_with(start)) {
        return message;
    }
    // The last one: the value can have the words in it.
    message.rfind(", expected ").map_or("is not what is expected", |at| &message[at + ", ".len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Body {
        text: String,
        kind: Kind,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        One,
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        for body in [
            r#"{"text": 424242, "kind": "one"}"#,
            r#"{"text": "t", "kind": "424242"}"#,
            r#"{"text": "t", "kind": "a, expected 424242"}"#,
            r#""424242, expected 424242""#,
        ] {
            let problem = read_json::<Body>(body.as_bytes()).unwrap_err();
            let problem = serde_json::to_string(&problem).unwrap();
            assert!(!problem.contains("424242") && problem.contains("expected"), "{problem}");
        }
    }
}
