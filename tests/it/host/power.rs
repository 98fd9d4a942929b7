//! Power cuts: what was promised is on the disk. The disk is simulated, and the host is the real program.
//!
//! In each round a host is started on the data that the last round left, gets load, and loses its power. In the end every
//! event that was answered with 202 must be there and must have arrived, and every webhook must be as it was saved.
#![expect(clippy::unwrap_used, reason = "a host that cannot be asked fails the test")]

mod promises;
pub(super) mod receiver;
mod simulated;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::world::Api;
use crate::world::disk::{Disk, Loss, cut_power};
use crate::world::process::{FREE_PORT, Hookstep, Process, serve};
use promises::{Account, Event, Promises, account, fields};
use receiver::{Memory, sha256};

const ROUNDS: u64 = 50;

const CONNECTIONS: u64 = 16;

/// Above the limit for a body in the state of an execution: it becomes a claim check.
const LARGE_BYTES: usize = 210 * 1024;

/// The power is cut after fewer answers than this.
const ANSWERS: u64 = 150;

/// One in so many first attempts fails, so that its event waits for a retry when the power is cut.
const FAILING: u8 = 8;

/// The longest sync.
const SYNC_MICROSECONDS: u32 = 2000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_moment_breaks_no_promise() {
    let Some(disk) = Disk::new("no power is cut").await else { return };
    let seed = std::env::var_os("HOOKSTEP_POWER_SEED");
    let seed: u64 = seed.map_or_else(rand::random, |seed| seed.to_str().unwrap().parse().unwrap());
    println!("HOOKSTEP_POWER_SEED={seed} repeats the choices of the test and of the disk");
    let mut dice = StdRng::seed_from_u64(seed);
    let receiver = Memory::start(FAILING).await;
    let promises = Arc::<Promises>::default();

    // The webhook of the events is there before the first cut.
    let host = Hookstep::start(&disk.data(), FREE_PORT).await;
    let fields = json!({"retry": {"schedule_seconds": [1, 1, 1, 1]}, "headers": {"X-Retried": "1"}});
    let config_id = host.api.create_webhook(&receiver.url, fields).await;
    let address = host.api.base.strip_prefix("http://").unwrap().to_owned();
    host.stop().await;

    for round in 0..ROUNDS {
        let loss = if round.is_multiple_of(2) { Loss::All } else { Loss::Some(dice.random()) };
        let mut command = serve(&disk.data(), &address);
        disk.mount(&mut command, loss, dice.random_range(0..SYNC_MICROSECONDS));
        let host = Hookstep::started(Process::start(&mut command)).await;
        let load = Load {
            round,
            api: host.api.clone(),
            config_id: config_id.clone(),
            url: receiver.url.clone(),
            promises: Arc::clone(&promises),
            answers: Arc::default(),
            answered: Arc::default(),
        };
        let mut senders = JoinSet::new();
        for number in 0..CONNECTIONS {
            senders.spawn(load.clone().send(number));
        }
        let count = dice.random_range(0..ANSWERS);
        tokio::select! {
            () = load.until_answered(count) => {}
            ended = senders.join_next() => panic!("a sender stopped before the power cut: {ended:?}"),
        }
        cut_power(host.process).await;
        while let Some(sender) = senders.join_next().await {
            sender.unwrap();
        }
    }

    let host = Hookstep::start(&disk.data(), &address).await;
    let Account { summary, broken } = account(&host.api, &receiver, &promises).await;
    println!("{summary}");
    host.stop().await;
    assert!(broken.is_empty(), "{} promises are broken:\n{}", broken.len(), broken.join("\n"));
}

/// What the senders of a round share.
#[derive(Clone)]
struct Load {
    round: u64,
    api: Api,
    /// The webhook of the events.
    config_id: String,
    /// The receiver's URL.
    url: String,
    promises: Arc<Promises>,
    answers: Arc<AtomicU64>,
    answered: Arc<Notify>,
}

impl Load {
    /// Waits for so many answers to all senders together.
    async fn until_answered(&self, count: u64) {
        while self.answers.load(Ordering::Relaxed) < count {
            self.answered.notified().await;
        }
    }

    /// Sends requests, one after the other, until the host is gone.
    async fn send(self, number: u64) {
        match number {
            0 | 1 => self.save_webhooks(number).await,
            2 | 3 => self.trigger(number, LARGE_BYTES).await,
            _ => self.trigger(number, 100).await,
        };
    }

    async fn trigger(&self, number: u64, length: usize) -> Option<()> {
        for count in 0.. {
            let mut body = format!("{{\"round\": {}, \"sender\": {number}, \"count\": {count}}}", self.round);
            body.extend(std::iter::repeat_n(' ', length.saturating_sub(body.len())));
            let body_sha256 = sha256(body.as_bytes());
            let answer = self.ask(self.api.triggering(&self.config_id, "", body), 202).await?;
            let event_id = answer["event_id"].as_str().unwrap().to_owned();
            let event = Event { round: self.round, config_id: self.config_id.clone(), event_id, body_sha256 };
            self.promises.events.lock().unwrap().push(event);
        }
        None
    }

    /// Creates webhooks and changes each of them twice.
    async fn save_webhooks(&self, number: u64) -> Option<()> {
        for count in 0.. {
            let name = format!("round {}, sender {number}, webhook {count}", self.round);
            let note = |change: &dyn Fn(&mut promises::Webhook)| {
                change(self.promises.webhooks.lock().unwrap().entry(name.clone()).or_default());
            };
            let mut webhook = fields(&name, 0);
            webhook["name"] = json!(name);
            webhook["url"] = json!(self.url);
            note(&|_| ());
            let create = self.api.request(Method::POST, "/webhook").body(webhook.to_string());
            let created = self.ask(create, 201).await?;
            note(&|webhook| webhook.created = Some(created.clone()));
            for version in 1..=2 {
                note(&|webhook| webhook.attempted = Some(version));
                let path = format!("/webhook/{}", created["config_id"].as_str().unwrap());
                let patch = self.api.request(Method::PATCH, &path).body(fields(&name, version).to_string());
                self.ask(patch, 200).await?;
                note(&|webhook| webhook.saved = version);
            }
        }
        None
    }

    /// The answer, which must have this status; `None` if the host is gone.
    async fn ask(&self, request: RequestBuilder, status: u16) -> Option<Value> {
        let response = request.send().await.ok()?;
        let found = response.status().as_u16();
        let body = response.bytes().await.ok()?;
        assert_eq!(found, status, "{}", String::from_utf8_lossy(&body));
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.answered.notify_one();
        serde_json::from_slice(&body).ok()
    }
}
