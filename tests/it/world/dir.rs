//! Temporary directories for tests.
#![expect(clippy::unwrap_used, reason = "a directory that cannot be created fails the test")]

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long to wait for writers to notice that their test is over, and how often to retry.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(5);
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// A test's own directory, removed when dropped. If it cannot be removed, the test fails.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap().keep())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Dir {
    #[expect(clippy::disallowed_methods, reason = "this code is not async")]
    fn drop(&mut self) {
        let start = Instant::now();
        loop {
            // Removal fails while another thread still creates files in the directory.
            let Err(error) = std::fs::remove_dir_all(&self.0) else { return };
            if error.kind() == ErrorKind::NotFound {
                return;
            }
            if start.elapsed() > REMOVE_TIMEOUT {
                assert!(std::thread::panicking(), "{} cannot be removed: {error}", self.0.display());
                return;
            }
            std::thread::sleep(RETRY_INTERVAL);
        }
    }
}
