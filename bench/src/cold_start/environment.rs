//! An execution environment: one function's process and its Runtime API.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::Outcome;
use crate::functions::Function;
use crate::runtime::{Answer, Runtime};

/// Longer than any step here takes.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// After this long without work the function sleeps, and the kernel has accounted for all of its CPU time.
const TO_SLEEP: Duration = Duration::from_millis(3);

/// A started function.
pub(crate) struct Environment {
    /// Just before exec.
    pub(crate) started: Instant,
    pub(crate) name: &'static str,
    process: Child,
    runtime: Runtime,
}

impl Environment {
    pub(crate) async fn start(function: &Function) -> Outcome<Self> {
        let runtime = Runtime::start().await?;
        let mut command = Command::new(&function.binary);
        command
            .env_clear()
            .envs(function.settings.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let started = Instant::now();
        let process = command
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", function.binary.display()))?;
        Ok(Self { started, name: function.name, process, runtime })
    }

    /// Sends the function an event and waits for its response.
    pub(crate) async fn invoke(&mut self, event: Value) -> Outcome<Answer> {
        self.runtime.events.send(event)?;
        let answer = timeout(WAIT_TIMEOUT, self.runtime.answers.recv()).await;
        let answer = answer.ok().flatten().ok_or_else(|| format!("{} does not answer", self.name))?;
        match answer.kind.as_str() {
            "response" => Ok(answer),
            _ => Err(format!("{} fails: {}", self.name, answer.body).into()),
        }
    }

    /// Waits until the function polls for its next event; returns the time of the poll and the CPU time, user
    /// and system, used until then.
    pub(crate) async fn next_poll(&mut self) -> Outcome<(Instant, Duration)> {
        let polled = timeout(WAIT_TIMEOUT, self.runtime.polls.recv()).await;
        let polled = polled.ok().flatten().ok_or_else(|| format!("{} does not ask for work", self.name))?;
        Ok((polled, self.cpu_at_rest().await?))
    }

    /// The CPU time that the function has used so far, to the nanosecond: unlike `stat`, `schedstat` does not
    /// count in ticks.
    pub(crate) async fn cpu_at_rest(&self) -> Outcome<Duration> {
        tokio::time::sleep(TO_SLEEP).await;
        let mut nanoseconds = 0;
        for thread in std::fs::read_dir(self.proc("task")?)? {
            let schedstat = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let on_cpu = schedstat.split_whitespace().next().ok_or("no CPU time")?;
            nanoseconds += on_cpu.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The function's peak memory, in MiB.
    pub(crate) fn peak_mib(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(self.proc("status")?)?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no memory size")?;
        let kib: f64 = line.split_whitespace().nth(1).ok_or("no memory size")?.parse()?;
        Ok(kib / 1024.0)
    }

    fn proc(&self, file: &str) -> Outcome<String> {
        let pid = self.process.id().ok_or_else(|| format!("{} has ended", self.name))?;
        Ok(format!("/proc/{pid}/{file}"))
    }
}
