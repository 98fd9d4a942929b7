//! Settings, test sends and resources created through forms.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use serde_json::json;

use super::{Browser, location, revision, set_cookie, text, webhook_form};
use crate::world::{Api, Receiver, Reply, World};

/// The webhook id in a page's path.
async fn only_webhook(api: &Api) -> String {
    let list = api.get("/webhook").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    list["data"][0]["config_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_created_and_edited_by_forms_and_its_secrets_are_kept() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let browser = Browser::signed_in(&world, &world.api).await;
    let mut form = webhook_form("Orders", &receiver.url);
    form.retain(|(name, _)| *name != "auth");
    form.extend([("auth", "basic"), ("username", "erp"), ("password", "open sesame")]);
    form.extend([
        ("header_name", "X-Team"),
        ("header_value", "blue"),
        ("header_name", ""),
        ("header_value", ""),
    ]);
    form.extend([("retry", "custom"), ("schedule", "5 s, 2 min")]);
    let created = browser.post("/console/webhooks/new", &form).await;
    assert!(!text(&created).contains("whsec_"));
    let id = only_webhook(&world.api).await;
    // Loading the page again makes no other webhook. Its address alone shows no secret.
    for _ in 0..3 {
        let page = browser.next_page(&created).await;
        assert_eq!(page.matches("<code class=\"copyable\">whsec_").count(), 1);
    }
    assert_eq!(only_webhook(&world.api).await, id);
    let page = browser.page(location(&created)).await;
    assert!(page.contains("not shown any more") && !page.contains(">whsec_"), "{page}");
    let once = format!("Path=/console/webhooks/{id}/secret; Max-Age=600; HttpOnly; SameSite=Strict");
    assert!(set_cookie(&created).ends_with(&once), "{created:?}");
    let stored = browser.post(&format!("/console/webhooks/{id}/secret"), &[]).await;
    assert!(set_cookie(&stored).starts_with("hookstep-once=; ") && set_cookie(&stored).contains("Max-Age=0"));
    assert_eq!(location(&stored), format!("/console/webhooks/{id}"));
    world.api.deliver(&id, "{}").await;
    let basic = "Basic ZXJwOm9wZW4gc2VzYW1l";
    assert_eq!(receiver.only().header("authorization"), Some(basic));
    assert_eq!(receiver.only().header("x-team"), Some("blue"));

    let edit = format!("/console/webhooks/{id}/edit");
    let page = browser.page(&edit).await;
    assert!(
        page.contains("kept — type to replace")
            && page.contains("value=\"erp\"")
            && page.contains("5 s, 2 min")
    );
    let revision = revision(&page).to_owned();
    form.retain(|(name, _)| *name != "password" && *name != "name");
    form.extend([("name", "Renamed"), ("password", ""), ("revision", &revision)]);
    let saved = browser.post(&edit, &form).await;
    assert_eq!(location(&saved), format!("/console/webhooks/{id}?done=saved"), "{saved:?}");
    assert!(browser.page(location(&saved)).await.contains("The changes are saved."));
    world.api.deliver(&id, "{}").await;
    assert_eq!(receiver.seen()[1].header("authorization"), Some(basic));
    let config = world.api.get(&format!("/webhook/{id}")).await.json();
    assert_eq!(
        (&config["name"], &config["retry"]["schedule_seconds"]),
        (&json!("Renamed"), &json!([5, 120]))
    );
    assert_eq!(config["headers"], json!({"X-Team": "blue"}));

    // The same form again conflicts with the newer revision. It comes back as it was sent, and can be saved again.
    form.retain(|(name, _)| *name != "url");
    form.push(("url", "https://example.com/mine"));
    let conflict = browser.post(&edit, &form).await;
    let page = text(&conflict);
    assert_eq!(conflict.status, 409, "{page}");
    assert!(page.contains("value=\"https://example.com/mine\"") && page.contains("start anew"), "{page}");
    assert!(page.contains(&format!("URL: <code class=\"break\">{}", receiver.url)), "{page}");
    let revision = super::revision(&page).to_owned();
    form.retain(|(name, _)| *name != "revision");
    form.push(("revision", &revision));
    assert_eq!(location(&browser.post(&edit, &form).await), format!("/console/webhooks/{id}?done=saved"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_field_is_told_where_it_is_and_nothing_is_saved() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let cases: [(&str, &str, &str); 7] = [
        ("name", "", "name-wrong"),
        ("url", "ftp://example.com/", "url-wrong"),
        ("timeout_seconds", "soon", "timeout_seconds-wrong"),
        ("timeout_seconds", "841", "timeout_seconds-wrong"),
        ("method", "GET", "method-wrong"),
        ("auth", "basic", "auth-username-wrong"),
        ("auth", "connection", "auth-connection_arn-wrong"),
    ];
    for (field, value, wrong) in cases {
        let mut form = webhook_form("kept text", "https://example.com/");
        form.retain(|(name, _)| *name != field);
        form.extend([(field, value), ("password", "swordfish")]);
        let answer = browser.post("/console/webhooks/new", &form).await;
        assert_eq!(answer.status, 422, "{field}={value}: {answer:?}");
        let page = text(&answer);
        assert!(page.contains(&format!("id=\"{wrong}\"")), "{field}={value}: {page}");
        assert!(field == "name" || page.contains("value=\"kept text\""), "{field}={value}");
        assert!(!page.contains("swordfish"), "{field}={value}");
    }
    assert_eq!(world.api.get("/webhook").await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_wrong_fields_are_told_at_once_and_sections_stay_open() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let form = [
        ("name", ""),
        ("url", "ftp://example.com/"),
        ("method", "GET"),
        ("timeout_seconds", "soon"),
        ("enabled", "on"),
        ("header_name", "X A"),
        ("header_value", "1"),
        ("event_header_name", "X-B"),
        ("event_header_value", "{{event.kind}}"),
        ("auth", "basic"),
        ("username", ""),
        ("password", "swordfish"),
        ("retry", "custom"),
        ("schedule", "whenever"),
        ("event_types", "a*b\r\nfine\r\n*c"),
        ("filter", "jsonata"),
        ("filter_jsonata", "a ="),
        ("private_key", "not a key"),
        ("shards", "many"),
        ("max_in_flight", "many"),
        ("ordering", "key"),
        ("ordering_key", ""),
        ("cloud_events", "structured"),
        ("cloud_events_source", "a b"),
        ("signature", "hmac"),
        ("signature_header", "webhook-signature"),
    ];
    let answer = browser.post("/console/webhooks/new", &form).await;
    let page = text(&answer);
    assert_eq!(answer.status, 422, "{page}");
    for wrong in [
        "name",
        "shards",
        "max_in_flight",
        "url",
        "method",
        "timeout_seconds",
        "headers",
        "event_headers",
        "auth-username",
        "retry-schedule_seconds",
        "event_types",
        "filter-jsonata",
        "ordering-key",
        "extra_signature-header",
        "cloud_events-source",
    ] {
        assert!(page.contains(&format!("id=\"{wrong}-wrong\"")), "{wrong}: {page}");
    }
    assert!(
        page.contains("id=\"tls-")
            && page.matches("<details class=\"card").count() == page.matches(" open><summary>").count()
    );
    // Secrets do not come back, and their fields say so.
    assert!(!page.contains("swordfish") && !page.contains("not a key"), "{page}");
    assert_eq!(page.matches("Type it again").count(), 2, "{page}");
    assert_eq!(world.api.get("/webhook").await.json()["data"], json!([]));

    let answer = browser.post("/console/tokens", &[("name", ""), ("days", "30")]).await;
    let page = text(&answer);
    assert!(page.contains("name-wrong") && page.contains("scopes-wrong"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_outlives_the_session() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let (stranger, browser) = (Browser::new(&world), Browser::signed_in(&world, &world.api).await);
    let edit = format!("/console/webhooks/{id}/edit");
    for path in ["/console/webhooks/new", &edit] {
        let mut form = webhook_form("typed for an hour", &receiver.url);
        form.extend([("password", "swordfish"), ("parameter_in", "body"), ("parameter_name", "scope")]);
        form.push(("parameter_value", "hidden-scope"));
        let answer = stranger.post(path, &form).await;
        let page = text(&answer);
        assert_eq!(answer.status, 401, "{page}");
        assert!(page.contains("value=\"typed for an hour\"") && page.contains("/console/sign-in"), "{page}");
        assert!(!page.contains("swordfish") && !page.contains("hidden-scope"), "{page}");
        // Signed in again, the form is there, and nothing was saved.
        form.retain(|(name, _)| *name != "password");
        form.push(("continue", "1"));
        let page = text(&browser.post(path, &form).await);
        assert!(page.contains("value=\"typed for an hour\"") && page.contains("signed in again"), "{page}");
    }
    assert_ne!(world.api.get(&format!("/webhook/{id}")).await.json()["name"], "typed for an hour");
    only_webhook(&world.api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_switched_rotated_and_deleted_by_its_page() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world
        .api
        .create_webhook(&receiver.url, json!({"auth": {"type": "basic", "username": "u", "password": "p"}}))
        .await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let base = format!("/console/webhooks/{id}");
    let answer = browser.post(&format!("{base}/enabled"), &[("enabled", "false")]).await;
    assert!(browser.page(location(&answer)).await.contains("recorded as skipped"));
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "skipped");
    browser.post(&format!("{base}/enabled"), &[("enabled", "true")]).await;
    assert_eq!(world.api.deliver(&id, "{}").await["status"], "succeeded");
    assert!(receiver.only().header("authorization").is_some());

    let tested = browser.post(&format!("{base}/test-auth"), &[]).await;
    assert!(tested.status == 200 && text(&tested).contains("Works"), "{tested:?}");

    let ask = browser.page(&format!("{base}/rotate-secret")).await;
    let form = [("revision", revision(&ask)), ("overlap_hours", "24")];
    let rotated = browser.post(&format!("{base}/rotate-secret"), &form).await;
    let page = browser.next_page(&rotated).await;
    assert!(page.contains(">whsec_") && page.contains("also signs until"), "{page}");
    // Submitted again by going back or reloading.
    assert_eq!(browser.post(&format!("{base}/rotate-secret"), &form).await.status, 409);
    assert!(!browser.page(&base).await.contains(">whsec_M"));

    assert!(browser.page(&format!("{base}/delete")).await.contains("cannot be undone"));
    let deleted = browser.post(&format!("{base}/delete"), &[]).await;
    assert!(browser.page(location(&deleted)).await.contains("The webhook is deleted."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_is_sent_and_answered_on_the_same_page() {
    let replies = [Reply::status(200).body("{\"thanks\":1.50}"), Reply::status(422).body("no such order")];
    let (world, receiver) = (World::start().await, Receiver::answering(replies).await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let path = format!("/console/webhooks/{id}/test");
    assert!(browser.page(&path).await.contains("Hello from Hookstep"));
    let body = "\n{\"order\": 12.50}\r\n";
    let sent = browser.post(&path, &[("body", body), ("content_type", "application/json")]).await;
    let page = text(&sent);
    assert!(sent.status == 200 && page.contains("Succeeded") && page.contains("1.50"), "{page}");
    // Browsers submit line breaks as CRLF; they are stored as LF.
    assert_eq!(receiver.only().body, b"\n{\"order\": 12.50}\n");
    let refused = browser.post(&path, &[("body", "{}"), ("content_type", "text/plain")]).await;
    let page = text(&refused);
    assert!(page.contains("does not accept the body") && page.contains("no such order"), "{page}");
    let wrong = browser.post(&path, &[("body", "{}"), ("content_type", "a\nb")]).await;
    assert!(wrong.status == 422 && text(&wrong).contains("content_type-wrong"), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_made_shown_once_and_revoked() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let wrong = browser.post("/console/tokens", &[("name", "shop"), ("days", "30")]).await;
    assert!(wrong.status == 422 && text(&wrong).contains("scopes-wrong"), "{wrong:?}");
    let form = [("name", "shop"), ("scope", "read"), ("scope", "trigger"), ("days", "30")];
    let made = browser.post("/console/tokens", &form).await;
    let page = browser.next_page(&made).await;
    assert_eq!(page, browser.next_page(&made).await);
    let tokens = world.api.get("/tokens").await.json();
    assert_eq!(tokens["data"].as_array().unwrap().iter().filter(|token| token["name"] == "shop").count(), 1);
    assert!(browser.page(location(&made)).await.contains("not shown any more"));
    let token = page.split("data-copy=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let shop = Api { token: token.clone(), ..world.api.clone() };
    assert_eq!(shop.get("/webhook").await.status, 200);

    let list = browser.page("/console/tokens").await;
    assert!(list.contains("shop") && !list.contains(&token), "{list}");
    // Enough of it to recognise it, and whether it is in use.
    assert!(list.contains(&token[..17]) && list.contains("Within the last hour"), "{list}");
    assert!(!Browser::signed_in(&world, &shop).await.page("/console/tokens").await.contains("shop"));
    let token_id = world.api.get("/tokens").await.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|token| token["name"] == "shop")
        .unwrap()["token_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let revoke = format!("/console/tokens/{token_id}/revoke");
    assert!(browser.page(&revoke).await.contains("Revoke the token “<bdi>shop</bdi>”?"));
    let revoked = browser.post(&revoke, &[]).await;
    assert!(browser.page(location(&revoked)).await.contains("The token is revoked."));
    shop.get("/webhook").await.problem(401);
    assert_eq!(browser.post(&revoke, &[]).await.status, 404);
}
