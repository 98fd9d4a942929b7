//! The page “Notifications”: mail addresses, and the webhook for Slack that it offers.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::iter::repeat_n;
use std::time::Duration;

use hookstep_contract::{HealthRules, Scope};
use serde_json::{Value, json};

use super::{Browser, location, text, webhook_form};
use crate::aws::cases::put_events;
use crate::world::process::workspace;
use crate::world::{ORG, Receiver, Reply, World, mailbox, until};

const PAGE: &str = "/console/notifications";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_set_by_the_form_and_seen_by_readers() {
    let world = World::with_options(|options| options.mailer = mailbox::mailer("smtp://127.0.0.1:9")).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let saved = browser.post(PAGE, &[("emails", " ops@example.com\r\n\r\ndev@example.com ")]).await;
    assert_eq!((saved.status, location(&saved)), (303, "/console/notifications?done=saved"), "{saved:?}");
    let page = browser.page(location(&saved)).await;
    assert!(
        page.contains("Saved.") && page.contains(">ops@example.com\ndev@example.com</textarea>"),
        "{page}"
    );
    let refused = browser.post(PAGE, &[("emails", "ops@example.com\nnobody")]).await;
    assert_eq!(refused.status, 422);
    let page = text(&refused);
    for part in
        ["E-mail addresses</a>: <span>must be an e-mail address", ">ops@example.com\nnobody</textarea>"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let stored = world.api.get("/notifications").await.json();
    assert_eq!(stored["emails"], json!(["ops@example.com", "dev@example.com"]));
    let reader = Browser::signed_in(&world, &world.with_scopes(&[Scope::Read]).await).await;
    let page = reader.page(PAGE).await;
    assert!(page.contains("<li>dev@example.com</li>") && !page.contains("textarea"), "{page}");
    assert_eq!(reader.post(PAGE, &[("emails", "")]).await.status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_without_mails_says_so_and_offers_the_webhook_all_the_same() {
    let world = World::start().await;
    let page = Browser::signed_in(&world, &world.api).await.page(PAGE).await;
    assert!(page.contains("This deployment sends no mails.") && !page.contains("textarea"), "{page}");
    assert!(page.contains("/console/webhooks/new?for=slack"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_webhook_that_the_page_offers_tells_slack_about_each_change() {
    let world = World::with_options(|options| {
        options.health_rules = HealthRules {
            failing_for: Duration::ZERO,
            look_every: Duration::ZERO,
            first_probe_after: Duration::from_millis(300),
            ..HealthRules::default()
        };
    })
    .await;
    let (slack, browser) = (Receiver::ok().await, Browser::signed_in(&world, &world.api).await);
    let page = browser.page("/console/webhooks/new?for=slack").await;
    let (types, transform) = (area(&page, "event_types"), area(&page, "transform"));
    // The same is in the guide, for those who make the webhook by the API.
    let guide = std::fs::read_to_string(workspace().join("docs/api.md")).unwrap();
    assert!(guide.contains(&transform), "{transform}");
    let mut form = webhook_form("Slack", &slack.url);
    form.extend([("event_types", types.as_str()), ("transform", transform.as_str())]);
    assert_eq!(browser.post("/console/webhooks/new", &form).await.status, 303);

    let refused = repeat_n(Reply::status(503), 10);
    let receiver = Receiver::answering(refused.chain([Reply::status(200), Reply::status(410)])).await;
    let fields = json!({"name": "orders <&> more", "retry": {"schedule_seconds": [60]}});
    let id = world.api.create_webhook(&receiver.url, fields).await;
    for number in 0..10 {
        world.api.trigger(&id, number.to_string()).await;
    }
    until("the receiver is failing", async || slack.calls() == 2).await;
    world.api.deliver(&id, "the probe").await;
    world.api.deliver(&id, "the end").await;
    until("Slack is told everything", async || slack.calls() == 4).await;
    let told: Vec<Value> =
        slack.seen().iter().map(|seen| serde_json::from_slice(&seen.body).unwrap()).collect();
    let link = format!("<{}/console/webhooks/{id}|Look at it>", world.api.base);
    let why = "the receiver answered with a status other than 2xx";
    let name = "orders &lt;&amp;&gt; more";
    for text in [
        format!("Webhook *{name}* is degraded: {why}. {link}"),
        format!("Webhook *{name}* is failing: {why}. {link}"),
        format!("Webhook *{name}* was disabled: the receiver answered 410 Gone. {link}"),
    ] {
        assert!(told.contains(&json!({"text": text})), "{text}: {told:?}");
    }
    let recovered = format!("Webhook *{name}* has recovered");
    let is_recovered = |message: &&Value| message["text"].as_str().unwrap().starts_with(&recovered);
    assert_eq!(told.iter().filter(is_recovered).count(), 1, "{told:?}");
    let webhook =
        json!({"name": "orders", "health": "healthy", "certificate_expires_at": "2026-02-03T00:00:00Z"});
    let detail =
        json!({"org_id": ORG, "config_id": id, "reason": {"code": "dns", "detail": "-"}, "webhook": webhook});
    let events = &world.host.clients().events;
    put_events(events, "hookstep", "Webhook Certificate Expiring", &detail.to_string()).await;
    until("Slack is told about the certificate", async || slack.calls() == 5).await;
    let expires = "Webhook *orders* has a client certificate that expires at 2026-02-03T00:00:00Z.";
    let last: Value = serde_json::from_slice(&slack.seen()[4].body).unwrap();
    assert_eq!(last, json!({"text": expires}));
}

/// What stands in a field of several lines.
fn area(page: &str, name: &str) -> String {
    let field = page.split("<textarea").find(|part| part.contains(&format!("name=\"{name}\""))).unwrap();
    let text = field.split_once('>').unwrap().1.split("</textarea>").next().unwrap();
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
