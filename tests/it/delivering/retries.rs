//! What follows a failed attempt.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{Answer, Api, Receiver, Reply, World, accepted, closed_port, moment};
use hookstep_contract::MachineKind;

fn on_schedule(pauses: &[u32]) -> Value {
    json!({"retry": {"schedule_seconds": pauses}})
}

/// The event of one trigger to a receiver with this response, on this schedule.
async fn outcome(api: &Api, replies: &[Reply], pauses: &[u32]) -> (Value, Receiver) {
    let receiver = Receiver::answering(replies.to_vec()).await;
    let id = api.create_webhook(&receiver.url, on_schedule(pauses)).await;
    (api.deliver(&id, "{}").await, receiver)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_event_is_sent_again_until_it_is_taken() {
    let world = World::start().await;
    let replies = [500, 500, 200].map(Reply::status);
    let (event, receiver) = outcome(&world.api, &replies, &[1, 1]).await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("succeeded"), &json!(3)));
    let seen = receiver.seen();
    assert_eq!(seen.len(), 3);
    for request in &seen {
        assert_eq!(request.header("webhook-id"), event["event_id"].as_str(), "it is the event's id");
        assert_eq!(request.body, b"{}");
    }
    let timestamps: Vec<i64> =
        seen.iter().map(|r| r.header("webhook-timestamp").unwrap().parse().unwrap()).collect();
    assert!(timestamps[0] < timestamps[2], "each attempt has its own timestamp: {timestamps:?}");
    for pair in seen.windows(2) {
        let pause = pair[1].at - pair[0].at;
        assert!(pause > Duration::from_millis(890), "{pause:?}: a second, less a tenth");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_fails_when_its_schedule_is_used_up() {
    let world = World::start().await;
    let (event, receiver) = outcome(&world.api, &[Reply::status(500)], &[1]).await;
    assert_eq!(
        (&event["status"], &event["outcome"], &event["attempt_count"]),
        (&json!("failed"), &json!("failed_http"), &json!(2))
    );
    assert_eq!((&event["next_attempt_at"], receiver.calls()), (&json!(null), 2));
    assert_eq!(event["error"], "the receiver answered 500", "{event}");

    let (event, receiver) = outcome(&world.api, &[Reply::status(500)], &[]).await;
    assert_eq!(
        (&event["status"], &event["attempt_count"], receiver.calls()),
        (&json!("failed"), &json!(1), 1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_pass_is_tried_again() {
    let world = World::start().await;
    let statuses = [408, 425, 429, 500, 502, 503, 504, 599];
    let events = join_all(statuses.map(|status| {
        let api = &world.api;
        async move { outcome(api, &[Reply::status(status), Reply::status(200)], &[1]).await }
    }));
    for (status, (event, receiver)) in statuses.into_iter().zip(events.await) {
        assert_eq!((&event["status"], receiver.calls()), (&json!("succeeded"), 2), "{status}");
        assert_eq!(event["attempts"][0]["status_code"], status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_will_not_pass_is_final() {
    let world = World::start().await;
    let statuses = [300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 413, 418, 422, 451];
    let events = join_all(statuses.map(|status| {
        let api = &world.api;
        let reply = Reply::status(status).header("Location", "/elsewhere").header("Retry-After", "1");
        async move { outcome(api, &[reply], &[1]).await }
    }));
    for (status, (event, receiver)) in statuses.into_iter().zip(events.await) {
        assert_eq!(
            (&event["status"], &event["outcome"]),
            (&json!("failed"), &json!("failed_http")),
            "{status}"
        );
        assert_eq!((&event["attempt_count"], receiver.calls()), (&json!(1), 1), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_2xx_is_taken() {
    let world = World::start().await;
    let statuses = [200, 201, 202, 203, 204, 205, 206, 226, 299];
    let events = join_all(statuses.map(|status| {
        let api = &world.api;
        // Without a length: some of these statuses must not have one.
        let answer = format!("HTTP/1.1 {status} Fine\r\n\r\n");
        async move {
            let receiver = Receiver::bytes(answer).await;
            let id = api.create_webhook(&receiver.url, on_schedule(&[1])).await;
            api.deliver(&id, "{}").await
        }
    }));
    for (status, event) in statuses.into_iter().zip(events.await) {
        assert_eq!(
            (&event["status"], &event["status_code"]),
            (&json!("succeeded"), &json!(status)),
            "{event}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_or_slow_receiver_is_tried_again() {
    let world = World::start().await;
    let id = world.api.create_webhook(&closed_port().await, on_schedule(&[1])).await;
    let slow = [Reply::status(200).after(Duration::from_secs(3)), Reply::status(200)];
    let slow = Receiver::answering(slow).await;
    let fields = json!({"timeout_seconds": 1, "retry": {"schedule_seconds": [1]}});
    let slow_id = world.api.create_webhook(&slow.url, fields).await;
    let (unreachable, slow) = tokio::join!(world.api.deliver(&id, "{}"), world.api.deliver(&slow_id, "{}"));
    assert_eq!((&unreachable["status"], &unreachable["attempt_count"]), (&json!("failed"), &json!(2)));
    assert_eq!(unreachable["outcome"], "failed_unreachable");
    assert_eq!((&slow["status"], &slow["attempt_count"]), (&json!("succeeded"), &json!(2)));
    assert_eq!(slow["attempts"][0]["outcome"], "failed_timeout");
}

/// How long the retry waits after a 503 with this `Retry-After`, on a one-second schedule.
async fn left_alone(dice: fn() -> f64, retry_after: String) -> f64 {
    let world = World::with_options(|options| options.sources.random = dice).await;
    let replies = [Reply::status(503).header("Retry-After", retry_after), Reply::status(200)];
    let (event, receiver) = outcome(&world.api, &replies, &[1]).await;
    assert_eq!(event["status"], "succeeded");
    let seen = receiver.seen();
    (seen[1].at - seen[0].at).as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receivers_retry_after_comes_before_the_schedule() {
    let pause = left_alone(|| 0.5, "2".to_owned()).await;
    assert!((1.99..10.0).contains(&pause), "{pause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jitter_does_not_come_sooner_than_retry_after() {
    let pause = left_alone(|| 0.0, "2".to_owned()).await;
    assert!((1.99..10.0).contains(&pause), "{pause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_may_be_a_date() {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let at = hookstep_ambient::Sources::system().now().plus(Duration::from_secs(3)).get();
    let pause = left_alone(|| 0.5, at.format(format).unwrap()).await;
    assert!(pause > 1.9, "{pause}: the date has whole seconds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shorter_retry_after_does_not_shorten_the_schedule() {
    let pause = left_alone(|| 0.5, "0".to_owned()).await;
    assert!(pause > 0.99, "{pause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_turns_its_webhook_off() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(410)]).await);
    let id = world.api.create_webhook(&receiver.url, on_schedule(&[1])).await;
    let event = world.api.deliver(&id, "{}").await;
    assert_eq!((&event["status"], &event["attempt_count"]), (&json!("failed"), &json!(1)));
    let next = world.api.deliver(&id, "{}").await;
    assert_eq!(
        (&next["status"], &next["reason"]),
        (&json!("skipped"), &json!({"code": "webhook_disabled", "detail": "the receiver answered 410 Gone"}))
    );
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_attempt_is_announced_while_it_is_waited_for() {
    let (world, receiver) = (World::start().await, Receiver::answering([Reply::status(500)]).await);
    let id = world.api.create_webhook(&receiver.url, on_schedule(&[100])).await;
    let event_id = world.api.trigger(&id, "{}").await;
    let event = world.api.until(&id, &event_id, |event| !event["next_attempt_at"].is_null()).await;
    assert_eq!(
        (&event["status"], &event["attempt_count"], &event["status_code"]),
        (&json!("in_progress"), &json!(1), &json!(500))
    );
    let pause = (moment(&event["next_attempt_at"]) - moment(&event["updated_at"])).as_seconds_f64();
    assert!((89.9..110.1).contains(&pause), "{pause}: a hundred seconds, give or take a tenth");
    let waiting = world.api.events(&id, "?status=in_progress").await;
    assert_eq!(waiting["data"][0]["next_attempt_at"], event["next_attempt_at"]);
}

/// The response to a sync trigger when the receiver responds like this; the event's own schedule would be far
/// too slow.
async fn sync_answer(replies: &[Reply], timeout_seconds: u32) -> (Value, Receiver) {
    let world = World::start().await;
    let receiver = Receiver::answering(replies.to_vec()).await;
    let fields = json!({"timeout_seconds": timeout_seconds, "retry": {"schedule_seconds": []}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    (world.api.trigger_sync(&id, "{}").await, receiver)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_event_is_sent_again_while_its_producer_waits() {
    let (answer, receiver) = sync_answer(&[Reply::status(503), Reply::status(200).body("ok")], 5).await;
    assert_eq!(
        (&answer["status"], &answer["attempts"], &answer["body"]),
        (&json!("succeeded"), &json!(2), &json!("ok"))
    );
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_event_is_not_sent_again_after_a_refusal_or_a_timeout() {
    for status in [302, 400, 404, 408, 425] {
        let (answer, receiver) = sync_answer(&[Reply::status(status), Reply::status(200)], 5).await;
        assert_eq!(
            (&answer["status"], &answer["attempts"], receiver.calls()),
            (&json!("failed"), &json!(1), 1),
            "{status}"
        );
    }
    let (answer, receiver) =
        sync_answer(&[Reply::status(200).after(Duration::from_secs(3)), Reply::status(200)], 1).await;
    assert_eq!(
        (&answer["outcome"], &answer["attempts"], receiver.calls()),
        (&json!("failed_timeout"), &json!(1), 1)
    );
    assert_eq!((&answer["status_code"], &answer["body"]), (&json!(null), &json!(null)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_event_does_not_wait_for_a_retry_after_beyond_the_budget() {
    let (answer, receiver) = sync_answer(&[Reply::status(503).header("Retry-After", "60")], 5).await;
    assert_eq!((&answer["status"], &answer["attempts"], receiver.calls()), (&json!("failed"), &json!(1), 1));
    assert!(answer["duration_ms"].as_u64().is_some_and(|ms| ms < 20_000), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standard_machine_alone_delivers_just_the_same() {
    let world = World::with_options(|options| options.async_workflow = MachineKind::Standard).await;
    let (event, receiver) = outcome(&world.api, &[Reply::status(500), Reply::status(200)], &[1]).await;
    assert_eq!(
        (&event["status"], &event["attempt_count"], receiver.calls()),
        (&json!("succeeded"), &json!(2), 2)
    );

    let receiver = Receiver::ok().await;
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let trigger =
        async || Answer::to(world.api.triggering(&id, "", "{}").header("idempotency-key", "k")).await;
    let (first, again) = (accepted(&trigger().await), accepted(&trigger().await));
    assert_eq!(first, again);
    world.api.ended(&id, &first).await;
    world.settled(&first).await;
    receiver.only();
    assert_eq!(world.api.trigger_sync(&id, "{}").await["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_does_not_forget_a_waiting_event() {
    let (world, receiver) = (World::start().await, Receiver::answering([500, 200].map(Reply::status)).await);
    let id = world.api.create_webhook(&receiver.url, on_schedule(&[2])).await;
    let event_id = world.api.trigger(&id, "{}").await;
    world.api.until(&id, &event_id, |event| event["attempt_count"] == 1).await;
    let world = world.reopen(|_| ()).await;
    let event = world.api.ended(&id, &event_id).await;
    assert_eq!(
        (&event["status"], &event["attempt_count"], receiver.calls()),
        (&json!("succeeded"), &json!(2), 2)
    );
}
