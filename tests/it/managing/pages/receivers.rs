//! How the receiver of a webhook does, as its page tells it, and what is offered once it takes events again.

use std::time::Duration;

use hookstep_ambient::Sources;
use hookstep_contract::{Health, Scope, Timestamp};
use hookstep_store::Configs;
use serde_json::{Value, json};

use super::{Browser, location, revision, webhook_form};
use crate::world::{ORG, Receiver, Reply, World, until};

/// So many seconds before now.
fn ago(seconds: u64) -> Timestamp {
    Sources::system().now().minus(Duration::from_secs(seconds))
}

/// A receiver that has taken nothing for ten minutes, and is not probed for an hour.
pub(in crate::managing) fn failing() -> Value {
    json!({
        "change": 1, "state": "failing", "since": ago(540), "failing_since": ago(600), "failures": 12,
        "reason": "connection_refused",
        "circuit": {"state": "open", "opened_at": ago(540), "probe_at": ago(0).plus(Duration::from_secs(3600)), "probes": 4},
    })
}

/// A receiver that has taken a part of its events for ten minutes.
pub(in crate::managing) fn degraded() -> Value {
    json!({"change": 1, "state": "degraded", "since": ago(600), "failures": 0, "reason": "http_status"})
}

/// Writes how the receiver of a webhook does, which otherwise takes many attempts and some time to show.
pub(in crate::managing) async fn write_health(world: &World, id: &str, health: Option<Value>) {
    let configs = Configs::new(world.host.clients().tables.clone(), "configs");
    let (org_id, config_id) = (ORG.parse().unwrap(), id.parse().unwrap());
    let before = configs.latest(&org_id, config_id).await.unwrap().unwrap().health;
    let health: Option<Health> = health.map(|health| serde_json::from_value(health).unwrap());
    assert!(configs.change_health(&org_id, config_id, before.as_ref(), health.as_ref()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_of_a_webhook_says_how_its_receiver_does_and_keeps_saying_it() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let reader = Browser::signed_in(&world, &world.with_scopes(&[Scope::Read]).await).await;
    let page = format!("/console/webhooks/{id}");
    let ramping = json!({
        "change": 1, "state": "healthy", "since": ago(5), "failures": 0, "last_success_at": ago(5),
        "circuit": {"state": "ramping", "closed_at": ago(5), "probes": 2, "failed_since": "2026-01-02T03:04:05.678Z"},
    });
    for (health, badge, words, links) in [
        (None, "Healthy", vec![], vec![]),
        (
            Some(failing()),
            "Failing",
            vec!["takes no events", "12 attempts have failed", "refused the connection", "is due <time"],
            vec!["/edit\">edit the URL", "/test\">send a test event"],
        ),
        (
            Some(degraded()),
            "Degraded",
            vec!["only a part", "other than 2xx", "Nothing is held back"],
            vec!["/edit\">set a limit"],
        ),
        (
            Some(ramping),
            "Healthy",
            vec!["takes events again", "more and more at once"],
            vec!["/recover?status=failed&amp;since=2026-01-02T03%3A04%3A05.678Z\">replay what failed"],
        ),
    ] {
        write_health(&world, &id, health).await;
        for path in [page.clone(), format!("{page}/receiver")] {
            let (shown, read) = (browser.page(&path).await, reader.page(&path).await);
            for part in ["#health", "#receiver"] {
                let live =
                    format!("id=\"{}\" data-live=\"{page}/receiver\" data-part=\"{part}\"", &part[1..]);
                assert!(shown.contains(&live), "{live}: {shown}");
            }
            assert!(shown.contains(&format!(">{badge}</span></span>")), "{badge}: {shown}");
            assert_eq!(shown.contains("<div class=\"alert"), !words.is_empty(), "{shown}");
            assert!(
                words.iter().all(|part| shown.contains(part) && read.contains(part)),
                "{words:?}: {shown}"
            );
            assert!(
                links.iter().all(|link| shown.contains(link) && !read.contains(link)),
                "{links:?}: {shown}"
            );
        }
    }
    let stranger = Browser::signed_in(&world, &world.admin_of("other").await).await;
    assert_eq!(stranger.get(&format!("{page}/receiver")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_wait_for_a_receiver_until_a_test_shows_that_it_takes_them() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let page = format!("/console/webhooks/{id}");
    let none = browser.page(&page).await;
    assert!(
        none.contains(&format!("id=\"lane\" data-live=\"{page}/lane\"")) && !none.contains("wait for"),
        "{none}"
    );
    write_health(&world, &id, Some(failing())).await;
    let events = [world.api.trigger(&id, "{}").await, world.api.trigger(&id, "{}").await];
    let waiting = async || world.api.get(&format!("/webhook/{id}")).await.json()["lane"]["waiting"] == 2;
    until("the events wait for the receiver", waiting).await;
    for path in [page.clone(), format!("{page}/lane")] {
        let shown = browser.page(&path).await;
        assert!(shown.contains("2 events wait for the receiver, the first of them since "), "{shown}");
        assert!(!shown.contains("it takes about"), "nobody knows how long: {shown}");
    }
    let shown = browser.page(&format!("{page}/events/{}", events[0])).await;
    assert!(shown.contains("It waits for the receiver, which takes no events now"), "{shown}");
    assert_eq!(receiver.calls(), 0);

    browser.post(&format!("{page}/test"), &[("body", "{}"), ("content_type", "application/json")]).await;
    let is_told = async || browser.page(&format!("{page}/receiver")).await.contains("takes events again");
    until("the page says that the receiver takes events again", is_told).await;
    for event in &events {
        assert_eq!(world.api.ended(&id, event).await["status"], "succeeded");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_enables_a_webhook_is_offered_what_it_missed() {
    let replies = [Reply::status(404), Reply::status(200)];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": []}})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let (page, enabled) = (format!("/console/webhooks/{id}"), format!("/console/webhooks/{id}/enabled"));
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "failed");
    write_health(&world, &id, Some(failing())).await;
    let since = failing_since(&world, &id).await;
    let disabled = browser.post(&enabled, &[("enabled", "false")]).await;
    assert_eq!(location(&disabled), format!("{page}?done=disabled"));
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "skipped");

    let answer = browser.post(&enabled, &[("enabled", "true")]).await;
    let shown = browser.page(location(&answer)).await;
    assert!(shown.contains("The webhook is enabled") && shown.contains(">Healthy<"), "{shown}");
    for (status, words) in [("failed", "what failed"), ("skipped", "what was skipped")] {
        let link = format!("{page}/recover?status={status}&amp;since={}", since.replace(':', "%3A"));
        assert!(shown.contains(&format!("href=\"{link}\">{words}")), "{link}: {shown}");
        let asked = browser.page(&link.replace("&amp;", "&")).await;
        for part in [
            ">since ",
            "<strong>One event</strong> will be sent",
            &format!("name=\"since\" value=\"{since}\""),
        ] {
            assert!(asked.contains(part), "{part}: {asked}");
        }
        let started =
            browser.post(&format!("{page}/recover"), &[("status", status), ("since", &since)]).await;
        assert!(location(&started).starts_with(&format!("{page}/replays/")), "{started:?}");
    }
    until("both are delivered", async || receiver.calls() == 3).await;
    // It missed nothing that is enabled already.
    assert_eq!(
        location(&browser.post(&enabled, &[("enabled", "true")]).await),
        format!("{page}?done=enabled")
    );
    let reader = Browser::signed_in(&world, &world.with_scopes(&[Scope::Read]).await).await;
    assert!(!reader.page(location(&answer)).await.contains("/recover"));
}

/// Since when nothing was taken, as the API tells it.
async fn failing_since(world: &World, id: &str) -> String {
    let webhook = world.api.get(&format!("/webhook/{id}")).await.json();
    assert_eq!((&webhook["health"], &webhook["receiver"]["circuit"]), (&json!("failing"), &json!("open")));
    webhook["receiver"]["failing_since"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_may_be_enabled_in_its_form_as_well() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({"enabled": false})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let (page, edit) = (format!("/console/webhooks/{id}"), format!("/console/webhooks/{id}/edit"));
    let disabled_at =
        world.api.get(&format!("/webhook/{id}")).await.json()["updated_at"].as_str().unwrap().to_owned();
    for expected in
        [format!("{page}?done=saved&since={}", disabled_at.replace(':', "%3A")), format!("{page}?done=saved")]
    {
        let form = browser.page(&edit).await;
        let mut fields = webhook_form("n", "https://example.com/");
        fields.push(("revision", revision(&form)));
        let saved = browser.post(&edit, &fields).await;
        assert_eq!(location(&saved), expected);
        let shown = browser.page(location(&saved)).await;
        assert!(shown.contains("The changes are saved."), "{shown}");
        assert_eq!(shown.contains(">what was skipped<"), expected.contains("since="), "{shown}");
    }
}
