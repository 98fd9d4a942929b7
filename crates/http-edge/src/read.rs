//! Reading what a caller sends: JSON bodies and query strings. What is wrong is told by its field, and never by repeating the
//! value, which may be a secret. Neither is read out of a message: serde tells both to a [`ReadError`].

mod error;
mod json;
mod parameter;

use axum::http::StatusCode;
use hookstep_contract::FieldError;
use serde::Deserializer;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::Problem;
use error::{ReadError, Wrong};
use json::Json;
use parameter::Parameters;

/// Reads a JSON body.
///
/// # Errors
/// 400 that names the field, or the place when the body is not JSON.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let json: Json = serde_json::from_slice(body).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, format!("the body is not one JSON value: {error}"))
    })?;
    read(json).map_err(|Wrong { field, reason }| match field {
        Some(field) => FieldError::new(field, reason).into(),
        None => Problem::new(StatusCode::BAD_REQUEST, format!("the body is not what is needed: {reason}")),
    })
}

/// Reads a query string.
///
/// # Errors
/// The parameter that is wrong.
pub(crate) fn read_query<T: DeserializeOwned>(query: &str) -> Result<T, FieldError> {
    let read = read(Parameters::new(form_urlencoded::parse(query.as_bytes())));
    read.map_err(|Wrong { field, reason }| FieldError::new(field.unwrap_or_default(), reason))
}

fn read<'de, T, D>(deserializer: D) -> Result<T, Wrong>
where
    T: DeserializeOwned,
    D: Deserializer<'de, Error = ReadError>,
{
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().clone();
        error.into_inner().at(&path)
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        text: String,
        kind: Kind,
        #[serde(default)]
        parts: Vec<Part>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        number: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        One,
        Other(u8),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        #[serde(default)]
        limit: Option<String>,
        #[serde(default)]
        send: Option<bool>,
        #[serde(default)]
        kind: Option<Kind>,
    }

    fn wrong(body: &str) -> (String, String) {
        let problem = read_json::<Body>(body.as_bytes()).unwrap_err();
        (problem.wrong_field().unwrap_or_default().to_owned(), problem.detail().to_owned())
    }

    #[test]
    fn a_body_is_read() {
        let body = r#"{"text": "t", "kind": {"other": 1}, "parts": [{"number": 2}]}"#;
        let read: Body = read_json(body.as_bytes()).unwrap();
        let parts = vec![Part { number: 2 }];
        assert_eq!(read, Body { text: "t".to_owned(), kind: Kind::Other(1), parts });
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        for (body, field, detail) in [
            (r#"{"text": 1, "kind": "one"}"#, "text", "expected a string"),
            (r#"{"text": "t"}"#, "kind", "missing field"),
            (
                r#"{"text": "t", "kind": "one", "more": 1}"#,
                "more",
                "unknown field, expected one of `text`, `kind`, `parts`",
            ),
            (r#"{"text": "t", "text": "t", "kind": "one"}"#, "text", "given twice"),
            (r#"{"text": "t", "kind": "one", "parts": [{}]}"#, "parts[0].number", "missing field"),
            (
                r#"{"text": "t", "kind": "one", "parts": [{"number": 1, "n": 1}]}"#,
                "parts[0].n",
                "unknown field, expected `number`",
            ),
            (r#"{"text": "t", "kind": "one", "parts": [{"number": 300}]}"#, "parts[0].number", "expected u8"),
            (r#"{"text": "t", "kind": "two"}"#, "kind", "expected `one` or `other`"),
        ] {
            assert_eq!(wrong(body), (field.to_owned(), detail.to_owned()), "{body}");
        }
        for no_object in ["[]", "null", "1"] {
            let detail = "the body is not what is needed: expected an object";
            assert_eq!(wrong(no_object), (String::new(), detail.to_owned()), "{no_object}");
        }
        assert!(wrong("{").1.starts_with("the body is not one JSON value"));
        assert!(wrong(r#"{"text": "t", "kind": "one"} {}"#).1.starts_with("the body is not one JSON value"));
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        for body in [
            r#"{"text": 424242, "kind": "one"}"#,
            r#"{"text": "t", "kind": "424242"}"#,
            r#"{"text": "t", "kind": "a, expected 424242"}"#,
            r#"{"text": "t", "kind": {"one": 424242}}"#,
            r#""424242, expected 424242""#,
        ] {
            let (field, detail) = wrong(body);
            assert!(!field.contains("424242") && !detail.contains("424242"), "{field} {detail}");
            assert!(detail.contains("expected"), "{detail}");
        }
    }

    #[test]
    fn a_query_is_read_and_its_parameters_are_named() {
        let read: Query = read_query("limit=a%20b&send=true&kind=one").unwrap();
        assert_eq!(read, Query { limit: Some("a b".to_owned()), send: Some(true), kind: Some(Kind::One) });
        for (query, field) in
            [("more=1", "more"), ("limit=1&limit=2", "limit"), ("send=maybe", "send"), ("kind=two", "kind")]
        {
            assert_eq!(read_query::<Query>(query).unwrap_err().field, field, "{query}");
        }
    }
}
