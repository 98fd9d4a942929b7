//! The limits of a webhook in its form and on its page, and the events that wait for them.

use serde_json::json;

use super::{Browser, location, revision, text, webhook_form};
use crate::world::{Receiver, World, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_set_changed_and_cleared_by_the_form() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let (page, edit) = (format!("/console/webhooks/{id}"), format!("/console/webhooks/{id}/edit"));
    let none = browser.page(&page).await;
    assert!(!none.contains("<dt>Limits</dt>") && !none.contains("wait for"), "{none}");
    for (fields, stored, told) in [
        (
            [("max_in_flight", "8"), ("rate_events", ""), ("rate_per", "minute"), ("rate_burst", "5")],
            json!([8, null]),
            vec!["8 attempts at once"],
        ),
        (
            [("max_in_flight", ""), ("rate_events", "90"), ("rate_per", "minute"), ("rate_burst", "5")],
            json!([null, {"events": 90, "per": "minute", "burst": 5}]),
            vec!["90 attempts a minute, up to 5 at once after a pause"],
        ),
        (
            [("max_in_flight", " 1 "), ("rate_events", "7"), ("rate_per", "second"), ("rate_burst", "")],
            json!([1, {"events": 7, "per": "second", "burst": 1}]),
            vec!["One attempt at once", "7 attempts a second"],
        ),
        (
            [("max_in_flight", ""), ("rate_events", ""), ("rate_per", "second"), ("rate_burst", "")],
            json!([null, null]),
            vec![],
        ),
    ] {
        let shown = browser.page(&edit).await;
        let revision = revision(&shown).to_owned();
        let mut form = webhook_form("limited", "https://example.com/");
        form.extend(fields);
        form.push(("revision", &revision));
        let saved = browser.post(&edit, &form).await;
        assert_eq!(location(&saved), format!("{page}?done=saved"), "{saved:?}");
        let webhook = world.api.get(&format!("/webhook/{id}")).await.json();
        assert_eq!(json!([webhook["max_in_flight"], webhook["rate_limit"]]), stored, "{fields:?}");
        let shown = browser.page(&page).await;
        assert_eq!(shown.contains("<dt>Limits</dt>"), !told.is_empty(), "{shown}");
        assert!(told.iter().all(|words| shown.contains(words)), "{told:?}: {shown}");
        // The form shows what was saved, so that saving it again changes nothing.
        let shown = browser.page(&edit).await;
        let control = fields[0].1.trim();
        assert!(
            shown.contains(&format!("name=\"max_in_flight\" type=\"number\" value=\"{control}\"")),
            "{shown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_that_follow_the_receiver_are_chosen_in_the_form_and_shown() {
    let world = World::start().await;
    let id = world.api.create_webhook("https://example.com/", json!({"max_in_flight": 5})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let (page, edit) = (format!("/console/webhooks/{id}"), format!("/console/webhooks/{id}/edit"));
    let control = "<input type=\"checkbox\" name=\"learns\"";
    for (choice, stored) in [(Some(("learns", "on")), json!("auto")), (None, json!(null))] {
        let shown = browser.page(&edit).await;
        let is_chosen = |shown: &str| shown.contains(&format!("{control} checked>"));
        assert!(shown.contains(control) && is_chosen(&shown) != choice.is_some(), "{shown}");
        let revision = revision(&shown).to_owned();
        let mut form = webhook_form("limited", "https://example.com/");
        form.extend(choice);
        form.push(("revision", &revision));
        let saved = browser.post(&edit, &form).await;
        assert_eq!(location(&saved), format!("{page}?done=saved"), "{saved:?}");
        assert_eq!(world.api.get(&format!("/webhook/{id}")).await.json()["max_in_flight"], stored);
        let shown = browser.page(&page).await;
        for words in [
            "As much as the receiver takes, learned from its answers",
            "The receiver takes about 5 attempts a second, as far as is known, and gets at most 12 attempts at once.",
        ] {
            assert_eq!(shown.contains(words), choice.is_some(), "{words}: {shown}");
        }
        assert_eq!(is_chosen(&browser.page(&edit).await), choice.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_limit_is_told_at_its_field() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let rate = |events, burst| vec![("rate_events", events), ("rate_per", "second"), ("rate_burst", burst)];
    for (fields, wrong) in [
        (vec![("max_in_flight", "0")], vec!["max_in_flight"]),
        (vec![("max_in_flight", "many")], vec!["max_in_flight"]),
        (rate("0", ""), vec!["rate_limit-events"]),
        (rate("10001", "10001"), vec!["rate_limit-events", "rate_limit-burst"]),
        (rate("some", "none"), vec!["rate_limit-events", "rate_limit-burst"]),
        (vec![("rate_events", "5"), ("rate_per", "hour")], vec!["rate_limit-per"]),
        (
            [vec![("max_in_flight", "1001"), ("timeout_seconds", "121")], rate("5", "0")].concat(),
            vec!["max_in_flight", "rate_limit-burst", "timeout_seconds"],
        ),
    ] {
        let mut form = webhook_form("limited", "https://example.com/");
        form.retain(|(name, _)| fields.iter().all(|(field, _)| field != name));
        form.extend(&fields);
        let answer = browser.post("/console/webhooks/new", &form).await;
        let page = text(&answer);
        assert_eq!(answer.status, 422, "{fields:?}: {page}");
        for field in &wrong {
            assert!(page.contains(&format!("id=\"{field}-wrong\"")), "{field} in {fields:?}: {page}");
            assert!(page.contains(&format!("href=\"#{field}\"")), "{field} in {fields:?}: {page}");
        }
        assert_eq!(page.matches("<p class=\"wrong\"").count(), wrong.len(), "{fields:?}: {page}");
        let limits = page.split("Limits: how much").next().unwrap_or_default();
        assert!(wrong == ["timeout_seconds"] || limits.ends_with("open><summary>"), "{fields:?}: {page}");
    }
    assert_eq!(world.api.get("/webhook").await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_shown_on_the_page_of_the_webhook_and_cancelled_on_that_of_the_event() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let fields = json!({"rate_limit": {"events": 1, "per": "minute"}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let page = format!("/console/webhooks/{id}");
    world.api.deliver(&id, "{}").await;
    let shown = browser.page(&page).await;
    assert!(shown.contains("id=\"lane\"") && !shown.contains("wait for their turn"), "{shown}");
    let mut events = Vec::new();
    for _ in 0..3 {
        events.push(world.api.trigger(&id, "{}").await);
    }
    let waiting = async || world.api.get(&format!("/webhook/{id}")).await.json()["lane"]["waiting"] == 3;
    until("the events wait in the lane", waiting).await;
    for path in [page.clone(), format!("{page}/lane")] {
        let shown = browser.page(&path).await;
        let begin = "3 events wait for their turn, the first of them since ";
        assert!(shown.contains(begin) && shown.contains("it takes about 3 min."), "{shown}");
    }
    let event = format!("{page}/events/{}", events[2]);
    let shown = browser.page(&event).await;
    for part in ["Waiting</span>", "It waits for its turn", "Cancel the event", "data-live"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let cancelled = browser.post(&format!("{event}/cancel"), &[]).await;
    assert_eq!(location(&cancelled), event);
    let shown = browser.page(&event).await;
    assert!(shown.contains("Failed</span>") && !shown.contains("It waits for its turn"), "{shown}");
    assert_eq!(receiver.calls(), 1);
    let stranger = Browser::signed_in(&world, &world.admin_of("other").await).await;
    assert_eq!(stranger.get(&format!("{page}/lane")).await.status, 404);
}
