//! The host under test, in its own process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use hyper::body::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::connection::{Connection, trigger};
use crate::{Args, Outcome, disk};

/// Clock ticks per second, as /proc counts them on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running host and its webhooks.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    binary: PathBuf,
    webhooks: Vec<String>,
    process: Child,
    data: TempDir,
}

impl Host {
    /// A host without webhooks, on a new data directory.
    pub(crate) async fn start(args: &Args) -> Outcome<Self> {
        Self::start_on(args, tempfile::tempdir_in(&args.data_dir_parent)?).await
    }

    async fn start_on(args: &Args, data: TempDir) -> Outcome<Self> {
        let token = "a-token-for-the-benchmark".to_owned();
        let mut process = Command::new(&args.hookstep)
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-http-targets", "--allow-private-targets"])
            .arg("--data-dir")
            .arg(data.path())
            .args(&args.host_arg)
            .env("HOOKSTEP_ADMIN_TOKEN", &token)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", args.hookstep.display()))?;
        let mut lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
        let first = lines.next_line().await?.ok_or("the host ended")?;
        let address = first.rsplit('/').next().ok_or("no address")?.parse()?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let binary = args.hookstep.clone();
        Ok(Self { address, token, binary, webhooks: Vec::new(), process, data })
    }

    /// Makes a token of another org.
    pub(crate) async fn token_of(&self, org: &str) -> Outcome<String> {
        let mut command = Command::new(&self.binary);
        command.args(["token", "--org", org, "--data-dir"]).arg(self.data.path());
        let output = command.output().await?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Creates a webhook with these fields.
    pub(crate) async fn create_webhook(&mut self, url: &str, fields: Value) -> Outcome<()> {
        let config_id = self.create_webhook_as(&self.token, url, fields).await?;
        self.webhooks.push(config_id);
        Ok(())
    }

    /// Creates a webhook of the org of this token; returns its id.
    pub(crate) async fn create_webhook_as(
        &self,
        token: &str,
        url: &str,
        mut fields: Value,
    ) -> Outcome<String> {
        fields["name"] = "bench".into();
        fields["url"] = url.into();
        let request = trigger("/webhook", token, Bytes::from(fields.to_string()))?;
        let answer = Connection::open(self.address).await?.send(request, 201).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        Ok(answer["config_id"].as_str().ok_or("no id")?.to_owned())
    }

    /// Where events of a webhook are triggered.
    pub(crate) fn trigger_path(&self, webhook: usize, sync: bool) -> String {
        format!("/webhook/{}/trigger?sync={sync}", self.webhooks[webhook])
    }

    /// The number of webhooks.
    pub(crate) fn webhooks(&self) -> usize {
        self.webhooks.len()
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Stops the host, so that its files are as small as they get; returns their size in bytes and the directory.
    async fn stop(mut self) -> Outcome<(u64, TempDir)> {
        let pid = self.process.id().ok_or("the host has ended")?.to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        let status = self.process.wait().await?;
        if !status.success() {
            return Err(format!("the host ended with {status}").into());
        }
        Ok((disk::size(self.data.path())?, self.data))
    }

    /// Stops the host; returns the size of its files in bytes, and another host on the same data.
    pub(crate) async fn restarted(self, args: &Args) -> Outcome<(u64, Self)> {
        let webhooks = self.webhooks.clone();
        let (bytes, data) = self.stop().await?;
        Ok((bytes, Self { webhooks, ..Self::start_on(args, data).await? }))
    }

    /// Stops the host; returns the size of its files in bytes.
    pub(crate) async fn stopped(self) -> Outcome<u64> {
        Ok(self.stop().await?.0)
    }

    /// The CPU time that the host has used, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(self.proc("stat")?)?;
        // The process name, in parentheses, may contain spaces; the fields after it do not.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = fields.get(11..13).ok_or("no CPU time")?;
        Ok(ticks.iter().filter_map(|text| text.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_SECOND)
    }

    /// The resident memory of the host, in MiB.
    pub(crate) fn rss_mib(&self) -> Outcome<f64> {
        self.memory("VmRSS:")
    }

    /// The highest resident memory of the host since [`Self::forget_peak`], in MiB.
    pub(crate) fn peak_mib(&self) -> Outcome<f64> {
        self.memory("VmHWM:")
    }

    /// Begins to look for the highest memory anew.
    pub(crate) fn forget_peak(&self) -> Outcome<()> {
        Ok(std::fs::write(self.proc("clear_refs")?, "5")?)
    }

    fn memory(&self, name: &str) -> Outcome<f64> {
        let status = std::fs::read_to_string(self.proc("status")?)?;
        let line = status.lines().find(|line| line.starts_with(name)).ok_or("no memory size")?;
        let kib: f64 = line.split_whitespace().nth(1).ok_or("no memory size")?.parse()?;
        Ok(kib / 1024.0)
    }

    fn proc(&self, file: &str) -> Outcome<String> {
        let pid = self.process.id().ok_or("the host has ended")?;
        Ok(format!("/proc/{pid}/{file}"))
    }
}

/// A webhook that does not retry: a receiver that hangs would otherwise be called more and more often.
pub(crate) fn without_retries(timeout_seconds: u64) -> Value {
    json!({"timeout_seconds": timeout_seconds, "retry": {"schedule_seconds": []}})
}
