//! The life of an org: it is not in the table of cases, because it is not about one event.
#![expect(clippy::unwrap_used, reason = "an answer that is not as expected fails the test")]

use hookstep_ambient::Sources;
use hookstep_contract::{Erasure, OrgId, Owner, Scope, Token, TokenId};
use hookstep_store::{Orgs, Tokens};
use http::Method;
use serde_json::{Value, json};

use super::{Engine, world};
use crate::world::{Answer, Api, Receiver, World, accepted, until};

/// What the life of an org needs of a deployment.
pub(crate) trait Platform: Engine {
    /// The orgs and the tokens.
    fn tables(&self) -> (Orgs, Tokens);

    /// Lets `erase` run once.
    async fn erase(&self);
}

impl Platform for World {
    fn tables(&self) -> (Orgs, Tokens) {
        let (tables, sources) = (self.host.clients().tables.clone(), Sources::system());
        (Orgs::new(tables.clone(), "configs", sources), Tokens::new(tables, "tokens", sources))
    }

    async fn erase(&self) {
        let ctx = crate::managing::erasure::eraser(self);
        let ctx = hookstep_erase::Context { sources: Sources::system(), ..ctx };
        hookstep_erase::handle(hookstep_erase::Tick::default(), &ctx).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_org_lives_and_is_erased_on_the_embedded_host() {
    lives_and_is_erased(&world().await).await;
}

/// An org is made, sends an event, is suspended, resumed and deleted.
pub(crate) async fn lives_and_is_erased(engine: &impl Platform) {
    let receiver = Receiver::ok().await;
    let (orgs, tokens) = engine.tables();
    let platform = platform(engine, &tokens).await;
    let there = |method, path: &str, body: Value| {
        Answer::to(platform.request(method, path).header("x-org-id", "tenant").body(body.to_string()))
    };
    platform.get("/webhook").await.problem(400);
    there(Method::GET, "/webhook", json!(null)).await.problem(404);
    let made = platform.post("/orgs", &json!({"org_id": "tenant", "name": "The Tenant"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let found = platform.get("/orgs?search=THE%20TEN").await.json();
    assert_eq!(found["data"], json!([made.json()]));
    let auth = json!({"type": "basic", "username": "user", "password": "of a tenant"});
    let webhook = json!({"name": "test", "url": receiver.url, "auth": auth});
    let webhook = there(Method::POST, "/webhook", webhook).await.json();
    let config_id = webhook["config_id"].as_str().unwrap();
    let token =
        there(Method::POST, "/tokens", json!({"name": "t", "scopes": ["trigger", "read", "manage"]})).await;
    let tenant = Api { token: token.json()["token"].as_str().unwrap().to_owned(), ..platform.clone() };
    assert_eq!(tenant.deliver(config_id, "1").await["status"], "succeeded");

    let trigger = async || Answer::to(tenant.triggering(config_id, "", "2")).await.status;
    for (status, answer) in [("suspended", 403), ("active", 202)] {
        let patch = json!({"status": status});
        assert_eq!(there(Method::PATCH, "/orgs/tenant", patch).await.json()["status"], status);
        until("the org's status holds everywhere", async || trigger().await == answer).await;
    }
    is_audited(&tenant, &platform).await;
    let overview = platform.get("/platform/overview").await.json();
    assert!(overview["failing"].is_array() && overview["waiting"].is_array(), "{overview}");
    let counted = platform.get("/orgs?include=stats&search=tenant").await.json();
    assert!(counted["data"][0]["stats"]["succeeded"].as_u64().unwrap() >= 1, "{counted}");
    erases_events(engine, &tenant, config_id).await;
    let waiting = wait(&tenant, config_id).await;
    let deleted = platform.delete("/orgs/tenant").await;
    assert_eq!((deleted.status, &deleted.json()["status"]), (202, &json!("deleting")), "{deleted:?}");
    until("triggers are refused", async || trigger().await != 202).await;
    engine.erase().await;
    until("most of it is gone", async || {
        let deleting = platform.get("/orgs/tenant").await.json()["deleting"].take();
        deleting["webhooks_left"] == 0 && deleting["events_deleted"].as_u64().unwrap() >= 4
    })
    .await;
    let (schedules, group) = engine.schedules();
    let schedule = schedules.get_schedule().group_name(group).name(format!("{waiting}-1")).send().await;
    assert!(schedule.is_err(), "{schedule:?}");
    erase_the_rest(engine, &orgs, &platform).await;
    assert!(orgs.belongings(&"tenant".parse().unwrap()).await.unwrap().is_empty());
}

/// What was done so far is in the audit logs, with the address from which it was asked for.
async fn is_audited(tenant: &Api, platform: &Api) {
    for (api, path, expected) in [
        (tenant, "/audit", ["token.create", "webhook.create"].as_slice()),
        (platform, "/platform/audit", &["org.update", "org.update", "org.create"]),
    ] {
        let log = api.get(path).await.json();
        let entries = log["data"].as_array().unwrap();
        let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, expected);
        for entry in entries {
            let how = (&entry["outcome"], &entry["actor"]["address"]);
            assert_eq!(how, (&json!("done"), &json!("127.0.0.1")), "{entry}");
        }
    }
}

/// Has a large body, and an event that waits as a schedule, whose id is returned.
async fn wait(tenant: &Api, config_id: &str) -> String {
    let large = format!("\"{}\"", "x".repeat(300_000));
    assert_eq!(tenant.deliver(config_id, large).await["status"], "succeeded");
    let delayed = accepted(&Answer::to(tenant.triggering(config_id, "?delay_seconds=3600", "4")).await);
    tenant.until(config_id, &delayed, |event| event["status"] == "scheduled").await;
    delayed
}

/// An event is erased, and one that is scheduled is cancelled before that.
async fn erases_events(engine: &impl Platform, tenant: &Api, config_id: &str) {
    let erase = async |what: Value| {
        let answer = tenant.post("/erasures", &what).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        format!("/erasures/{}", answer.json()["erasure_id"].as_str().unwrap())
    };
    let event = tenant.deliver(config_id, format!("\"{}\"", "x".repeat(300_000))).await;
    let erasure = erase(json!({"config_id": config_id, "event_id": event["event_id"]})).await;
    until("the event is erased", async || {
        engine.erase().await;
        tenant.get(&erasure).await.json()["status"] == "done"
    })
    .await;
    let record = tenant.get(&erasure).await.json();
    assert_eq!(
        (&record["events_erased"], &record["large_bodies_erased"]),
        (&json!(1), &json!(1)),
        "{record}"
    );
    let path = format!("/webhook/{config_id}/events/{}", event["event_id"].as_str().unwrap());
    tenant.get(&path).await.problem(404);

    let request = tenant.triggering(config_id, "?delay_seconds=3600", "5").header("x-correlation-id", "c");
    let delayed = accepted(&Answer::to(request).await);
    tenant.until(config_id, &delayed, |event| event["status"] == "scheduled").await;
    let erasure = erase(json!({"correlation_id": "c"})).await;
    until("the event is cancelled", async || {
        engine.erase().await;
        tenant.event(config_id, &delayed).await["reason"]["code"] == "cancelled"
    })
    .await;
    assert_eq!(tenant.get(&erasure).await.json()["status"], "in_progress");
}

/// Erases what is left as if everything had come to rest.
async fn erase_the_rest(engine: &impl Platform, orgs: &Orgs, platform: &Api) {
    let org_id: OrgId = "tenant".parse().unwrap();
    until("the org is gone", async || {
        if let Some(erasure) = orgs.erasure(&org_id).await.unwrap() {
            let at_rest_at = erasure.requested_at;
            orgs.note_erasure(&Erasure { at_rest_at, ..erasure }).await.unwrap();
        }
        engine.erase().await;
        platform.get("/orgs/tenant").await.status == 404
    })
    .await;
}

/// The platform, with a token that an operator writes into the table.
async fn platform(engine: &impl Platform, tokens: &Tokens) -> Api {
    let (token, sources) = ("hookstep_of_the_platform", Sources::system());
    let record = Token {
        token_hash: hookstep_http_edge::hash_token(token),
        prefix: None,
        last_used_at: None,
        token_id: Some(TokenId((sources.new_id)())),
        owner: Owner::Platform,
        scopes: vec![Scope::Platform],
        name: "tests".to_owned(),
        created_at: sources.now(),
        expires_at: None,
    };
    tokens.put(&record).await.unwrap();
    Api { token: token.to_owned(), ..engine.api().clone() }
}
