//! The host's KMS, connections and Secrets Manager behave like AWS's, as far as the product can tell.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

mod connections;
mod keys;

use std::path::Path;

use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};

/// The error code of a failed call.
fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap()
}

/// The files below `dir` that contain `text`.
fn files_with(dir: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if std::fs::read(&path).unwrap().windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}
