//! Starts and stops a ministack server.
#![expect(clippy::unwrap_used, reason = "a server that cannot be started fails the test")]

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::environment::{file, say};
use crate::world::{Dir, http_client};

/// Below the ephemeral port range, so that no connection takes one of these ports by chance while the server
/// starts.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

const WAIT_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The file of planned faults: see `faults.py`.
const FAULTS: &str = "faults.jsonl";

/// The file of what the roles did: see `permissions.py`.
const ACTIONS: &str = "actions.jsonl";

/// How much of the log is shown when the test fails.
const LAST_LINES: usize = 60;

/// A ministack server for this test only.
pub(super) struct Server {
    pub(super) port: u16,
    /// The directory for everything that the server and the functions write.
    pub(super) dir: Dir,
    process: Child,
}

impl Server {
    pub(super) async fn start(python: &Path) -> Self {
        let dir = Dir::new();
        let port = free_port();
        let log = File::create(dir.path().join("log")).unwrap();
        let mut command = Command::new(python);
        command.arg(file("serve.py")).env_clear();
        // ministack passes its environment to every function, so ours must not be in it.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", dir.path()).env("TMPDIR", dir.path());
        // The listen address. Without it, ministack listens on every interface.
        command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
        // The host in ministack's URLs: `<api>.execute-api.localhost`. With an IP address instead of a name
        // these would not be valid URLs, and `lambda_http` panics when it reads the request.
        command.env("MINISTACK_HOST", "localhost");
        // For the functions: without it they would call AWS.
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        // Otherwise ministack takes a port that we cannot choose.
        command.env("IOT_MTLS_ENABLED", "0");
        // Enforces the functions' roles: a function may do only what its role allows.
        command.env("AUTH", "true");
        // Nothing is written beside the sources.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("FAULTS", dir.path().join(FAULTS));
        command.env("ACTIONS", dir.path().join(ACTIONS));
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut server = Self { port, dir, process: command.spawn().unwrap() };
        server.healthy().await;
        server
    }

    /// The endpoint of every service.
    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The file of planned faults.
    pub(super) fn faults(&self) -> PathBuf {
        self.dir.path().join(FAULTS)
    }

    /// The file of what the roles did.
    pub(super) fn actions(&self) -> PathBuf {
        self.dir.path().join(ACTIONS)
    }

    /// Whether a role has done this to a resource with this logical id.
    pub(super) fn has_done(&self, role: &str, action: &str, resource: &str) -> bool {
        let done = std::fs::read_to_string(self.actions()).unwrap();
        let parts = [format!("\"{role}\""), format!("\"{action}\""), format!("-{resource}-")];
        done.lines().any(|line| parts.iter().all(|part| line.contains(part)))
    }

    async fn healthy(&mut self) {
        let http = http_client().build().unwrap();
        let (url, start) = (format!("{}/_ministack/health", self.endpoint()), Instant::now());
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < WAIT_TIMEOUT, "ministack did not start: {ended:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// All output of the server and the functions.
    pub(super) fn whole_log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    fn log(&self) -> String {
        let log = self.whole_log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }
}

impl Drop for Server {
    /// The server stops itself and the functions when its standard input closes (`serve.py`), even if the
    /// test is killed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("the end of its log:\n{}", self.log()));
        }
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| rand::random_range(PORTS)).take(100);
    let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().unwrap()
}
