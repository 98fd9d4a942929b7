//! Who may do what.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::path::Path;

use hookstep_contract::Scope;
use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Api, ORG, Receiver, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orgs_do_not_see_each_other() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let other = world.admin_of("other").await;
    let ours = world.api.create_webhook(&receiver.url, json!({"name": "ours"})).await;
    let theirs = other.create_webhook(&receiver.url, json!({"name": "theirs"})).await;
    let event = world.api.deliver(&ours, "{}").await;
    let event_id = event["event_id"].as_str().unwrap();

    for path in [
        format!("/webhook/{ours}"),
        format!("/webhook/{ours}/events"),
        format!("/webhook/{ours}/events/{event_id}"),
        // Nor is it found under a webhook of the other org.
        format!("/webhook/{theirs}/events/{event_id}"),
    ] {
        other.get(&path).await.problem(404);
    }
    let path = format!("/webhook/{ours}");
    other.put(&path, &json!({"name": "taken", "url": "https://example.com/"})).await.problem(404);
    other.delete(&path).await.problem(404);
    other.post(&format!("{path}/trigger"), &json!({})).await.problem(404);
    other.post(&format!("{path}/trigger?sync=true"), &json!({})).await.problem(404);
    other.post(&format!("{path}/uploads"), &json!({"size": 1})).await.problem(404);

    let names = async |api: &Api| -> Vec<Value> {
        let list = api.get("/webhook").await.json();
        list["data"].as_array().unwrap().iter().map(|config| config["name"].clone()).collect()
    };
    assert_eq!((names(&world.api).await, names(&other).await), (vec![json!("ours")], vec![json!("theirs")]));
    assert_eq!(other.events(&theirs, "").await["data"], json!([]));
    assert_eq!(world.api.events(&ours, "").await["data"].as_array().unwrap().len(), 1);
    receiver.only();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orgs_whose_names_are_alike_are_strangers() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    for org_id in ["acm", "acme-", "acme_2"] {
        let other = world.admin_of(org_id).await;
        assert_eq!(other.get("/webhook").await.json()["data"], json!([]), "{org_id}");
        other.get(&format!("/webhook/{id}")).await.problem(404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_of_another_org_is_another_key() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let other = world.admin_of("other").await;
    let mut events = Vec::new();
    for (api, body) in [(&world.api, "1"), (&other, "2")] {
        let id = api.create_webhook(&receiver.url, json!({})).await;
        let answer =
            Answer::to(api.triggering(&id, "?sync=true", body).header("idempotency-key", "k")).await.json();
        events.push(answer["event_id"].clone());
    }
    assert_ne!(events[0], events[1]);
    assert_eq!(receiver.calls(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_do_what_its_scopes_say() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let event = world.api.deliver(&id, "{}").await;
    let event_id = event["event_id"].as_str().unwrap();
    let config = json!({"name": "n", "url": receiver.url});
    // Deletions come last, because they work only once.
    let requests = [
        (Scope::Trigger, Method::POST, format!("/webhook/{id}/trigger"), json!({}), 202),
        (Scope::Trigger, Method::POST, format!("/webhook/{id}/uploads"), json!({"size": 1}), 201),
        (Scope::Read, Method::GET, "/webhook".to_owned(), json!(null), 200),
        (Scope::Read, Method::GET, format!("/webhook/{id}"), json!(null), 200),
        (Scope::Read, Method::GET, format!("/webhook/{id}/events"), json!(null), 200),
        (Scope::Read, Method::GET, format!("/webhook/{id}/events/{event_id}"), json!(null), 200),
        (Scope::Manage, Method::POST, "/webhook".to_owned(), config.clone(), 201),
        (Scope::Manage, Method::PUT, format!("/webhook/{id}"), config, 200),
        (Scope::Manage, Method::DELETE, format!("/webhook/{id}"), json!(null), 204),
    ];
    let scopes = [Scope::Trigger, Scope::Read, Scope::Manage];
    let nothing = world.with_scopes(&[]).await;
    for (scope, method, path, body, allowed) in requests {
        let ask =
            async |api: &Api| Answer::to(api.request(method.clone(), &path).body(body.to_string())).await;
        ask(&nothing).await.problem(403);
        for other in scopes.into_iter().filter(|other| *other != scope) {
            let problem = ask(&world.with_scopes(&[other]).await).await.problem(403);
            let name = format!("{scope:?}").to_lowercase();
            assert!(problem["detail"].as_str().unwrap().contains(&name), "{problem}");
        }
        let answer = ask(&world.with_scopes(&[scope]).await).await;
        assert_eq!(answer.status, allowed, "{method} {path}: {answer:?}");
    }
}

/// Every file below `folder` that contains `secret`.
fn files_with(secret: &str, folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(secret, &path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.extend(
                bytes.windows(secret.len()).any(|window| window == secret.as_bytes()).then_some(path),
            );
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_nowhere_but_in_its_owners_hands() {
    let (world, receiver) = (World::with_histories().await, Receiver::ok().await);
    let id = world.api.create_webhook(&receiver.url, json!({})).await;
    let large = world.api.deliver(&id, vec![b'x'; 300_000]).await;
    let answer = world.api.trigger_sync(&id, "needle").await;
    let event_id = answer["event_id"].as_str().unwrap();
    world.settled(event_id).await;
    let token = &world.api.token;

    let history = world.history(event_id).await;
    assert!(history.contains(event_id) && !history.contains("needle"), "no body is in the state");
    let large = world.history(large["event_id"].as_str().unwrap()).await;
    assert!(large.contains(ORG) && !large.contains("xxxxxxxxxx"), "a large body is not in the state");
    for text in [history, large, world.api.event(&id, event_id).await.to_string(), answer.to_string()] {
        assert!(!text.contains(token), "{text}");
    }
    for seen in receiver.seen() {
        assert!(!seen.head.contains(token), "{}", seen.head);
    }
    assert_eq!(files_with(token, world.dir.path()), Vec::<std::path::PathBuf>::new());
    assert!(!files_with("needle", world.dir.path()).is_empty(), "the right files were looked at");
}
