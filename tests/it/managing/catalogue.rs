//! The catalogue of event types: what it takes, what it refuses, and who listens to a type.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Api, Receiver, World};

/// An event type whose payloads are orders.
pub(crate) fn orders(on_invalid: &str) -> Value {
    json!({
        "name": "order.created", "description": "A customer has placed an order.", "group": "Orders",
        "on_invalid": on_invalid, "sample": {"order": 1042},
        "schema": {"type": "object", "required": ["order"], "properties": {"order": {"type": "integer"}}},
    })
}

/// Adds an event type.
pub(crate) async fn added(api: &Api, event_type: &Value) -> Value {
    let answer = api.post("/event-types", event_type).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

pub(crate) async fn patched(api: &Api, name: &str, changes: Value) -> Answer {
    let request = api.request(Method::PATCH, &format!("/event-types/{name}"));
    Answer::to(request.header("content-type", "application/json").body(changes.to_string())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_type_has_versions_of_which_the_newest_is_current() {
    let world = World::start().await;
    let api = &world.api;
    let made = added(api, &orders("reject")).await;
    assert_eq!((&made["versions"][0]["version"], &made["sample"]), (&json!("1"), &json!({"order": 1042})));
    let again = api.post("/event-types", &orders("reject")).await;
    assert_eq!(again.status, 409, "{again:?}");

    let path = "/event-types/order.created";
    let named = json!({"version": "2026-11", "schema": {"type": "object"}, "sample": {"id": 1.50}});
    assert_eq!(api.post(&format!("{path}/versions"), &named).await.status, 201);
    assert_eq!(api.post(&format!("{path}/versions"), &named).await.status, 409);
    let third = api.post(&format!("{path}/versions"), &json!({})).await;
    assert_eq!(third.json()["version"], "3");
    assert_eq!(api.delete(&format!("{path}/versions/3")).await.status, 204);

    let read = api.get(path).await.json();
    assert_eq!((&read["schema"], &read["sample"]), (&json!({"type": "object"}), &json!({"id": 1.5})));
    let versions: Vec<_> = read["versions"].as_array().unwrap().iter().map(|v| &v["version"]).collect();
    assert_eq!(versions, ["1", "2026-11"]);
    let first = api.get(&format!("{path}/versions/1")).await.json();
    assert_eq!(first["schema"]["required"], json!(["order"]));

    let changed = patched(api, "order.created", json!({"deprecated": true, "group": null})).await.json();
    assert_eq!((&changed["deprecated"], &changed["group"]), (&json!(true), &Value::Null));
    assert_eq!(changed["description"], "A customer has placed an order.");
    let unknown = patched(api, "order.created", json!({"name": "other"})).await;
    assert_eq!(unknown.wrong_field(), "name");

    assert_eq!(api.delete(&format!("{path}/versions/1")).await.status, 204);
    assert_eq!(api.delete(&format!("{path}/versions/2026-11")).await.status, 409, "the last one");
    assert_eq!(api.delete(path).await.status, 204);
    for gone in [path.to_owned(), format!("{path}/versions/1"), format!("{path}/webhooks")] {
        assert_eq!(api.get(&gone).await.status, 404, "{gone}");
    }
    added(api, &orders("ignore")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_type_is_named() {
    let world = World::start().await;
    let with = |field: &str, value: Value| {
        let mut event_type = orders("reject");
        event_type[field] = value;
        event_type
    };
    for (event_type, field) in [
        (with("name", json!("order.*")), "name"),
        (with("name", json!("a/b")), "name"),
        (with("name", json!("Webhook Disabled")), "name"),
        (with("group", json!("")), "group"),
        (with("version", json!("a#1")), "version"),
        (with("on_invalid", json!("drop")), "on_invalid"),
        (with("sample", json!({"order": "s3cret"})), "sample.order"),
        (with("sample", json!({})), "sample"),
        (with("sample", json!("x".repeat(65 * 1024))), "sample"),
        (with("schema", json!({"type": "text"})), "schema.type"),
        (with("schema", json!(true)), "schema"),
        (
            with("schema", json!({"properties": {"a": {"$ref": "https://example.com/a"}}})),
            "schema.properties.a.$ref",
        ),
        (with("schema", json!({"$ref": "file:///etc/passwd"})), "schema.$ref"),
        (with("schema", json!({"$ref": "#"})), "schema"),
        (with("schema", json!({"description": "x".repeat(65 * 1024)})), "schema"),
        (with("other", json!(1)), "other"),
    ] {
        let answer = world.api.post("/event-types", &event_type).await;
        assert_eq!(answer.wrong_field(), field, "{answer:?}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("s3cret"), "{answer:?}");
    }
    let large = with("description", json!("x".repeat(600 * 1024)));
    assert_eq!(world.api.post("/event-types", &large).await.status, 413);
    assert_eq!(world.api.get("/event-types").await.json()["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_are_listed_by_name_and_belong_to_their_org() {
    let world = World::start().await;
    let other = world.admin_of("globex").await;
    for name in ["invoice.paid", "Order Created: ä", "order.created", "order.shipped"] {
        added(&world.api, &json!({"name": name})).await;
    }
    added(&other, &json!({"name": "order.created", "description": "theirs"})).await;
    let read = world.api.get("/event-types/Order%20Created:%20%C3%A4").await.json();
    assert_eq!(read["name"], "Order Created: ä");

    let (mut names, mut path) = (Vec::new(), "/event-types?limit=3".to_owned());
    loop {
        let page = world.api.get(&path).await.json();
        names.extend(page["data"].as_array().unwrap().iter().map(|listed| listed["name"].clone()));
        assert!(page["data"][0].get("schema").is_none(), "{page}");
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/event-types?limit=3&cursor={next}");
    }
    assert_eq!(names, ["Order Created: ä", "invoice.paid", "order.created", "order.shipped"]);
    assert_eq!(world.api.delete("/event-types/order.created").await.status, 204);
    assert_eq!(other.get("/event-types/order.created").await.json()["description"], "theirs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_to_a_type_is_a_query() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    added(&world.api, &orders("ignore")).await;
    let mut expected = Vec::new();
    for (name, patterns, listens) in [
        ("by name", json!(["invoice.paid", "order.created"]), Some(json!(["order.created"]))),
        ("other", json!(["order"]), None),
        ("by prefix", json!(["order.*", "order.created"]), Some(json!(["order.*", "order.created"]))),
        ("none", json!([]), None),
        ("all", json!(["*"]), Some(json!(["*"]))),
    ] {
        let fields = json!({"name": name, "event_types": patterns, "enabled": name != "all"});
        let config_id = world.api.create_webhook(&receiver.url, fields).await;
        if let Some(event_types) = listens {
            expected.push(json!({
                "config_id": config_id, "name": name, "enabled": name != "all", "event_types": event_types,
                "pinned_version": null,
            }));
        }
    }
    let path = "/event-types/order.created/webhooks";
    assert_eq!(world.api.get(path).await.json()["data"], json!(expected));
    let first = world.api.get(&format!("{path}?limit=2")).await.json();
    assert_eq!(first["data"], json!(expected[..2]));
    let next = first["next_cursor"].as_str().unwrap();
    let second = world.api.get(&format!("{path}?limit=2&cursor={next}")).await.json();
    assert_eq!((&second["data"], &second["next_cursor"]), (&json!(expected[2..]), &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_the_same_time_are_all_made_or_refused() {
    let world = World::start().await;
    let api = &world.api;
    let create = |number: usize| async move {
        api.post(
            "/event-types",
            &json!({"name": format!("t{}", number / 2), "schema": {}, "on_invalid": "mark"}),
        )
        .await
    };
    let answers = futures_util::future::join_all((0..8).map(create)).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    for pair in statuses.chunks(2) {
        let mut pair = pair.to_vec();
        pair.sort_unstable();
        assert_eq!(pair, [201, 409], "{statuses:?}");
    }
    assert_eq!(api.get("/event-types").await.json()["data"].as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_new_version_would_break_is_listed() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let api = &world.api;
    added(api, &orders("ignore")).await;
    let mut ids = Vec::new();
    for (name, rules) in [
        ("fine", json!({"transform": {"jsonata": "{'n': order}"}})),
        ("filter", json!({"filter": {"jsonata": "$type(order) = 'number'"}})),
        ("transform", json!({"transform": {"jsonata": "order + 1"}})),
        ("filter that never matches", json!({"filter": {"jsonata": "false"}})),
        ("other", json!({"event_types": ["invoice.*"]})),
    ] {
        let mut fields = json!({"name": name, "event_types": ["order.*"]});
        fields.as_object_mut().unwrap().extend(rules.as_object().unwrap().clone());
        ids.push(api.create_webhook(&receiver.url, fields).await);
    }
    let path = format!("/webhook/{}/trigger?event_type=order.created", ids[0]);
    let event_id = crate::world::accepted(&api.post(&path, &json!({"order": 7})).await);
    api.ended(&ids[0], &event_id).await;

    let new =
        json!({"schema": {"properties": {"order": {"type": "string"}}, "examples": [{"order": "o-7"}]}});
    let checked = api.post("/event-types/order.created/check", &new).await;
    assert_eq!(checked.status, 200, "{checked:?}");
    let checked = checked.json()["data"].take();
    let fields: Vec<_> = checked
        .as_array()
        .unwrap()
        .iter()
        .map(|webhook| {
            let breaks = webhook["breaks"].as_array().unwrap().iter();
            (
                webhook["name"].as_str().unwrap().to_owned(),
                breaks.map(|found| found["field"].clone()).collect::<Vec<_>>(),
            )
        })
        .collect();
    let expected = [
        ("fine", vec!["payload.order"]),
        ("filter", vec!["filter"]),
        ("transform", vec!["transform.jsonata"]),
        ("filter that never matches", vec![]),
    ];
    let expected: Vec<_> = expected
        .map(|(name, fields)| (name.to_owned(), fields.into_iter().map(Value::from).collect::<Vec<_>>()))
        .into();
    assert_eq!(fields, expected);
    assert_eq!(checked[0]["breaks"][0]["event_id"], event_id);
    for (wrong, field) in [
        (json!({"schema": {"type": "object"}}), "sample"),
        (json!({"schema": {"type": "text"}, "sample": 1}), "schema.type"),
        (json!({"schema": {"type": "object"}, "sample": 1}), "sample"),
    ] {
        assert_eq!(api.post("/event-types/order.created/check", &wrong).await.wrong_field(), field);
    }
    assert_eq!(api.post("/event-types/other/check", &new).await.status, 404);
}
