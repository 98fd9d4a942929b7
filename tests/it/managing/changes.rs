//! Concurrent, failed and abandoned changes of a webhook: the webhook and its connection must stay
//! consistent.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::managing::auth::basic;
use crate::world::{Answer, ORG, Receiver, World};

const URL: &str = "https://example.com/hook";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_changes_at_once_the_connection_is_that_of_the_one_that_was_saved() {
    let world = World::start().await;
    let config_id = world.api.create_webhook(URL, json!({"auth": basic("user", "planted")})).await;
    let path = format!("/webhook/{config_id}");
    let mut revision = 1;
    for round in 0..10 {
        let put = async |user: &str| {
            world
                .put(&config_id, URL, json!({"name": user, "auth": basic(&format!("{user}{round}"), "p")}))
                .await
        };
        let answers: [Answer; 3] = tokio::join!(put("a"), put("b"), put("c")).into();
        let saved = answers.iter().filter(|answer| answer.status == 200).count();
        assert!(saved > 0, "{answers:?}");
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.problem(409);
        }
        revision += saved;
        let config = world.api.get(&path).await.json();
        let connection = world.connection(&config_id).await.unwrap();
        let basic = connection.auth_parameters.unwrap().basic_auth_parameters.unwrap();
        assert_eq!(
            (&config["auth"]["username"], &config["revision"]),
            (&json!(basic.username()), &json!(revision))
        );
        assert_eq!(json!(basic.username()), format!("{}{round}", config["name"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn a_save_that_fails_leaves_no_connection_and_no_hold() {
    let world = World::start().await;
    let config_id = world.api.create_webhook(URL, json!({})).await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON items WHEN NEW.tbl = 1 AND NEW.sk LIKE '%secrets#%'
        BEGIN SELECT RAISE(ABORT, 'no'); END";
    world.storage().execute_batch(refuse).unwrap();
    let auth = json!({"auth": basic("user", "planted")});
    let body = json!({"name": "test", "url": URL, "auth": auth["auth"]});
    world.api.post("/webhook", &body).await.problem(500);
    world.put(&config_id, URL, auth.clone()).await.problem(500);
    assert_eq!(world.connections(), 0);
    world.storage().execute_batch("DROP TRIGGER refuse").unwrap();
    assert_eq!(world.api.get("/webhook").await.json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(world.put(&config_id, URL, auth).await.status, 200);
    assert_eq!(world.connections(), 1);
}

/// A client that never releases its lease on a webhook.
async fn hold(world: &World, config_id: &str, until: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = world.host.clients().tables.update_item().table_name("configs");
    let update = update.key("org_id", text(ORG)).key("config_id", text(config_id));
    let update = update.update_expression("SET held_until = :until, held_by = :him");
    let update = update.expression_attribute_values(":until", text(until));
    update.expression_attribute_values(":him", text("him")).send().await.unwrap();
}

#[tokio::test]
async fn who_never_comes_back_does_not_hold_a_webhook_for_ever() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    hold(&world, &config_id, "9999-01-01T00:00:00.000Z").await;
    world.put(&config_id, &receiver.url, json!({"auth": basic("user", "planted")})).await.problem(409);
    world.api.post(&format!("/webhook/{config_id}/rotate-secret"), &json!({})).await.problem(409);
    assert!(world.connection(&config_id).await.is_none());
    assert_eq!(world.api.trigger_sync(&config_id, "{}").await["status"], "succeeded");
    hold(&world, &config_id, "2026-01-01T00:00:00.000Z").await;
    assert_eq!(
        world.put(&config_id, &receiver.url, json!({"auth": basic("user", "planted")})).await.status,
        200
    );
    assert!(world.connection(&config_id).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_and_a_deletion_at_once_leave_both_or_neither() {
    let world = World::start().await;
    for _ in 0..10 {
        let config_id = world.api.create_webhook(URL, json!({})).await;
        let path = format!("/webhook/{config_id}");
        let put = world.put(&config_id, URL, json!({"auth": basic("user", "planted")}));
        let (put, deleted) = tokio::join!(put, world.api.delete(&path));
        assert!([200, 404, 409].contains(&put.status), "{put:?}");
        if deleted.status == 409 {
            assert!(put.status == 200 && world.connection(&config_id).await.is_some(), "{put:?}");
            assert_eq!(world.api.delete(&path).await.status, 204);
        } else {
            assert_eq!(deleted.status, 204, "{deleted:?}");
        }
        world.api.get(&path).await.problem(404);
        assert!(world.connection(&config_id).await.is_none());
    }
}
