//! Filters and transforms on pages: the form, its trial run, and what event pages show.

use hookstep_contract::Scope;
use serde_json::{Value, json};

use super::{Browser, MAX_BYTES, header, loaded, location, revision, text, webhook_form};
use crate::world::{Answer, Receiver, World};

/// The fields of a form.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// The fields of one condition.
fn condition<'a>(
    field: &'a str,
    operator: &'a str,
    kind: &'a str,
    values: &'a str,
) -> [(&'a str, &'a str); 4] {
    [
        ("condition_field", field),
        ("condition_operator", operator),
        ("condition_type", kind),
        ("condition_values", values),
    ]
}

/// A form with two conditions and a transform.
fn filtered_and_transformed(url: &str) -> Vec<(&str, &str)> {
    let mut form = webhook_form("Orders", url);
    form.extend([("filter", "conditions"), ("logical_operator", "OR")]);
    form.extend(condition("status", "any_of", "string", "paid, or so\r\nsent"));
    form.extend(condition("total", "greater_than", "number", "100"));
    form.extend(condition("", "equals", "string", ""));
    form.extend([("transform", "{\"id\":\r\n  order}"), ("transform_type", "")]);
    form
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_and_a_transform_are_set_by_the_form_and_told_in_words() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let mut form = filtered_and_transformed("https://example.com/");
    let created = browser.post("/console/webhooks/new", &form).await;
    assert_eq!(created.status, 303, "{created:?}");
    let config = world.api.get("/webhook").await.json()["data"][0].clone();
    let conditions = json!([
        {"field": "status", "operator": "any_of", "values": ["paid, or so", "sent"], "type": "string"},
        {"field": "total", "operator": "greater_than", "values": ["100"], "type": "number"},
    ]);
    assert_eq!(config["filter"], json!({"logical_operator": "OR", "conditions": conditions}));
    assert_eq!(config["transform"], json!({"jsonata": "{\"id\":\n  order}"}));

    let base = format!("/console/webhooks/{}", config["config_id"].as_str().unwrap());
    let page = browser.page(&base).await;
    for part in ["one of these holds", "is one of", "paid, or so", "is more than", "The body is transformed"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let edit = browser.page(&format!("{base}/edit")).await;
    let seen =
        ["value=\"any_of\" selected", ">paid, or so\nsent<", "value=\"OR\" selected", "payload-rules\" open"];
    for part in seen {
        assert!(edit.contains(part), "{part}: {edit}");
    }
    // A different kind of filter and no transform: the input typed for the first kind is ignored.
    form.retain(|(name, _)| !["filter", "transform"].contains(name));
    form.extend([("filter", "jsonata"), ("filter_jsonata", "total > 100"), ("revision", revision(&edit))]);
    let saved = browser.post(&format!("{base}/edit"), &form).await;
    let page = browser.page(location(&saved)).await;
    assert!(page.contains("total &gt; 100") && !page.contains("transformed"), "{page}");
    let config = world.api.get(&base.replace("/console/webhooks", "/webhook")).await.json();
    assert_eq!(
        (&config["filter"]["jsonata"], &config["transform"]),
        (&json!("total > 100"), &Value::Null),
        "{config}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_filter_or_transform_is_told_where_it_is() {
    let world = World::start().await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let wrong_value = condition("total", "greater_than", "number", "much");
    let none_for_it = condition("total", "is_empty", "string", "much");
    let two_for_one = condition("total", "equals", "string", "1\r\n2");
    let cases: [(Fields, &str, &str); 8] = [
        (&[("filter", "jsonata"), ("filter_jsonata", "a =")], "filter-jsonata", "t character 3"),
        (&[("filter", "jsonata")], "filter-jsonata", "must be 1 to"),
        (&[("filter", "conditions")], "filter", "needs conditions"),
        (&wrong_value, "filter-conditions-1", "must be a number"),
        (&none_for_it, "filter-conditions-1", "takes none"),
        (&two_for_one, "filter-conditions-1", "takes one"),
        (&[("transform", "{\"a\": }")], "transform-jsonata", "t character 7"),
        (&[("transform", "1"), ("transform_type", "ä")], "transform-content_type", "printable ASCII"),
    ];
    for (fields, place, words) in cases {
        let mut form = webhook_form("kept text", "https://example.com/");
        if fields[0].0 == "condition_field" {
            form.push(("filter", "conditions"));
            form.extend(condition("status", "equals", "string", "paid"));
        }
        form.extend(fields);
        let answer = browser.post("/console/webhooks/new", &form).await;
        assert_eq!(answer.status, 422, "{fields:?}: {answer:?}");
        let page = text(&answer);
        let wrong = page.split(&format!("id=\"{place}-wrong\">")).nth(1).unwrap_or_default();
        let wrong = wrong.split('<').next().unwrap();
        assert!(wrong.to_lowercase().contains(&words.to_lowercase()), "{fields:?}: {page}");
        // In a collapsed section, nobody would see the error.
        assert!(page.contains("payload-rules\" open"), "{fields:?}");
    }
    assert_eq!(world.api.get("/webhook").await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_tried_on_a_sample_and_nothing_is_saved_or_sent() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let browser = Browser::signed_in(&world, &world.api).await;
    let tried = async |more: &[(&str, &str)]| {
        let mut form = filtered_and_transformed(&receiver.url);
        form.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
        form.extend(more);
        let answer = browser.post("/console/preview", &form).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        text(&answer)
    };
    let page = tried(&[("sample", "{\"status\": \"sent\", \"order\": 1042}")]).await;
    // The response contains the whole form and the body that would be sent.
    for part in ["Create webhook", "action=\"/console/webhooks/new\"", ">paid, or so\nsent<", "Would be sent"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    for part in [receiver.url.as_str(), "1042</span>", "content-length", "v1,***"] {
        assert!(page.split("id=\"tried\"").nth(1).unwrap().contains(part), "{part}: {page}");
    }
    let alone = tried(&[("sample", "{\"status\": \"open\"}"), ("fragment", "1")]).await;
    assert!(alone.contains("Would be skipped") && alone.contains("None of the filter"), "{alone}");
    assert!(!alone.contains("<html"), "{alone}");
    let fault =
        tried(&[("sample", "{\"status\": \"sent\"}"), ("transform", "{\r\n  \"a\": status + 1}")]).await;
    assert!(
        fault.contains("transform&#39;s expression fails") || fault.contains("transform's expression fails")
    );
    assert!(fault.contains("At line 2, character") && fault.contains("T2001"), "{fault}");
    for (more, words) in [
        ([("sample", "not json"), ("fragment", "1")], "The sample cannot be read"),
        ([("transform", "{\"a\": }"), ("fragment", "1")], "At character 7"),
        ([("timeout_seconds", "soon"), ("fragment", "1")], "The field timeout_seconds is wrong"),
    ] {
        let told = tried(&more).await;
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(world.api.get("/webhook").await.json()["data"], json!([]));
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_webhook_is_tried_on_a_body_that_came_by_who_may_change_it() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let auth = json!({"type": "basic", "username": "u", "password": "needle"});
    let id = world.api.create_webhook(&receiver.url, json!({"auth": auth})).await;
    let base = format!("/console/webhooks/{id}");
    let browser = Browser::signed_in(&world, &world.api).await;
    assert!(browser.page(&format!("{base}/edit")).await.contains("Hello from Hookstep"));
    world.api.deliver(&id, "{\"status\": \"came\"}").await;
    assert!(browser.page(&format!("{base}/edit")).await.contains("{&quot;status&quot;: &quot;came&quot;}"));

    let mut form = webhook_form("Orders", &receiver.url);
    form.retain(|(name, _)| *name != "auth");
    form.extend([("auth", "basic"), ("username", "u"), ("password", ""), ("sample", "{}")]);
    let page = text(&browser.post(&format!("{base}/preview"), &form).await);
    assert!(page.contains("Basic ***") && page.contains("kept — type to replace"), "{page}");
    assert!(page.contains(&format!("action=\"{base}/edit\"")) && !page.contains("needle"), "{page}");

    let reader = Browser::signed_in(&world, &world.with_scopes(&[Scope::Read]).await).await;
    let other = Browser::signed_in(&world, &world.admin_of("other").await).await;
    for path in ["/console/preview", &format!("{base}/preview")] {
        assert_eq!(reader.post(path, &form).await.status, 403, "{path}");
        assert_eq!(Answer::to(browser.form(path, &form)).await.status, 403, "{path}");
    }
    assert_eq!(other.post(&format!("{base}/preview"), &form).await.status, 404);
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_shows_both_bodies_and_is_replayed_through_todays_filter() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id =
        world.api.create_webhook(&receiver.url, json!({"transform": {"jsonata": "{\"made\": a}"}})).await;
    let event = world.api.deliver(&id, "{\"a\": 1.50}").await;
    let path = format!("/console/webhooks/{id}/events/{}", event["event_id"].as_str().unwrap());
    let browser = Browser::signed_in(&world, &world.api).await;
    let page = browser.page(&path).await;
    let (_, bodies) = page.split_once("Body as sent").unwrap();
    let (sent, came) = bodies.split_once("Body as received").unwrap();
    assert!(sent.contains(">&quot;made&quot;<") && came.contains(">&quot;a&quot;<"), "{page}");
    let file = browser.get(&format!("{path}/payload?of=sent")).await;
    assert_eq!(file.body, receiver.only().body);
    assert!(header(&file, "content-disposition").ends_with("-sent\""));
    assert_eq!(text(&browser.get(&format!("{path}/payload")).await), "{\"a\": 1.50}");

    let filter = json!({"filter": {"jsonata": "a = 2"}});
    assert_eq!(world.api.patch(&id, &filter).await.status, 200);
    assert!(page.contains("Replay through today"), "{page}");
    let replayed = browser.post(&format!("{path}/replay"), &[("reapply", "1")]).await;
    let target = location(&replayed);
    let again = target.rsplit('/').next().unwrap().trim_end_matches("?new=1");
    assert_eq!(world.api.ended(&id, again).await["status"], "skipped");
    let page = browser.page(target).await;
    assert!(
        page.contains("Not sent: the filter") && page.contains("goes through the current filter"),
        "{page}"
    );
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_kept_is_not_offered_again() {
    let world = World::with_options(|options| options.keep_bodies = false).await;
    let receiver = Receiver::ok().await;
    let id = world.api.create_webhook(&receiver.url, json!({"transform": {"jsonata": "a"}})).await;
    let event = world.api.deliver(&id, "{\"a\": 1}").await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let path = format!("/console/webhooks/{id}/events/{}", event["event_id"].as_str().unwrap());
    let page = browser.page(&path).await;
    assert!(page.contains("It is not stored") && !page.contains("/replay\""), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_with_all_conditions_is_still_small() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let one = json!({"field": "order.items[0].name", "operator": "any_of", "values": ["a".repeat(60), "b".repeat(60)]});
    let filter = json!({"conditions": vec![one; 10]});
    let id = world.api.create_webhook(&receiver.url, json!({"filter": filter})).await;
    world.api.deliver(&id, json!({"text": "x".repeat(8000)}).to_string()).await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let page = browser.page(&format!("/console/webhooks/{id}/edit")).await;
    // Ten conditions and the template: no spare row, because an eleventh condition could not be saved.
    assert_eq!(page.matches("name=\"condition_field\"").count(), 11);
    assert!(page.contains(&"x".repeat(8000)), "the sample is the received body");
    let mut bytes = page.len();
    for file in loaded(&page) {
        bytes += browser.get(file).await.body.len();
    }
    assert!(bytes < MAX_BYTES, "{bytes} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_transform_is_told_with_what_to_do() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({"transform": {"jsonata": "a + 'b'"}})).await;
    let event = world.api.deliver(&id, "{\"a\": 1}").await;
    let browser = Browser::signed_in(&world, &world.api).await;
    let path = format!("/console/webhooks/{id}/events/{}", event["event_id"].as_str().unwrap());
    let page = browser.page(&path).await;
    for part in ["transform fails on this body", "transform.jsonata at character", "try its transform"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // The trial uses the body that failed, even if other events came later.
    world.api.deliver(&id, "{\"b\": 2}").await;
    let edit = page.split('"').find(|part| part.contains("/edit?event=")).unwrap();
    let form = browser.page(edit.split('#').next().unwrap()).await;
    assert!(form.contains("{&quot;a&quot;: 1}"), "{form}");
}
