//! Checks that nothing the stack stored contains a secret that the cases planted.
#![expect(clippy::unwrap_used, reason = "a stack that cannot be read fails the test")]

use std::path::Path;

use tokio::process::Command;

use super::environment::file;
use super::server::Server;
use crate::security::leaks::forbidden;
use crate::world::process::finished;

/// Checks every item, log line and execution.
pub(super) async fn hold(server: &Server, python: &Path) {
    let mut dump = Command::new(python);
    dump.env_clear().env("HOME", server.dir.path());
    dump.arg(file("dump.py")).args(["--endpoint", &server.endpoint()]);
    let done = finished(&mut dump).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let kept = String::from_utf8(done.stdout).unwrap();
    // Otherwise there would be nothing to check.
    for part in ["\"table\":", "\"group\":", "TaskStateEntered", "\"***\""] {
        assert!(kept.contains(part), "nothing containing {part} was stored");
    }
    for secret in forbidden() {
        let line = kept.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is stored in clear");
    }
    let log = server.whole_log();
    assert!(forbidden().iter().all(|secret| !log.contains(secret)), "a secret is in the log");
}
