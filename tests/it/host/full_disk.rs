//! A full disk: new events are refused, accepted ones wait, and when there is room again the host goes on by itself.
//!
//! The disk stays full for as many seconds as the environment variable `HOOKSTEP_FULL_DISK_SECONDS` says, by default a few.
#![expect(clippy::unwrap_used, reason = "a host that cannot be asked fails the test")]

use std::time::{Duration, Instant};

use serde_json::json;

use super::power::receiver::Memory;
use crate::world::disk::{Disk, Loss};
use crate::world::process::{FREE_PORT, Hookstep, Process, serve};
use crate::world::{Answer, Api, accepted, until};

/// No limit that a test could reach.
const ROOM: u64 = 1 << 40;

const UNTESTED: &str = "no disk is filled";

/// How many events are accepted before the disk is full, and how many triggers are tried at least while it is.
const EVENTS: usize = 20;

fn full_for() -> Duration {
    let seconds = std::env::var_os("HOOKSTEP_FULL_DISK_SECONDS");
    let seconds = seconds.map_or(2, |seconds| seconds.to_str().unwrap().parse().unwrap());
    Duration::from_secs(seconds)
}

/// A host on a disk that can be filled, and what it has accepted.
struct Filled {
    disk: Disk,
    host: Hookstep,
    receiver: Memory,
    config_id: String,
    accepted: Vec<String>,
}

impl Filled {
    /// A host whose receiver lets one in `failing` first attempts fail.
    async fn start(failing: u8) -> Option<Self> {
        let disk = Disk::new(UNTESTED).await?;
        disk.limit(ROOM);
        let (host, receiver) = (started(&disk, FREE_PORT).await, Memory::start(failing).await);
        let fields =
            json!({"headers": {"X-Retried": "1"}, "retry": {"schedule_seconds": [1, 1, 1, 1, 1, 1, 1, 1]}});
        let config_id = host.api.create_webhook(&receiver.url, fields).await;
        let mut filled = Self { disk, host, receiver, config_id, accepted: Vec::new() };
        for _ in 0..EVENTS {
            let answer = filled.trigger(100).await;
            assert_eq!(answer.status, 202, "there is room: {answer:?}");
        }
        Some(filled)
    }

    fn api(&self) -> &Api {
        &self.host.api
    }

    fn address(&self) -> String {
        self.api().base.strip_prefix("http://").unwrap().to_owned()
    }

    /// Triggers an event with a body of so many bytes. It is accepted, or refused with a 503 that says when to try again.
    async fn trigger(&mut self, bytes: usize) -> Answer {
        let mut body = format!("{{\"count\": {}}}", self.accepted.len());
        body.extend(std::iter::repeat_n(' ', bytes.saturating_sub(body.len())));
        let answer = Answer::to(self.api().triggering(&self.config_id, "", body)).await;
        if answer.status == 202 {
            self.accepted.push(accepted(&answer));
        } else {
            answer.problem(503);
            let seconds =
                answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            assert!(seconds.is_some_and(|seconds: u64| seconds > 0), "{:?}", answer.headers);
        }
        answer
    }

    /// Triggers events until one is refused: a file that has room inside may take some more.
    async fn until_refused(&mut self, bytes: usize) {
        let start = Instant::now();
        while self.trigger(bytes).await.status == 202 {
            assert!(start.elapsed() < Duration::from_secs(60), "the host still accepts events");
        }
    }

    /// Asks for this and that while the disk is full. Reads are answered.
    async fn stay_full(&mut self) {
        let (start, mut tries) = (Instant::now(), 0);
        while start.elapsed() < full_for() || tries < EVENTS {
            tries += 1;
            self.trigger(100).await;
            let webhook = format!("/webhook/{}", self.config_id);
            let event = format!("{webhook}/events/{}", self.accepted[0]);
            for path in [webhook.clone(), format!("{webhook}/events"), event, "/livez".to_owned()] {
                let answer = self.api().get(&path).await;
                assert_eq!(answer.status, 200, "{path}: {answer:?}");
            }
        }
    }

    /// Makes room. The same process must accept events again and deliver all that it has accepted.
    async fn goes_on(mut self) {
        self.disk.limit(ROOM);
        until("the host is ready", async || self.api().get("/readyz").await.status == 200).await;
        for _ in 0..EVENTS {
            let answer = self.trigger(100).await;
            assert_eq!(answer.status, 202, "there is room again: {answer:?}");
        }
        for event_id in &self.accepted {
            let event = self.api().ended(&self.config_id, event_id).await;
            assert_eq!(event["status"], "succeeded", "{event}");
            assert!(self.receiver.arrival(event_id).is_some(), "{event}");
        }
        self.host.stop().await;
    }
}

async fn started(disk: &Disk, listen: &str) -> Hookstep {
    let mut command = serve(&disk.data(), listen);
    disk.mount(&mut command, Loss::All, 0);
    Hookstep::started(Process::start(&mut command)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_at_once_refuses_new_events_and_loses_none() {
    let Some(mut filled) = Filled::start(4).await else { return };
    filled.disk.fill();
    filled.until_refused(4096).await;
    filled.stay_full().await;
    filled.goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_the_host_fills_by_itself_refuses_new_events_and_loses_none() {
    let Some(mut filled) = Filled::start(4).await else { return };
    filled.disk.limit(filled.disk.used() + 2 * 1024 * 1024);
    filled.until_refused(20 * 1024).await;
    filled.stay_full().await;
    filled.goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_wait_for_a_retry_while_the_disk_is_full_are_delivered_later() {
    let Some(mut filled) = Filled::start(1).await else { return };
    until("every first attempt has failed", async || {
        filled.accepted.iter().all(|event_id| filled.receiver.arrival(event_id).is_some())
    })
    .await;
    filled.disk.fill();
    filled.stay_full().await;
    filled.goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_killed_and_started_on_a_full_disk_loses_no_event() {
    let Some(mut filled) = Filled::start(4).await else { return };
    filled.disk.fill();
    filled.until_refused(4096).await;
    let address = filled.address();
    filled.host.process.kill().await;
    // What the log has cannot become part of the database, which has no room to grow.
    filled.disk.fill();
    filled.host = started(&filled.disk, &address).await;
    filled.stay_full().await;
    filled.goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_was_stopped_starts_on_a_full_disk_by_its_reserve() {
    let Some(mut filled) = Filled::start(4).await else { return };
    let address = filled.address();
    filled.host.stop().await;
    // No file of the log is left, and a new one has no room.
    filled.disk.fill();
    filled.host = started(&filled.disk, &address).await;
    filled.goes_on().await;
}
