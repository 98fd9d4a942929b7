//! Places are shared: receivers that hang leave places to the other webhooks and orgs.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::world::process::{FREE_PORT, Hookstep};
use crate::world::{Answer, Api, Dir, Receiver, Reply, World, accepted, until};

/// The share of one webhook: a third of the 1,000 places.
const SHARE: usize = 334;

/// More events than that.
const EVENTS: usize = 500;

/// Of the webhook that hangs: the longest one that the express machine waits for.
fn patient() -> serde_json::Value {
    json!({"timeout_seconds": 120, "retry": {"schedule_seconds": []}})
}

fn never() -> Reply {
    Reply::status(200).after(Duration::from_secs(3600))
}

async fn trigger_many(api: &Api, config_id: &str) -> BTreeSet<String> {
    stream::iter(0..EVENTS).map(|_| api.trigger(config_id, "{}")).buffer_unordered(16).collect().await
}

#[tokio::test]
async fn sync_triggers_are_answered_while_hundreds_of_another_webhook_wait_for_a_place() {
    let budget = Duration::from_secs(10);
    let world = World::with_options(|options| options.sync_budget = budget).await;
    let (hanging, receiver) = (Receiver::answering([never()]).await, Receiver::ok().await);
    let other = world.admin_of("other").await;
    let theirs = other.create_webhook(&receiver.url, json!({})).await;
    let beside = world.api.create_webhook(&receiver.url, json!({})).await;
    let hog = world.api.create_webhook(&hanging.url, patient()).await;
    trigger_many(&world.api, &hog).await;
    until("the webhook has its share", async || hanging.calls() == SHARE).await;

    for (api, config_id) in [(&other, &theirs), (&world.api, &beside)] {
        for _ in 0..5 {
            assert_eq!(api.trigger_sync(config_id, "{}").await["status"], "succeeded");
        }
    }
    let late = Answer::to(world.api.triggering(&hog, "?sync=true", "{}")).await;
    accepted(&late);
    assert_eq!(hanging.calls(), SHARE, "the others wait");
}

#[tokio::test]
async fn what_waits_for_a_place_survives_kill_9() {
    let dir = Dir::new();
    let replies = std::iter::repeat_n(never(), SHARE).chain([Reply::status(200)]);
    let receiver = Receiver::answering(replies).await;
    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    let config_id = host.api.create_webhook(&receiver.url, patient()).await;
    let events = trigger_many(&host.api, &config_id).await;
    until("the webhook has its share", async || receiver.calls() == SHARE).await;
    host.process.kill().await;

    let host = Hookstep::start(dir.path(), FREE_PORT).await;
    host.api.until_events_of(&config_id, EVENTS, "succeeded").await;
    let answered = receiver.seen().split_off(SHARE);
    let ids: BTreeSet<_> =
        answered.iter().map(|call| call.header("webhook-id").unwrap().to_owned()).collect();
    assert_eq!((answered.len(), ids), (EVENTS, events), "each is delivered once");
}
