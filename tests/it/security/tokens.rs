//! Creating, listing and revoking tokens through the API.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use std::sync::atomic::{AtomicI64, Ordering};

use hookstep_contract::{Scope, Timestamp};
use hookstep_host::NewToken;
use http::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::world::{Answer, Api, NOBODY, ORG, World, moment};

/// A client with this token.
fn bearer(world: &World, made: &Value) -> Api {
    Api { token: made["token"].as_str().unwrap().to_owned(), ..world.api.clone() }
}

async fn made(api: &Api, body: Value) -> Value {
    let answer = api.post("/tokens", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

async fn listed(api: &Api, query: &str) -> Value {
    let answer = api.get(&format!("/tokens{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn ids(list: &Value) -> Vec<Value> {
    list["data"].as_array().unwrap().iter().map(|token| token["token_id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_shown_once_and_does_what_it_was_made_for() {
    let world = World::start().await;
    let body =
        json!({"name": "reader", "scopes": ["read", "read"], "expires_at": "2999-01-02T03:04:05.678Z"});
    let token = made(&world.api, body).await;
    let secret = token["token"].as_str().unwrap();
    assert!(secret.starts_with("hookstep_") && secret.len() == 9 + 64, "{secret}");
    let reader = bearer(&world, &token);
    assert_eq!(reader.get("/webhook").await.status, 200);
    reader.get("/tokens").await.problem(403);
    reader.post("/tokens", &json!({"name": "n", "scopes": ["manage"]})).await.problem(403);

    let list = listed(&world.api, "").await;
    assert!(
        !list.to_string().contains(secret)
            && !list.to_string().contains(&hookstep_http_edge::hash_token(secret))
    );
    let [admin, shown] = list["data"].as_array().unwrap().as_slice() else { panic!("two: {list}") };
    assert_eq!(
        (&admin["name"], &admin["current"], &admin["expires_at"]),
        (&json!("admin"), &json!(true), &json!(null))
    );
    assert_eq!(admin["scopes"], json!(["trigger", "read", "manage"]));
    let expected = json!({
        "token_id": token["token_id"], "name": "reader", "scopes": ["read"], "created_at": token["created_at"],
        "expires_at": "2999-01-02T03:04:05.000Z", "current": false, "prefix": shown["prefix"],
        "last_used_at": shown["last_used_at"],
    });
    assert_eq!(*shown, expected);
    let prefix = shown["prefix"].as_str().unwrap();
    assert!(secret.starts_with(prefix) && secret.len() > prefix.len() + 32, "{prefix}");
    assert!(moment(&shown["last_used_at"]) <= hookstep_ambient::Sources::system().now().get());
    assert!(moment(&admin["created_at"]) <= moment(&shown["created_at"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_is_refused_at_once() {
    let world = World::start().await;
    let token = made(&world.api, json!({"name": "n", "scopes": ["trigger", "read", "manage"]})).await;
    let bearer = bearer(&world, &token);
    let path = format!("/tokens/{}", token["token_id"].as_str().unwrap());
    // From here on the token is cached.
    assert_eq!(bearer.get("/webhook").await.status, 200);
    assert_eq!(world.api.delete(&path).await.status, 204);
    for (method, path) in [(Method::GET, "/webhook"), (Method::POST, &format!("/webhook/{NOBODY}/trigger"))] {
        Answer::to(bearer.request(method, path)).await.problem(401);
    }
    world.api.delete(&path).await.problem(404);
    assert_eq!(ids(&listed(&world.api, "").await).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_can_revoke_itself() {
    let world = World::start().await;
    let own = ids(&listed(&world.api, "").await).pop().unwrap();
    assert_eq!(world.api.delete(&format!("/tokens/{}", own.as_str().unwrap())).await.status, 204);
    world.api.get("/tokens").await.problem(401);
}

/// The clock's offset in the test of expiry, in seconds.
static LATER: AtomicI64 = AtomicI64::new(0);

fn clock() -> OffsetDateTime {
    (hookstep_ambient::Sources::system().clock)() + time::Duration::seconds(LATER.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_is_refused_at_once() {
    let world = World::with_options(|options| options.sources.clock = clock).await;
    let end = Timestamp::new(clock() + time::Duration::seconds(3600));
    let token = made(&world.api, json!({"name": "n", "scopes": ["read"], "expires_at": end})).await;
    let by_cli = NewToken { expires_at: Some(end), ..NewToken::admin(ORG.parse().unwrap()) };
    let by_cli = Api { token: world.host.create_token(by_cli).await.unwrap(), ..world.api.clone() };
    let bearer = bearer(&world, &token);
    for holder in [&bearer, &by_cli] {
        assert_eq!(holder.get("/webhook").await.status, 200);
    }
    LATER.store(3601, Ordering::Relaxed);
    for holder in [&bearer, &by_cli] {
        holder.get("/webhook").await.problem(401);
    }
    assert_eq!(world.api.get("/webhook").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_paged_oldest_first() {
    let world = World::start().await;
    for number in 0..4 {
        made(&world.api, json!({"name": format!("{number}"), "scopes": ["read"]})).await;
    }
    let all = ids(&listed(&world.api, "").await);
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted_by_key(|id| id.as_str().unwrap().to_owned()), "{all:?}");
    for limit in [1, 2, 5] {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = listed(&world.api, &format!("?limit={limit}{cursor}")).await;
            assert!(ids(&page).len() <= limit, "{page}");
            paged.extend(ids(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all, "{limit} per page");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_orgs_tokens_are_not_there() {
    let world = World::start().await;
    let other = world.admin_of("other").await;
    let ours = ids(&listed(&world.api, "").await);
    let theirs = ids(&listed(&other, "").await);
    assert_eq!((ours.len(), theirs.len()), (1, 1));
    assert_ne!(ours, theirs);
    other.delete(&format!("/tokens/{}", ours[0].as_str().unwrap())).await.problem(404);
    assert_eq!(ids(&listed(&world.api, "").await), ours);
    for unknown in [NOBODY, "nonsense"] {
        world.api.delete(&format!("/tokens/{unknown}")).await.problem(404);
    }
    // A new token belongs to its creator's org, whatever the request claims.
    let body = json!({"name": "n", "scopes": ["read"], "org_id": ORG});
    assert_eq!(other.post("/tokens", &body).await.wrong_field(), "org_id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_for_those_who_manage() {
    let world = World::start().await;
    let own = ids(&listed(&world.api, "").await).pop().unwrap();
    let path = format!("/tokens/{}", own.as_str().unwrap());
    let narrow = world.with_scopes(&[Scope::Trigger, Scope::Read]).await;
    narrow.get("/tokens").await.problem(403);
    narrow.delete(&path).await.problem(403);
    let nobody = Api { token: "hookstep_nobody".to_owned(), ..world.api.clone() };
    nobody.get("/tokens").await.problem(401);
    nobody.delete(&path).await.problem(401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_makes_no_token_that_may_do_more() {
    let world = World::start().await;
    let manager = world.with_scopes(&[Scope::Read, Scope::Manage]).await;
    for scopes in [json!(["trigger"]), json!(["read", "trigger"])] {
        let problem = manager.post("/tokens", &json!({"name": "n", "scopes": scopes})).await.problem(403);
        assert_eq!(problem["detail"], "this token lacks the scope trigger");
    }
    for scopes in [json!(["read"]), json!(["read", "manage"])] {
        made(&manager, json!({"name": "n", "scopes": scopes})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_field_is_named() {
    let world = World::start().await;
    for (body, field) in [
        (json!({"scopes": ["read"]}), "name"),
        (json!({"name": " ", "scopes": ["read"]}), "name"),
        (json!({"name": "n"}), "scopes"),
        (json!({"name": "n", "scopes": []}), "scopes"),
        (json!({"name": "n", "scopes": ["read", "all"]}), "scopes[1]"),
        (json!({"name": "n", "scopes": ["read"], "expires_at": "2001-01-01T00:00:00Z"}), "expires_at"),
        (json!({"name": "n", "scopes": ["read"], "expires_at": "tomorrow"}), "expires_at"),
        (json!({"name": "n", "scopes": ["read"], "expires_in": 60}), "expires_in"),
    ] {
        assert_eq!(world.api.post("/tokens", &body).await.wrong_field(), field, "{body}");
    }
    for (query, field) in [("limit=0", "limit"), ("cursor=x", "cursor"), ("name=x", "name")] {
        assert_eq!(world.api.get(&format!("/tokens?{query}")).await.wrong_field(), field, "{query}");
    }
    assert_eq!(ids(&listed(&world.api, "").await).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_that_the_operator_brings_keeps_its_id() {
    let secret = "brought_by_the_operator";
    let world = World::start().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        world.host.first_token(ORG.parse().unwrap(), Some(secret)).await.unwrap();
        seen.push(ids(&listed(&world.api, "").await));
    }
    assert_eq!((seen[0].len(), &seen[0]), (2, &seen[1]));
    let brought = Api { token: secret.to_owned(), ..world.api.clone() };
    let current: Vec<Value> = listed(&brought, "").await["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["current"].clone())
        .collect();
    assert_eq!(current, [false, true]);
}
