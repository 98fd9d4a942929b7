//! The JSON protocol that the AWS services have in common.

use serde::Deserialize;
use serde_json::{Value, json};

/// A service's response: a status and a JSON body.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The error's name without the namespace that some services put before it
    /// (`com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`), and its message.
    pub fn error(&self) -> (String, String) {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |field: &str| body[field].as_str().unwrap_or_default();
        let name = text("__type").rsplit('#').next().unwrap_or_default();
        (name.to_owned(), text("message").to_owned())
    }
}

/// An error, by its name in the service's model, with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// The error's name, such as `ResourceNotFoundException`.
    pub name: &'static str,
    /// The error message.
    pub message: String,
}

/// The body of a response, or an error.
pub(crate) type Answer = Result<Value, ServiceError>;

impl ServiceError {
    /// Creates an error.
    pub fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into() }
    }

    /// The error for an operation that the stand-in does not support.
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

/// Reads a request. The error for an unreadable request does not quote it, because it may contain a secret.
pub(crate) fn read<'a, T: Deserialize<'a>>(request: &'a [u8]) -> Result<T, ServiceError> {
    serde_json::from_slice(request).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        ServiceError::new(
            "ValidationException",
            format!("the request is not as the service takes it, at {place}"),
        )
    })
}

/// Milliseconds in the protocol's time format: seconds with a fraction.
pub(crate) fn seconds(millis: i64) -> Value {
    json!(millis as f64 / 1000.0)
}

/// Removes null fields from an object: the protocol omits absent values.
pub(crate) fn without_nulls(mut value: Value) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    value
}
