//! The JSON that AWS's services speak, where they do so alike.

use serde::Deserialize;
use serde_json::{Value, json};

/// What a service replies: a status and a JSON body.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// An error by its name in the service's model, with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// `ResourceNotFoundException`, for instance.
    pub name: &'static str,
    /// The sentence that goes with it.
    pub message: String,
}

/// The body of a reply, or the error in its place.
pub(crate) type Answer = Result<Value, ServiceError>;

impl ServiceError {
    /// The error of this name.
    pub fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into() }
    }

    /// The error for an operation that the stand-in does not have.
    pub(crate) fn unsupported(name: &'static str, operation: &str) -> Self {
        Self::new(name, format!("the embedded host does not do {operation}"))
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        match answer {
            Ok(body) => Self { status: 200, body: body.to_string().into_bytes() },
            Err(ServiceError { name, message }) => Self {
                status: 400,
                body: json!({"__type": name, "message": message}).to_string().into_bytes(),
            },
        }
    }
}

/// Reads a request. What it says of one that cannot be read does not quote it: there may be a secret in it.
pub(crate) fn read<'a, T: Deserialize<'a>>(request: &'a [u8]) -> Result<T, ServiceError> {
    serde_json::from_slice(request).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        ServiceError::new(
            "ValidationException",
            format!("the request is not as the service takes it, at {place}"),
        )
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
