//! The tour: what a delivery is, step by step, from the side of the producer and from that of the receiver.

use serde_json::json;

use super::receiver;
use super::stage::{JSON, Stage, bad, good, note};
use crate::settings::CommandResult;

/// The size of the body that needs a claim check.
const BIG_BODY_BYTES: usize = 5 * 1024 * 1024;

/// Shows the tour.
pub(super) async fn show(mut stage: Stage, receiver: &str) -> CommandResult {
    signed(&mut stage, receiver).await?;
    filtered(&mut stage, receiver).await?;
    retried(&mut stage, receiver).await?;
    replayed(&mut stage, receiver).await?;
    large(&mut stage, receiver).await?;
    refused(&mut stage).await
}

async fn signed(stage: &mut Stage, receiver: &str) -> CommandResult {
    let hello = stage.create("demo: hello", &format!("{receiver}/hello"), json!({})).await?;
    stage
        .step(
            "A delivery, sync",
            "The producer waits, and gets the receiver's answer. The request is signed.",
        )
        .await?;
    note(r#"POST /webhook/…/trigger?sync=true  {"reading": 1.0}"#)?;
    stage.deliver(&hello, br#"{"reading": 1.0}"#.to_vec()).await?;
    for received in stage.verified(&hello)? {
        good(format_args!("the body arrived to the byte: {}", String::from_utf8_lossy(&received.body)))?;
    }
    stage
        .step("A delivery, async", "The producer gets a 202 at once, and the event can be read back.")
        .await?;
    let accepted = stage.client.trigger(hello.config_id, r#"{"reading": 2.0}"#).content_type(JSON).await?;
    note(format_args!("202: event {} is {}", accepted.event_id, accepted.status.as_str()))?;
    stage.follow(&hello, accepted.event_id).await?;
    stage.verified(&hello).map(drop)
}

async fn filtered(stage: &mut Stage, receiver: &str) -> CommandResult {
    let fields = json!({
        "filter": {"jsonata": "status = 'paid'"},
        "transform": {"jsonata": "{\"order\": id, \"total\": $sum(items.price)}"},
    });
    let paid = stage.create("demo: paid orders", &format!("{receiver}/hello"), fields).await?;
    stage
        .step(
            "A filter and a transform",
            "JSONata decides which events are sent, and what is sent instead of them.",
        )
        .await?;
    note("filter status = 'paid', transform {order: id, total: $sum(items.price)}")?;
    for status in ["open", "paid"] {
        let order = json!({"id": 7, "status": status, "items": [{"price": 19.5}, {"price": 0.5}]});
        note(format_args!("an order that is {status}"))?;
        stage.deliver(&paid, order.to_string().into_bytes()).await?;
    }
    for received in stage.verified(&paid)? {
        good(format_args!("the receiver got {}", String::from_utf8_lossy(&received.body)))?;
    }
    Ok(())
}

async fn retried(stage: &mut Stage, receiver: &str) -> CommandResult {
    let fields = json!({"retry": {"schedule_seconds": [1, 2]}});
    let flaky = stage.create("demo: flaky", &format!("{receiver}/flaky"), fields).await?;
    stage
        .step(
            "A receiver that is down",
            "It answers 503 twice. The webhook's schedule says: again after 1 s and 2 s.",
        )
        .await?;
    let accepted = stage.client.trigger(flaky.config_id, "{}").content_type(JSON).await?;
    stage.follow(&flaky, accepted.event_id).await?;
    stage.verified(&flaky).map(drop)
}

async fn replayed(stage: &mut Stage, receiver: &str) -> CommandResult {
    let moved = stage.create("demo: moved", &format!("{receiver}/moved"), json!({})).await?;
    stage.step("A replay", "A 404 is final. Once the receiver is mended, the event is sent again.").await?;
    let accepted = stage.client.trigger(moved.config_id, "{}").content_type(JSON).await?;
    stage.follow(&moved, accepted.event_id).await?;
    note("hookstep replay 'demo: moved' …")?;
    let replayed =
        stage.client.replay(moved.config_id, accepted.event_id, hookstep_client::Redelivery::AsSent).await?;
    stage.follow(&moved, replayed.event_id).await?;
    let received = stage.verified(&moved)?;
    if let [first, second] = &received[..]
        && first.webhook_id() == second.webhook_id()
    {
        good("both have the same webhook-id, so a receiver can tell that it is one event")?;
    }
    Ok(())
}

async fn large(stage: &mut Stage, receiver: &str) -> CommandResult {
    let count = stage.create("demo: count", &format!("{receiver}/count"), json!({})).await?;
    stage.step("A body of 5 MB", "It is uploaded as a claim check, and streamed to the receiver.").await?;
    stage.deliver(&count, vec![b'x'; BIG_BODY_BYTES]).await?;
    stage.verified(&count).map(drop)
}

async fn refused(stage: &mut Stage) -> CommandResult {
    stage
        .step(
            "What cannot work",
            "A blocked URL is refused when the webhook is saved; a closed port fails when it is called.",
        )
        .await?;
    match stage.create("demo: refused", "http://127.0.0.1:22/", json!({})).await {
        Err(refusal) => bad(refusal)?,
        Ok(webhook) => {
            return Err(format!("the webhook {} should have been refused", webhook.config_id).into());
        }
    }
    let fields = json!({"retry": {"schedule_seconds": []}});
    let closed = stage.create("demo: closed", &receiver::closed_port().await?, fields).await?;
    stage.deliver(&closed, b"{}".to_vec()).await.map(drop)
}
