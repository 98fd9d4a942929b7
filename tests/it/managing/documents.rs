//! Event types that come from documents of others, and go into them.

use serde_json::{Value, json};

use super::catalogue::{added, orders};
use crate::world::process::{command, run};
use crate::world::{Api, Dir, World};

/// A document with these webhooks.
fn document(webhooks: &Value) -> Value {
    json!({"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "webhooks": webhooks})
}

/// A webhook of a document, whose payloads are like this.
fn webhook(schema: &Value, example: &Value) -> Value {
    json!({"post": {"requestBody": {"content": {"application/json": {"schema": schema, "example": example}}}}})
}

/// What an import says of each type, by name: its name, what became of it, and the field that is wrong.
async fn imported(api: &Api, query: &str, document: &Value) -> Vec<(Value, Value, Value)> {
    let answer = api.post(&format!("/event-types/import{query}"), document).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut types = answer.json()["types"].take();
    let types = types.as_array_mut().unwrap_or_else(|| panic!("{answer:?}")).iter_mut();
    let mut types: Vec<_> =
        types.map(|found| (found["name"].take(), found["result"].take(), found["field"].take())).collect();
    types.sort_by_key(|(name, ..)| name.to_string());
    types
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_adds_changes_and_refuses_type_by_type() {
    let world = World::start().await;
    let api = &world.api;
    added(api, &orders("reject")).await;
    let shop = document(&json!({
        "order.created": webhook(&json!({"type": "object"}), &json!({"id": "o-1"})),
        "order.shipped": webhook(&json!({"type": "object"}), &Value::Null),
        "order.wrong": webhook(&json!({"type": "text"}), &json!({})),
        "order.*": webhook(&json!({}), &json!({})),
        "order.new": {"post": {"tags": ["Orders"], "description": "New.", "x-hookstep-version": "2026"}},
        "order.away": {"$ref": "https://example.com/"},
    }));
    let expected = |name: &str, result: &str, field: Value| (json!(name), json!(result), field);
    let all = vec![
        expected("order.*", "refused", json!("name")),
        expected("order.away", "refused", Value::Null),
        expected("order.created", "updated", Value::Null),
        expected("order.new", "created", Value::Null),
        expected("order.shipped", "refused", json!("sample")),
        expected("order.wrong", "refused", json!("schema.type")),
    ];
    assert_eq!(imported(api, "?dry_run=true", &shop).await, all);
    let names = |list: Value| -> Vec<Value> {
        list["data"].as_array().into_iter().flatten().map(|listed| listed["name"].clone()).collect()
    };
    assert_eq!(names(api.get("/event-types").await.json()), ["order.created"]);
    assert_eq!(
        api.get("/event-types/order.created").await.json()["versions"].as_array().map(Vec::len),
        Some(1)
    );

    assert_eq!(imported(api, "", &shop).await, all);
    let created = api.get("/event-types/order.created").await.json();
    // What the document does not say stays as it was.
    assert_eq!((&created["group"], &created["on_invalid"]), (&json!("Orders"), &json!("reject")));
    assert_eq!(
        (&created["sample"], &created["versions"][1]["version"]),
        (&json!({"id": "o-1"}), &json!("2"))
    );
    let new = api.get("/event-types/order.new").await.json();
    assert_eq!((&new["group"], &new["versions"][0]["version"]), (&json!("Orders"), &json!("2026")));
    let again: Vec<_> = imported(api, "", &shop).await.into_iter().map(|(_, result, _)| result).collect();
    assert_eq!(again, ["refused", "refused", "unchanged", "unchanged", "refused", "refused"]);
    // A version that there is does not change.
    let mut other = shop;
    other["webhooks"] = json!({"order.created": webhook(&json!({"type": "array"}), &json!([]))});
    other["webhooks"]["order.created"]["post"]["x-hookstep-version"] = json!("1");
    assert_eq!(imported(api, "", &other).await, [expected("order.created", "refused", Value::Null)]);

    for (wrong, field) in [
        (json!({"openapi": "3.0.0"}), "openapi"),
        (json!({"asyncapi": "1"}), "asyncapi"),
        (json!({"openapi": "3.1.0", "paths": {}}), "webhooks"),
        (json!({"asyncapi": "3.0.0"}), "operations"),
    ] {
        assert_eq!(api.post("/event-types/import", &wrong).await.wrong_field(), field);
    }
    let large = document(&json!({"a": {"description": "x".repeat(1_100_000)}}));
    assert_eq!(api.post("/event-types/import", &large).await.status, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_is_imported_changes_nothing() {
    let (world, dir) = (World::start().await, Dir::new());
    let other = world.admin_of("other").await;
    let api = &world.api;
    added(api, &orders("mark")).await;
    let tree = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {
        "next": {"$ref": "#/$defs/node"}, "$ref": {"const": {"$ref": "#/$defs/node"}}}}}});
    added(api, &json!({"name": "Baum: ä", "schema": tree, "sample": {"next": {}}, "deprecated": true})).await;
    added(api, &json!({"name": "plain", "version": "v-7"})).await;
    for format in ["openapi", "asyncapi"] {
        let export = api.get(&format!("/event-types/export?format={format}")).await.json();
        assert_eq!(export["info"]["title"], "Events of acme");
        let unchanged: Vec<_> = imported(api, "", &export).await.into_iter().map(|found| found.1).collect();
        assert_eq!(unchanged, ["unchanged"; 3], "{export}");
        let new = imported(&other, "", &export).await;
        let is_new =
            new.iter().all(|found| found.1 == if format == "openapi" { "created" } else { "unchanged" });
        assert!(is_new, "{format}: {new:?}");
    }
    for name in ["order.created", "Baum: ä", "plain"] {
        let path = format!("/event-types/{}", name.replace(' ', "%20"));
        let [ours, theirs] = [api.get(&path).await.json(), other.get(&path).await.json()];
        for field in ["description", "group", "deprecated", "on_invalid", "schema", "sample"] {
            assert_eq!(ours[field], theirs[field], "{name}: {field}");
        }
        assert_eq!(ours["versions"][0]["version"], theirs["versions"][0]["version"]);
    }
    let group = api.get("/event-types/export?group=Orders").await.json();
    assert_eq!(group["webhooks"].as_object().map(serde_json::Map::len), Some(1), "{group}");
    assert_eq!(api.get("/event-types/export?format=yaml").await.wrong_field(), "format");

    // The same from the command line, into a third org.
    let third = world.admin_of("third").await;
    let hookstep = async |api: &Api, args: &[&str]| {
        let mut command = command("hookstep");
        command.arg("event-types").args(args);
        command.env("HOOKSTEP_URL", &api.base).env("HOOKSTEP_TOKEN", &api.token);
        let (status, process) = run(&mut command).await;
        (status.code(), process.stdout())
    };
    let (code, export) = hookstep(api, &["export", "--format", "asyncapi"]).await;
    assert_eq!(code, Some(0));
    let file = dir.path().join("events.json");
    std::fs::write(&file, export).unwrap_or_else(|error| panic!("{error}"));
    let (code, shown) = hookstep(&third, &["import", &file.to_string_lossy()]).await;
    assert_eq!((code, shown.contains("plain created v-7")), (Some(0), true), "{shown}");
    let (code, _) = hookstep(&third, &["import", &file.to_string_lossy(), "--dry-run"]).await;
    assert_eq!(code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_catalogue_above_the_limit_is_exported_by_groups() {
    let world = World::start().await;
    for number in 0..20 {
        let group = if number < 10 { "a" } else { "b" };
        let large = json!({"name": format!("t{number}"), "group": group, "sample": "x".repeat(60_000)});
        added(&world.api, &large).await;
    }
    let all = world.api.get("/event-types/export").await;
    assert_eq!(all.status, 409, "{:?}", all.status);
    let group = world.api.get("/event-types/export?group=b").await;
    assert_eq!(group.status, 200);
    let again = imported(&world.api, "", &group.json()).await;
    assert!(again.len() == 10 && again.iter().all(|found| found.1 == "unchanged"), "{again:?}");
}
