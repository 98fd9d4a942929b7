//! Performance on ministack: printed, not asserted, because the numbers say more about ministack and this
//! machine than about us. For example, ministack waits 50 ms for log output after every invocation.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::environment::say;
use super::stack::Stack;
use crate::aws::cases::Engine;
use crate::world::Receiver;

const SAMPLES: usize = 50;
const CONCURRENCY: usize = 16;
const EACH: usize = 10;

/// Prints the sync latency and the executions per second for events that the receiver accepts at once.
pub(super) async fn print(stack: &Stack) {
    let (api, receiver) = (stack.api(), Receiver::ok().await);
    let id = api.create_webhook(&receiver.url, json!({})).await;
    let deliver = async || {
        let start = Instant::now();
        assert_eq!(api.trigger_sync(&id, "{}").await["status"], "succeeded");
        start.elapsed()
    };
    let mut alone = Vec::new();
    for _ in 0..SAMPLES {
        alone.push(deliver().await);
    }
    let worker = async || {
        for _ in 0..EACH {
            deliver().await;
        }
    };
    // Each concurrent invocation starts its own process once.
    join_all((0..CONCURRENCY).map(|_| deliver())).await;
    let start = Instant::now();
    join_all((0..CONCURRENCY).map(|_| worker())).await;
    let rate = (CONCURRENCY * EACH) as f64 / start.elapsed().as_secs_f64();
    alone.sort();
    say(&format!(
        "sync p50 {} ms, p90 {} ms (of {SAMPLES}, one at a time); {rate:.0} executions/s at {CONCURRENCY} at once",
        alone[SAMPLES / 2].as_millis(),
        alone[SAMPLES * 9 / 10].as_millis(),
    ));
    read_back(&api.events(&id, "?limit=100").await, receiver.calls());
}

/// Every delivery was made and is on record.
fn read_back(page: &Value, calls: usize) {
    assert_eq!(calls, SAMPLES + CONCURRENCY + CONCURRENCY * EACH);
    assert!(page["next_cursor"].is_string(), "the events do not fit on one page");
    let events = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(events.len(), 100);
    assert!(events.iter().all(|event| event["status"] == "succeeded"));
}
