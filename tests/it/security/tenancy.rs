//! No request reaches another org's resources: every operation in the OpenAPI document is called by users who
//! may not, and then by one who may, to prove that the earlier refusals had no other cause. Those of a platform are called
//! with its token, and every other one with that token and the org's id, too.
#![expect(clippy::unwrap_used, reason = "a document that is not as expected fails the test")]

use std::time::Duration;

use hookstep_contract::Scope;
use hookstep_host::NewToken;
use http::Method;
use serde_json::{Value, json};

use crate::managing::orgs::{platform, within};
use crate::world::{Answer, Api, ORG, Receiver, Reply, World, mailbox};

/// The public operations. A new one must be listed here.
const PUBLIC: [&str; 9] = [
    "check_health",
    "check_liveness",
    "check_readiness",
    "read_docs",
    "read_docs_style",
    "read_jwks",
    "read_openapi",
    "read_public_key",
    "read_source_addresses",
];

const SCOPES: [(&str, Scope); 3] =
    [("trigger", Scope::Trigger), ("read", Scope::Read), ("manage", Scope::Manage)];

/// A marker in everything that our org owns, and in nothing else.
const MARKER: &str = "planted-e8b1f7";

/// A host on which addresses can be named.
async fn sending_mails() -> World {
    World::with_options(|options| options.mailer = mailbox::mailer("smtp://127.0.0.1:9")).await
}

/// An operation in the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
    scope: String,
    body: Value,
}

impl Operation {
    /// All operations; those that delete what others need come last.
    async fn all(api: &Api) -> Vec<Self> {
        let document = api.get("/openapi.json").await.json();
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let body = &operation["requestBody"];
                let example = &body["content"]["application/json"]["example"];
                assert!(body["required"] != true || example.is_object(), "{method} {path} has no example");
                operations.push(Self {
                    id: operation["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_uppercase().parse().unwrap(),
                    path: path.clone(),
                    scope: operation["x-required-scope"].as_str().unwrap().to_owned(),
                    body: example.clone(),
                });
            }
        }
        // What belongs to something goes before it.
        operations.sort_by_key(|operation| {
            let is_delete = operation.method == Method::DELETE;
            let depth = if is_delete { operation.path.matches('{').count() } else { 0 };
            (is_delete, operation.method == Method::PUT, usize::MAX - depth)
        });
        operations
    }

    /// Whether the operation is about a single resource, which belongs to an org.
    fn names_something(&self) -> bool {
        self.path.contains('{')
    }

    async fn ask(&self, api: &Api, things: &Things) -> Answer {
        let request = api.request(self.method.clone(), &things.fill(&self.path));
        let mut body = self.body.clone();
        if body["url"].is_string() {
            body["url"] = json!(things.url);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        Answer::to(request.header("content-type", "application/json").body(body)).await
    }
}

/// An org's resources: an id for every path parameter.
#[derive(Clone)]
struct Things {
    /// The target of the org's webhooks.
    url: String,
    ids: Vec<(&'static str, String)>,
}

impl Things {
    /// One resource of every kind, with the marker in each of its parts.
    async fn of(api: &Api, receiver: &Receiver) -> Self {
        let (url, marked) = (receiver.url.clone(), format!("{}?{MARKER}", receiver.url));
        let fields = json!({"name": MARKER, "headers": {"X-Marker": MARKER},
            "auth": {"type": "basic", "username": MARKER, "password": MARKER}});
        let config_id = api.create_webhook(&marked, fields).await;
        let request = api.triggering(&config_id, "", MARKER).header("x-correlation-id", MARKER);
        let event_id = crate::world::accepted(&Answer::to(request).await);
        api.ended(&config_id, &event_id).await;
        let path = format!("/webhook/{config_id}/events/replay");
        let replay = api.post(&path, &json!({"event_ids": [event_id]})).await.json();
        let replay_id = replay["replay_id"].as_str().unwrap().to_owned();
        let token = api.post("/tokens", &json!({"name": MARKER, "scopes": ["read"]})).await.json();
        let token_id = token["token_id"].as_str().unwrap().to_owned();
        let sign_in = api.http.post(format!("{}/console/sign-in", api.base));
        let sign_in = sign_in.header("sec-fetch-site", "same-origin");
        let form = "application/x-www-form-urlencoded";
        Answer::to(sign_in.header("content-type", form).body(format!("token={}", api.token))).await;
        let sessions = api.get("/sessions").await.json();
        let session_id = sessions["data"][0]["session_id"].as_str().unwrap().to_owned();
        let event_type =
            json!({"name": MARKER, "description": MARKER, "sample": MARKER, "schema": {"title": MARKER}});
        assert_eq!(api.post("/event-types", &event_type).await.status, 201);
        let event = json!({"event_type": MARKER, "payload": MARKER, "correlation_id": MARKER});
        let published = api.post("/events", &event).await.json();
        let publication_id = published["publication_id"].as_str().unwrap().to_owned();
        let erasure =
            api.post("/erasures", &json!({"correlation_id": format!("{MARKER} of another")})).await.json();
        let erasure_id = erasure["erasure_id"].as_str().unwrap().to_owned();
        let ids = [
            ("config_id", config_id),
            ("erasure_id", erasure_id),
            ("publication_id", publication_id),
            ("event_type", MARKER.to_owned()),
            ("version", "1".to_owned()),
            ("session_id", session_id),
            ("event_id", event_id),
            ("replay_id", replay_id),
            ("token_id", token_id),
        ];
        Self { url, ids: ids.into() }
    }

    /// The same, and an org and a token of the platform's own.
    async fn and_of(mut self, platform: &Api) -> Self {
        let org = platform.post("/orgs", &json!({"org_id": "spare", "name": MARKER})).await;
        assert_eq!(org.status, 201, "{org:?}");
        let token = platform.post("/platform/tokens", &json!({"name": MARKER})).await.json();
        self.ids.push(("org_id", "spare".to_owned()));
        self.ids.push(("platform_token_id", token["token_id"].as_str().unwrap().to_owned()));
        self
    }

    fn fill(&self, path: &str) -> String {
        let filled = self
            .ids
            .iter()
            .fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        // What a platform deletes belongs to nobody else.
        let filled = match self.ids.iter().find(|(name, _)| *name == "platform_token_id") {
            Some((_, id)) if path.starts_with("/platform/") => path.replace("{token_id}", id),
            _ => filled,
        };
        assert!(!filled.contains('{'), "{filled}: there is nothing for this parameter");
        filled
    }
}

/// Fails unless the response is one of these refusals and reveals nothing of ours.
fn refused(who: &str, operation: &Operation, answer: &Answer, statuses: &[u16]) {
    let Operation { method, path, .. } = operation;
    assert!(statuses.contains(&answer.status), "{method} {path} by {who}: {answer:?}");
    answer.problem(answer.status);
    shows_nothing(who, operation, answer);
}

fn shows_nothing(who: &str, Operation { method, path, .. }: &Operation, answer: &Answer) {
    let shown = format!("{:?} {}", answer.headers, String::from_utf8_lossy(&answer.body));
    assert!(!shown.contains(MARKER), "{method} {path} shows {who}: {shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_gets_nothing_from_any_operation() {
    let reply = Reply::status(200).header("X-Marker", MARKER).body(MARKER);
    let (world, receiver) = (sending_mails().await, Receiver::answering([reply]).await);
    let operations = Operation::all(&world.api).await;
    let platform = platform(&world).await;
    let things = Things::of(&world.api, &receiver).await.and_of(&platform).await;
    let strangers = strangers(&world).await;
    let other = world.admin_of("other").await;
    let mut theirs = things.clone();
    theirs.ids[0].1 = other.create_webhook(&things.url, json!({})).await;
    for operation in &operations {
        let Operation { id, scope, .. } = operation;
        if PUBLIC.contains(&id.as_str()) {
            assert_eq!(scope, "none", "{id}");
            continue;
        }
        for (who, api) in &strangers {
            refused(who, operation, &operation.ask(api, &things).await, &[401]);
        }
        if scope == "platform" {
            for api in [&world.api, &other, &world.with_scopes(&[]).await] {
                refused("a token of an org", operation, &operation.ask(api, &things).await, &[403]);
            }
            continue;
        }
        let without = operation.ask(&platform, &things).await;
        assert_eq!(without.wrong_field(), "X-Org-Id", "{id} by a platform that names no org");
        let elsewhere = operation.ask(&within(&platform, "nobody"), &things).await;
        refused("a platform, in no org", operation, &elsewhere, &[404]);
        let elsewhere = operation.ask(&within(&world.api, "other"), &things).await;
        refused("one who names another org", operation, &elsewhere, &[403]);
        let (_, needed) = SCOPES.iter().find(|(name, _)| name == scope).unwrap();
        for api in narrower(&world, *needed).await {
            refused("one of narrower scope", operation, &operation.ask(&api, &things).await, &[403]);
        }
        let answer = operation.ask(&other, &things).await;
        if operation.names_something() {
            refused("another org", operation, &answer, &[404]);
        }
        shows_nothing("another org", operation, &answer);
        if operation.path.matches('{').count() > 1 {
            refused(
                "another org, by its own webhook",
                operation,
                &operation.ask(&other, &theirs).await,
                &[404],
            );
        }
    }
    for operation in operations.iter().filter(|operation| !PUBLIC.contains(&operation.id.as_str())) {
        let api = if operation.scope == "platform" { &platform } else { &world.api };
        done("one who may", operation, &operation.ask(api, &things).await);
    }
}

fn done(who: &str, operation: &Operation, answer: &Answer) {
    // The event has ended, so there is nothing to cancel.
    let is_done = answer.status < 400 || (operation.id == "cancel_event" && answer.status == 409);
    assert!(is_done, "{} by {who}: {answer:?}", operation.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_may_do_everything_in_an_org_that_it_names() {
    let reply = Reply::status(200).header("X-Marker", MARKER).body(MARKER);
    let (world, receiver) = (sending_mails().await, Receiver::answering([reply]).await);
    let platform = platform(&world).await;
    let org = platform.post("/orgs", &json!({"org_id": ORG, "name": "Acme"})).await;
    assert_eq!(org.status, 201, "{org:?}");
    let things = Things::of(&world.api, &receiver).await.and_of(&platform).await;
    let there = within(&platform, ORG);
    let operations = Operation::all(&world.api).await;
    for operation in operations.into_iter().filter(|operation| !PUBLIC.contains(&operation.id.as_str())) {
        done("a platform", &operation, &operation.ask(&there, &things).await);
    }
}

/// Callers whose credentials are invalid, expired or revoked.
async fn strangers(world: &World) -> Vec<(&'static str, Api)> {
    let with = |token: String| Api { token, ..world.api.clone() };
    let all = || NewToken::admin(ORG.parse().unwrap());
    let now = hookstep_ambient::Sources::system().now();
    let past = NewToken { expires_at: Some(now.minus(Duration::from_secs(60))), ..all() };
    let revoked =
        world.api.post("/tokens", &json!({"name": "revoked", "scopes": ["trigger", "read", "manage"]})).await;
    let path = format!("/tokens/{}", revoked.json()["token_id"].as_str().unwrap());
    assert_eq!(world.api.delete(&path).await.status, 204);
    vec![
        ("nobody", with(String::new())),
        ("one with a wrong token", with("hook_0000".to_owned())),
        ("one whose token has expired", with(world.host.create_token(past).await.unwrap())),
        ("one whose token is revoked", with(revoked.json()["token"].as_str().unwrap().to_owned())),
    ]
}

/// Members of our org: without scopes, with all scopes but the required one, and with each other scope alone.
async fn narrower(world: &World, needed: Scope) -> Vec<Api> {
    let others: Vec<Scope> =
        SCOPES.iter().map(|(_, scope)| *scope).filter(|scope| *scope != needed).collect();
    let mut apis = vec![world.with_scopes(&[]).await, world.with_scopes(&others).await];
    for scope in others {
        apis.push(world.with_scopes(&[scope]).await);
    }
    apis
}
