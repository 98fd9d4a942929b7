//! Whether the host can take events, and what it says when it cannot.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a host that cannot be limited fails the test")]

use std::time::Duration;

use rlimit::Resource;
use serde_json::json;

use crate::world::process::{FREE_PORT, Hookstep, Process, in_shell, serve};
use crate::world::{Answer, Dir, Receiver, Reply, until};

/// Limits the files of a host to this many bytes. With one byte, no file can grow, as on a full disk.
fn limit_files(host: &Hookstep, bytes: u64) {
    let pid = i32::try_from(host.process.id()).unwrap();
    // The hard limit stays, for the limit to be lifted again.
    rlimit::prlimit(pid, Resource::FSIZE, Some((bytes, u64::MAX)), None).unwrap();
}

#[tokio::test]
async fn a_host_that_cannot_write_is_alive_and_not_ready() {
    let (dir, receiver) = (Dir::new(), Receiver::ok().await);
    // A process that hears of a full file by a signal would die of it. An ignored signal stays ignored in what is executed.
    let mut serve = in_shell("trap '' XFSZ", &serve(dir.path(), FREE_PORT));
    let host = Hookstep::started(Process::start(&mut serve)).await;
    let ask = async |path: &str| Answer::to(host.api.http.get(format!("{}{path}", host.api.base))).await;
    for path in ["/livez", "/readyz", "/healthz"] {
        let answer = ask(path).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"status": "ok"})), "{path}");
    }
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    limit_files(&host, 1);
    until("the host is not ready", async || ask("/readyz").await.status == 503).await;
    let problem = ask("/readyz").await.problem(503);
    assert_eq!(problem["detail"], "the journal of executions cannot be written");
    ask("/healthz").await.problem(503);
    assert_eq!(ask("/livez").await.status, 200);
    let refused = Answer::to(host.api.triggering(&config_id, "", "{}")).await;
    assert_eq!(refused.status, 503, "nothing is accepted that cannot be kept: {refused:?}");

    limit_files(&host, u64::MAX);
    until("the host is ready again", async || ask("/readyz").await.status == 200).await;
    let event_id = host.api.trigger(&config_id, "{}").await;
    assert_eq!(host.api.ended(&config_id, &event_id).await["status"], "succeeded");
}

#[tokio::test]
async fn events_in_flight_when_the_disk_fills_up_are_delivered_when_there_is_room() {
    let (dir, late) = (Dir::new(), Reply::status(200).after(Duration::from_millis(500)));
    let receiver = Receiver::answering([late]).await;
    let mut serve = in_shell("trap '' XFSZ", &serve(dir.path(), FREE_PORT));
    let mut host = Hookstep::started(Process::start(&mut serve)).await;
    let config_id = host.api.create_webhook(&receiver.url, json!({})).await;
    let mut event_ids = Vec::new();
    for _ in 0..3 {
        event_ids.push(host.api.trigger(&config_id, "{}").await);
    }
    until("the receiver is called", async || receiver.calls() == 3).await;
    limit_files(&host, 1);
    host.process.told("what was accepted waits until there is room").await;
    limit_files(&host, u64::MAX);
    for event_id in event_ids {
        let event = host.api.ended(&config_id, &event_id).await;
        assert_eq!(event["status"], "succeeded", "{event}");
    }
}
