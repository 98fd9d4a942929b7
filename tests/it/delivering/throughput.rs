//! How many events of one webhook the table takes, when it throttles as DynamoDB does.
#![expect(clippy::unwrap_used, reason = "a poisoned lock fails the test")]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, stream};
use hookstep_host::{ServiceError, TableCall, TableGate};
use http::Method;
use serde_json::json;

use crate::world::life::raced;
use crate::world::{Answer, Receiver, World, accepted, until};

/// The load, in triggers for each second of the table's time.
const TRIGGERS_PER_SECOND: f64 = 3000.0;

/// What DynamoDB lets be written in a second, for each partition of a table or an index ("Best practices for designing
/// and using partition keys effectively").
const UNITS_PER_SECOND: f64 = 1000.0;

/// How much of it can be saved up for later, in seconds: little, so that a burst does not pass for a rate.
const SAVED_SECONDS: f64 = 0.25;

/// How many deliveries are under way at most, as long as nothing is throttled.
const WINDOW: usize = 200;

/// A gate that refuses writes to a partition that has used up its units. A debug build makes far fewer than 3,000
/// deliveries a second, so time is counted in triggers: a second has passed when 3,000 of them were accepted.
#[derive(Debug, Default)]
struct Throttle(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// The time, in seconds.
    now: f64,
    /// The units that each partition has left, and when that was.
    left: HashMap<String, (f64, f64)>,
    /// The size of each item of the events table, in bytes.
    sizes: HashMap<(String, String), usize>,
    refused: usize,
}

impl Throttle {
    fn pass(&self, seconds: f64) {
        self.0.lock().unwrap().now += seconds;
    }

    fn refused(&self) -> usize {
        self.0.lock().unwrap().refused
    }
}

impl TableGate for Throttle {
    fn refuse(&self, call: &TableCall<'_>) -> Option<ServiceError> {
        if call.table != "events" || !matches!(call.operation, "PutItem" | "UpdateItem") {
            return None;
        }
        self.0.lock().unwrap().write(call)
    }
}

impl Counts {
    fn write(&mut self, call: &TableCall<'_>) -> Option<ServiceError> {
        let item = call.item.unwrap();
        let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().unwrap().clone());
        let before = self.sizes.get(&(pk.clone(), sk.clone())).copied().unwrap_or_default();
        // An update adds at most its values.
        let size: usize = match call.operation {
            "PutItem" => item.iter().map(|(name, value)| name.len() + size(value)).sum(),
            _ => before + size(&AttributeValue::M(call.values.unwrap().clone())),
        };
        let mut wanted = vec![(pk.clone(), size.max(before).max(1).div_ceil(1024))];
        if item.contains_key("correlation_id") {
            wanted.push((format!("by-correlation-id of {pk}"), 1));
        }
        let now = self.now;
        let left = |left: &HashMap<String, (f64, f64)>, partition: &str| {
            let full = UNITS_PER_SECOND * SAVED_SECONDS;
            left.get(partition).map_or(full, |(units, at)| (units + (now - at) * UNITS_PER_SECOND).min(full))
        };
        if wanted.iter().any(|(partition, units)| left(&self.left, partition) < *units as f64) {
            self.refused += 1;
            return Some(ServiceError::new(
                "ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            ));
        }
        for (partition, units) in wanted {
            let rest = left(&self.left, &partition) - units as f64;
            self.left.insert(partition, (rest, now));
        }
        self.sizes.insert((pk, sk), size);
        None
    }
}

/// The size of a value in DynamoDB, in bytes ("DynamoDB item sizes and formats").
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::M(fields) => {
            3 + fields.iter().map(|(name, value)| name.len() + size(value) + 1).sum::<usize>()
        }
        AttributeValue::L(items) => 3 + items.iter().map(|item| size(item) + 1).sum::<usize>(),
        AttributeValue::N(number) => number.len() / 2 + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::S(text) => text.len(),
        _ => 1,
    }
}

/// Triggers this many events of a webhook with this many shards, and waits until all were delivered. Returns the gate.
async fn deliver(shards: u16, number: usize) -> Arc<Throttle> {
    let gate = Arc::<Throttle>::default();
    let world = World::with_options(|options| options.table_gate = Some(gate.clone())).await;
    let receiver = Receiver::ok().await;
    let id = world.api.create_webhook(&receiver.url, json!({"shards": shards})).await;
    let trigger = async |number: usize| {
        while gate.refused() == 0 && receiver.calls() + WINDOW < number {
            raced(tokio::time::sleep(Duration::from_millis(1))).await;
        }
        let request = world.api.request(Method::POST, &format!("/webhook/{id}/trigger"));
        let request = ["x-correlation-id", "idempotency-key"]
            .into_iter()
            .fold(request, |request, header| request.header(header, number.to_string()))
            .body(number.to_string());
        let event_id = accepted(&Answer::to(request).await);
        gate.pass(1.0 / TRIGGERS_PER_SECOND);
        event_id
    };
    let sent: HashSet<String> = stream::iter(0..number).map(trigger).buffer_unordered(16).collect().await;
    assert_eq!(sent.len(), number);
    until("everything is delivered", async || {
        // Time goes on when the load has ended.
        gate.pass(0.1);
        receiver.calls() >= number && succeeded(&world, &id).await.len() >= number
    })
    .await;
    assert_eq!(succeeded(&world, &id).await, sent);
    gate
}

/// The ids of the events that were delivered.
async fn succeeded(world: &World, id: &str) -> HashSet<String> {
    let (mut found, mut cursor) = (HashSet::new(), String::new());
    loop {
        let list = world.api.events(id, &format!("?limit=100&status=succeeded{cursor}")).await;
        for event in list["data"].as_array().unwrap() {
            found.insert(event["event_id"].as_str().unwrap().to_owned());
        }
        match list["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_shards_take_three_thousand_deliveries_a_second() {
    assert_eq!(deliver(8, 3000).await.refused(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_partition_is_throttled_at_the_same_rate_and_loses_nothing() {
    assert!(deliver(1, 1000).await.refused() > 0);
}
