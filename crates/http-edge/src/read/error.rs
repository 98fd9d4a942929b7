//! What serde objects to, as the calls that it makes say it.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};
use serde_path_to_error::{Path, Segment};

/// Why a value cannot be read.
#[derive(Debug)]
pub(super) struct ReadError {
    /// The field of an object that is missing, unknown or given twice.
    field: Option<String>,
    reason: String,
}

impl ReadError {
    fn of_value(reason: String) -> Self {
        Self { field: None, reason }
    }

    fn of_field(name: &str, reason: impl Into<String>) -> Self {
        Self { field: Some(name.to_owned()), reason: reason.into() }
    }

    /// The error as it concerns the value at `path`.
    pub(super) fn at(self, path: &Path) -> Wrong {
        let field = match (self.field, path.iter().next_back()) {
            (name, None) => name,
            (None, Some(_)) => Some(path.to_string()),
            (Some(name), Some(Segment::Map { key })) if *key == name => Some(path.to_string()),
            (Some(name), Some(_)) => Some(format!("{path}.{name}")),
        };
        Wrong { field, reason: self.reason }
    }
}

/// What is wrong, and where.
pub(super) struct Wrong {
    /// The field, as a path; none when it is the whole.
    pub(super) field: Option<String>,
    pub(super) reason: String,
}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: Display>(message: T) -> Self {
        Self::of_value(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of_value(format!("expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::of_value(format!("expected {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::of_value(format!("expected {}", one_of(expected)))
    }

    fn unknown_field(name: &str, expected: &'static [&'static str]) -> Self {
        Self::of_field(name, format!("unknown field, expected {}", one_of(expected)))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::of_field(name, "missing field")
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::of_field(name, "given twice")
    }
}

/// A choice in words.
fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [one, other] => format!("{one} or {other}"),
        many => format!("one of {}", many.join(", ")),
    }
}
