//! The JSON that AWS's services speak, where they do so alike.

use serde::Deserialize;
use serde_json::{Value, json};

/// What a service answers: a status and a JSON body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// The body of an answer, or the name of an error with what it says.
pub(crate) type Answer = Result<Value, (&'static str, String)>;

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        match answer {
            Ok(body) => Self { status: 200, body: body.to_string().into_bytes() },
            Err((name, message)) => Self {
                status: 400,
                body: json!({"__type": name, "message": message}).to_string().into_bytes(),
            },
        }
    }
}

/// Reads a request. What it says of one that cannot be read does not quote it: there may be a secret in it.
pub(crate) fn read<'a, T: Deserialize<'a>>(request: &'a [u8]) -> Result<T, (&'static str, String)> {
    serde_json::from_slice(request).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        ("ValidationException", format!("the request is not as the service takes it, at {place}"))
    })
}

/// Milliseconds as the protocol writes times: seconds with a fraction.
pub(crate) fn seconds(millis: i64) -> Value {
    json!(millis as f64 / 1000.0)
}

/// An object without the fields that are null: the protocol leaves out what is not there.
pub(crate) fn without_nulls(mut value: Value) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    value
}
