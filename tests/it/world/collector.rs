//! A collector of OpenTelemetry, whose requests are decoded by OpenTelemetry's own Python classes.
//!
//! They need Python 3.11 and a package index; without them, the tests are skipped, unless the environment variable `CI` is
//! set.
#![expect(clippy::unwrap_used, reason = "what cannot be decoded fails the test")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::process::workspace;
use super::{Receiver, python};

/// The value of `OTEL_EXPORTER_OTLP_HEADERS` that the collector demands.
pub(crate) const HEADERS: &str = "x-planted-key=of%20the%20collector";

/// A collector, and what reads what it gets.
pub(crate) struct Collector {
    pub(crate) receiver: Receiver,
    python: PathBuf,
}

impl Collector {
    /// `None` if its requests cannot be decoded.
    pub(crate) async fn new() -> Option<Self> {
        let python = python::environment("otlp", "no other program reads the traces and metrics")?;
        Some(Self { receiver: Receiver::ok().await, python })
    }

    /// What is in the requests to `/v1/<signal>`, in their order.
    pub(crate) fn seen(&self, signal: &str) -> Vec<Vec<Value>> {
        let line = format!("POST /hook/v1/{signal} ");
        let seen = self.receiver.seen();
        let of_signal = seen.iter().filter(|seen| seen.request_line().starts_with(&line));
        of_signal
            .map(|seen| {
                assert_eq!(seen.header("x-planted-key"), Some("of the collector"));
                decoded(&self.python, signal, &seen.body)
            })
            .collect()
    }
}

fn decoded(python: &Path, signal: &str, body: &[u8]) -> Vec<Value> {
    let mut command = Command::new(python);
    command.arg(workspace().join("tests/otlp/request.py")).arg(signal);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(body).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
