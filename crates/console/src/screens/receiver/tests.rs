//! The words for each health.

use serde_json::{Value, json};

use super::*;

const FAILING: fn() -> Value = || {
    json!({
        "change": 1, "state": "failing", "since": "2026-01-02T03:05:05Z", "failing_since": "2026-01-02T03:04:05Z", "failures": 12,
        "last_success_at": "2026-01-02T03:04:00Z", "reason": "connection_refused",
        "circuit": {"state": "open", "opened_at": "2026-01-02T03:05:05Z", "probe_at": "2026-01-02T03:05:35Z", "probes": 0},
    })
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn with(mut value: Value, changes: Value) -> Value {
    value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    value
}

fn webhook(fields: Value) -> WebhookConfig {
    let config = json!({
        "org_id": "acme", "config_id": "0190a000-0000-7000-8000-00000000000a", "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z", "name": "n", "url": "https://example.com/", "retry": {"schedule_seconds": []},
    });
    serde_json::from_value(with(config, fields)).unwrap()
}

fn told(fields: Value, can_manage: bool, now: &str) -> String {
    let html = notice(&webhook(fields), can_manage, at(now)).into_string();
    html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

#[test]
fn a_failing_receiver_is_told_with_what_is_held_back_and_what_to_do() {
    let text = told(json!({"health": FAILING()}), true, "2026-01-02T03:05:15Z");
    assert_eq!(
        text,
        "The receiver takes no events.Since 2 Jan 03:04:05 UTC, 12 attempts have failed and none has succeeded. The last \
         success was 2 Jan 03:04:00 UTC. The last reason: the receiver refused the connection.Events are accepted, and wait \
         until it takes them. One at a time is sent to find that out: the next one is due in 20 s. An event that waits longer \
         than its retries would have taken, about 30 s, fails.Repair the receiver, or edit the URL. Then send a test event: if \
         the receiver takes it, those that wait follow."
    );
    let only_read = told(json!({"health": FAILING()}), false, "2026-01-02T03:05:15Z");
    assert!(only_read.ends_with("about 30 s, fails."), "{only_read}");
    // A test waits in the lane, too.
    let limited = told(json!({"health": FAILING(), "max_in_flight": 5}), true, "2026-01-02T03:05:15Z");
    assert!(
        limited.ends_with("edit the URL. As soon as the webhook is saved, the next event is sent."),
        "{limited}"
    );
}

#[test]
fn a_probe_is_due_or_under_way() {
    let open = |probed_at: Option<&str>| {
        let mut circuit = json!({"state": "open", "opened_at": "2026-01-02T03:05:05Z", "probe_at": "2026-01-02T03:07:00Z", "probes": 1});
        if let Some(probed_at) = probed_at {
            circuit["probed_at"] = json!(probed_at);
        }
        json!({"health": with(FAILING(), json!({"circuit": circuit, "failures": 1}))})
    };
    for (probed_at, now, words) in [
        (None, "2026-01-02T03:05:30Z", "one attempt has failed and none"),
        (None, "2026-01-02T03:05:30Z", "the next one is due in 1 min."),
        (None, "2026-01-02T03:08:30Z", "the next one is due 1 min ago."),
        (Some("2026-01-02T03:05:35Z"), "2026-01-02T03:05:40Z", "the next one is being sent."),
        // Nothing was heard of it.
        (Some("2026-01-02T03:05:35Z"), "2026-01-02T03:07:01Z", "the next one is due just now."),
    ] {
        let text = told(open(probed_at), true, now);
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_degraded_receiver_is_sent_everything() {
    let health = json!({"change": 1, "state": "degraded", "since": "2026-01-02T03:05:05Z", "failures": 0, "reason": "http_status"});
    let text = told(json!({"health": health}), true, "2026-01-02T03:05:15Z");
    assert_eq!(
        text,
        "The receiver takes only a part of its events.It has been like this since 2 Jan 03:05:05 UTC. The last reason: the \
         receiver answered with a status other than 2xx.Nothing is held back: what fails is retried on its schedule.If it is \
         sent too much at once, set a limit."
    );
    let ramping = json!({"circuit": {"state": "ramping", "closed_at": "2026-01-02T03:05:00Z", "probes": 1}});
    let text = told(json!({"health": with(health, ramping)}), false, "2026-01-02T03:05:15Z");
    assert!(text.ends_with("more and more at once: what fails is retried on its schedule."), "{text}");
}

#[test]
fn a_receiver_that_takes_events_again_is_told_for_a_while() {
    let health = json!({
        "change": 1, "state": "healthy", "since": "2026-01-02T03:05:00Z", "failures": 0, "last_success_at": "2026-01-02T03:05:00Z",
        "circuit": {"state": "ramping", "closed_at": "2026-01-02T03:05:00Z", "probes": 1},
    });
    let told = |can_manage, now| told(json!({"health": health}), can_manage, now);
    assert_eq!(
        told(true, "2026-01-02T03:05:59Z"),
        "The receiver takes events again, since 2 Jan 03:05:00 UTC.What has waited for it is sent by and by, more and more at \
         once: in a minute, nothing is held back any more.What failed meanwhile is not sent again by itself: replay what failed."
    );
    assert_eq!(
        told(false, "2026-01-02T03:06:00Z"),
        "The receiver takes events again, since 2 Jan 03:05:00 UTC.What failed meanwhile is not sent again by itself."
    );
    assert_eq!(told(true, "2026-01-02T04:05:00Z"), "");
}

#[test]
fn a_healthy_or_disabled_webhook_has_nothing_to_tell_but_why_it_was_disabled() {
    let now = "2026-01-02T03:05:15Z";
    assert_eq!(told(json!({}), true, now), "");
    assert_eq!(told(json!({"enabled": false, "health": FAILING()}), true, now), "");
    let gone = json!({"enabled": false, "disabled_reason": "the receiver answered 410 Gone"});
    assert!(
        told(gone, true, now)
            .starts_with("This webhook was disabled: the receiver answered 410 Gone. Repair")
    );
}

#[test]
fn events_were_missed_since_the_receiver_fails_or_else_since_the_webhook_was_disabled() {
    let disabled = webhook(json!({"enabled": false, "updated_at": "2026-01-03T00:00:00Z"}));
    assert_eq!(missed_since(&disabled), at("2026-01-03T00:00:00Z"));
    let failing =
        webhook(json!({"enabled": false, "updated_at": "2026-01-03T00:00:00Z", "health": FAILING()}));
    assert_eq!(missed_since(&failing), at("2026-01-02T03:04:05Z"));
    assert_eq!(
        recover_link(&failing, "skipped", missed_since(&failing)),
        "/console/webhooks/0190a000-0000-7000-8000-00000000000a/recover?status=skipped&since=2026-01-02T03%3A04%3A05.000Z"
    );
}
