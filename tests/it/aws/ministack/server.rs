//! A running ministack, and its end.
#![expect(clippy::unwrap_used, reason = "a server that cannot be started ends the test")]

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::environment::{file, say};
use crate::world::Dir;

/// Below the ports that systems give to connections: nobody gets one of these by chance while the server starts.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

const WAIT_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How much of its log is shown when the test fails.
const LAST_LINES: usize = 60;

/// A ministack of this test's own.
pub(super) struct Server {
    pub(super) port: u16,
    /// What it and the functions write, and nothing else.
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
        // It hands its environment to every function, so there is nothing of ours in it.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", dir.path()).env("TMPDIR", dir.path());
        // Where it listens. Without this, on every interface.
        command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
        // What its URLs are made of: `<api>.execute-api.localhost`. With an address in place of a name, they would not be
        // URLs, and `lambda_http` panics when it reads the request.
        command.env("MINISTACK_HOST", "localhost");
        // For the functions: without it they would call AWS.
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        // Else it takes a port that is not ours to choose.
        command.env("IOT_MTLS_ENABLED", "0");
        // A function may do what its role allows, and no more.
        command.env("AUTH", "true");
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut server = Self { port, dir, process: command.spawn().unwrap() };
        server.healthy().await;
        server
    }

    /// Where every service is.
    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn healthy(&mut self) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (url, start) = (format!("{}/_ministack/health", self.endpoint()), Instant::now());
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < WAIT_TIMEOUT, "ministack does not start: {ended:?}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// All that it and the functions have said.
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
    /// It ends itself, and the functions with it, when its standard input ends (`serve.py`): also when the test is killed.
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
