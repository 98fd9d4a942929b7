//! The host under test, in its own process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use hyper::body::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Outcome;
use crate::connection::Connection;
use crate::receiver::Receiver;

/// Clock ticks per second, as /proc counts them on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running host with one webhook.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    config_id: String,
    process: Child,
    _data: TempDir,
}

impl Host {
    pub(crate) async fn start(binary: &Path, receiver: &Receiver) -> Outcome<Self> {
        let data = tempfile::tempdir()?;
        let token = "a-token-for-the-benchmark".to_owned();
        let mut process = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-http-targets", "--allow-private-targets"])
            .arg("--data-dir")
            .arg(data.path())
            .env("HOOKSTEP_ADMIN_TOKEN", &token)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        let mut lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
        let first = lines.next_line().await?.ok_or("the host ended")?;
        let address = first.rsplit('/').next().ok_or("no address")?.parse()?;
        let config = json!({"name": "bench", "url": format!("http://{}/", receiver.address)});
        let mut connection = Connection::open(address).await?;
        let (status, answer) = connection.post("/webhook", &token, Bytes::from(config.to_string())).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let config_id = answer["config_id"].as_str().ok_or(format!("{status}: {answer}"))?.to_owned();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { address, token, config_id, process, _data: data })
    }

    pub(crate) fn trigger_path(&self, sync: bool) -> String {
        format!("/webhook/{}/trigger?sync={sync}", self.config_id)
    }

    /// The CPU time that the host has used, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = self.proc("stat")?;
        // The process name, in parentheses, may contain spaces; the fields after it do not.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = fields.get(11..13).ok_or("no CPU time")?;
        Ok(ticks.iter().filter_map(|text| text.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_SECOND)
    }

    /// The resident memory of the host, in MiB.
    pub(crate) fn rss_mib(&self) -> Outcome<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no memory size")?;
        let kib: f64 = line.split_whitespace().nth(1).ok_or("no memory size")?.parse()?;
        Ok(kib / 1024.0)
    }

    fn proc(&self, file: &str) -> Outcome<String> {
        let pid = self.process.id().ok_or("the host has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{pid}/{file}"))?)
    }
}
