//! Webhook authentication, as the management API accepts, stores and shows it: the webhook's connection. For
//! TLS, see `certificates`.
#![expect(clippy::unwrap_used, reason = "an unexpected result in a helper fails the test")]

use aws_sdk_eventbridge::operation::describe_connection::DescribeConnectionOutput;
use aws_sdk_eventbridge::types::{
    ConnectionAuthorizationType as Kind, CreateConnectionApiKeyAuthRequestParameters,
    CreateConnectionAuthRequestParameters,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hookstep_contract::Scope;
use hookstep_secrets::connection_name_for;
use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, NOBODY, ORG, Receiver, World};

const URL: &str = "https://example.com/hook";

pub(crate) fn basic(username: &str, password: &str) -> Value {
    json!({"type": "basic", "username": username, "password": password})
}

fn api_key(name: &str, value: &str) -> Value {
    json!({"type": "api_key", "name": name, "value": value})
}

fn oauth(parameters: Value) -> Value {
    json!({
        "type": "oauth_client_credentials", "token_url": "https://example.com/token", "client_id": "client",
        "client_secret": "planted-secret", "method": "PUT", "parameters": parameters,
    })
}

fn audience() -> Value {
    json!([{"in": "body", "name": "audience", "value": "planted-audience"}])
}

/// The authentication as shown, without its secrets.
fn shown(auth: &Value) -> Value {
    let mut auth = auth.clone();
    for secret in ["password", "value", "client_secret"] {
        auth.as_object_mut().unwrap().remove(secret);
    }
    for parameter in auth.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        parameter.as_object_mut().unwrap().remove("value");
    }
    auth
}

fn header_of(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

impl World {
    /// Direct access to the storage, for changes that the API does not offer.
    pub(crate) fn storage(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("hookstep.sqlite")).unwrap()
    }

    /// The number of connections, including other webhooks'.
    pub(crate) fn connections(&self) -> i64 {
        let connections = "SELECT count(*) FROM items WHERE tbl = 4";
        self.storage().query_one(connections, [], |row| row.get(0)).unwrap()
    }

    /// The webhook's own connection, if it has one.
    pub(crate) async fn connection(&self, config_id: &str) -> Option<DescribeConnectionOutput> {
        let name = connection_name_for(&ORG.parse().unwrap(), config_id.parse().unwrap());
        self.host.clients().events.describe_connection().name(name).send().await.ok()
    }

    /// An update of a webhook with these fields, in addition to the required ones.
    pub(crate) async fn put(&self, config_id: &str, url: &str, fields: Value) -> Answer {
        let mut config = json!({"name": "test", "url": url});
        config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.api.put(&format!("/webhook/{config_id}"), &config).await
    }

    /// Creates an operator's connection with an API key; returns its ARN.
    async fn operators(&self, name: &str) -> String {
        let key = CreateConnectionApiKeyAuthRequestParameters::builder();
        let key = key.api_key_name("X-Erp").api_key_value("planted-erp").build().unwrap();
        let parameters =
            CreateConnectionAuthRequestParameters::builder().api_key_auth_parameters(key).build();
        let request = self.host.clients().events.create_connection().name(name);
        let request = request.authorization_type(Kind::ApiKey).auth_parameters(parameters);
        request.send().await.unwrap().connection_arn.unwrap()
    }
}

#[tokio::test]
async fn secrets_of_every_kind_go_into_a_connection_and_are_not_shown() {
    let world = World::start().await;
    for (auth, kind) in [
        (basic("user", "planted-password"), Kind::Basic),
        (api_key("X-Key", "planted-key"), Kind::ApiKey),
        (oauth(audience()), Kind::OauthClientCredentials),
    ] {
        let created = world.api.post("/webhook", &json!({"name": "test", "url": URL, "auth": auth})).await;
        assert_eq!((created.status, &created.json()["auth"]), (201, &shown(&auth)), "{created:?}");
        let config_id = created.json()["config_id"].as_str().unwrap().to_owned();
        let connection = world.connection(&config_id).await.unwrap();
        assert_eq!(connection.authorization_type(), Some(&kind));
        let read = world.api.get(&format!("/webhook/{config_id}")).await;
        assert_eq!(read.json()["auth"], shown(&auth));
        // Writing back what was read changes nothing.
        let kept = world.put(&config_id, URL, json!({"auth": read.json()["auth"]})).await;
        assert_eq!((kept.status, &kept.json()["auth"]), (200, &shown(&auth)), "{kept:?}");
        let after = world.connection(&config_id).await.unwrap();
        assert_eq!(after.connection_arn(), connection.connection_arn());
        let list = world.api.get("/webhook").await;
        for answer in [created, read, kept, list] {
            assert!(!answer.json().to_string().contains("planted"), "{answer:?}");
        }
        assert!(!format!("{after:?}").contains("planted"));
    }
}

#[tokio::test]
async fn what_is_left_out_is_kept_what_is_null_is_cleared_and_the_next_delivery_has_it() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let steps = [
        (json!({"auth": basic("user", "one")}), "authorization", Some(header_of("user", "one"))),
        (json!({}), "authorization", Some(header_of("user", "one"))),
        (
            json!({"auth": {"type": "basic", "username": "other"}}),
            "authorization",
            Some(header_of("other", "one")),
        ),
        (json!({"auth": basic("other", "two")}), "authorization", Some(header_of("other", "two"))),
        (json!({"auth": api_key("X-Key", "three")}), "x-key", Some("three".to_owned())),
        (json!({"auth": {"type": "api_key", "name": "X-Other"}}), "x-other", Some("three".to_owned())),
        (json!({"auth": null}), "x-other", None),
        (
            json!({"auth": api_key("Authorization", "Bearer four")}),
            "authorization",
            Some("Bearer four".to_owned()),
        ),
        (json!({"auth": {"type": "none"}}), "authorization", None),
        (json!({}), "authorization", None),
    ];
    for (index, (fields, header, value)) in steps.into_iter().enumerate() {
        let put = world.put(&config_id, &receiver.url, fields.clone()).await;
        assert_eq!((put.status, &put.json()["revision"]), (200, &json!(index + 2)), "{put:?}");
        assert_eq!(world.api.trigger_sync(&config_id, "{}").await["status"], "succeeded");
        let seen = receiver.seen();
        assert_eq!(seen.last().unwrap().header(header), value.as_deref(), "{fields}");
        assert_eq!(world.connection(&config_id).await.is_some(), value.is_some(), "{fields}");
        assert_eq!(put.json()["auth"].is_object(), value.is_some(), "{put:?}");
    }
}

#[tokio::test]
async fn parameters_are_all_given_or_all_kept() {
    let world = World::start().await;
    let config_id = world.api.create_webhook(URL, json!({"auth": oauth(audience())})).await;
    let kept = json!([{"in": "body", "name": "audience"}]);
    let moved = json!([{"in": "query", "name": "audience"}]);
    let more = json!([{"in": "body", "name": "audience", "value": "v"}, {"in": "body", "name": "scope"}]);
    let names = async || {
        let connection = world.connection(&config_id).await.unwrap();
        let parameters = connection.auth_parameters.unwrap().o_auth_parameters.unwrap();
        let http = parameters
            .o_auth_http_parameters
            .unwrap_or_else(|| aws_sdk_eventbridge::types::ConnectionHttpParameters::builder().build());
        let names = |keys: Vec<Option<&str>>| keys.into_iter().flatten().collect::<Vec<_>>().join(" ");
        names(http.body_parameters().iter().map(|parameter| parameter.key()).collect())
    };
    for (parameters, expected) in [
        (kept.clone(), Ok("audience")),
        (moved, Err("auth.parameters[0].value")),
        (more, Err("auth.parameters[1].value")),
        (json!([{"in": "body", "name": "scope", "value": "all"}]), Ok("scope")),
        (kept, Err("auth.parameters[0].value")),
        (json!([]), Ok("")),
    ] {
        let mut auth = oauth(parameters.clone());
        auth.as_object_mut().unwrap().remove("client_secret");
        let put = world.put(&config_id, URL, json!({"auth": auth})).await;
        match expected {
            Ok(expected) => assert_eq!((put.status, &*names().await), (200, expected), "{put:?}"),
            Err(field) => assert_eq!(put.wrong_field(), field, "{parameters}"),
        }
    }
}

/// Every authentication that must be rejected, and the field to blame.
fn wrong_auths() -> Vec<(Value, &'static str)> {
    let parameter = |place: &str, name: &str| json!([{"in": place, "name": name, "value": "v"}]);
    let mut plain = oauth(json!([]));
    plain["token_url"] = json!("ftp://example.com/");
    let arn = |name: &str| format!("arn:aws:events:eu-west-1:1:connection/{name}/0190a000");
    vec![
        (json!("planted"), "auth"),
        (json!({}), "auth.type"),
        (json!({"type": "planted"}), "auth.type"),
        (json!({"type": "basic", "username": "u"}), "auth.password"),
        (json!({"type": "basic", "password": "planted"}), "auth.username"),
        (basic("a:b", "p"), "auth.username"),
        (json!({"type": "basic", "username": "u", "password": null}), "auth.password"),
        (json!({"type": "basic", "username": "u", "password": 7_654_321}), "auth.password"),
        (json!({"type": "basic", "username": "u", "password": "p", "value": "planted"}), "auth.value"),
        (basic("u", &"planted".repeat(74)), "auth.password"),
        (api_key("X-Key", ""), "auth.value"),
        (api_key("X-Key", "plantéd"), "auth.value"),
        (api_key("Content-Length", "planted"), "auth.name"),
        (api_key("webhook-signature", "planted"), "auth.name"),
        (api_key("X Key", "planted"), "auth.name"),
        (api_key("X-Team", "planted"), "headers.x-team"),
        (plain, "auth.token_url"),
        (oauth(parameter("form", "a")), "auth.parameters[0].in"),
        (oauth(parameter("header", "Host")), "auth.parameters[0].name"),
        (oauth(json!([{"in": "body", "name": "a"}])), "auth.parameters[0].value"),
        (json!({"type": "connection"}), "auth.connection_arn"),
        (json!({"type": "connection", "connection_arn": "hookstep.acme.x"}), "auth.connection_arn"),
        (json!({"type": "connection", "connection_arn": arn("hookstep.other.x")}), "auth.connection_arn"),
        (json!({"type": "connection", "connection_arn": arn("hookstep.acme.x")}), "auth.connection_arn"),
    ]
}

#[tokio::test]
async fn a_wrong_authentication_is_named_and_nothing_is_saved_or_repeated() {
    let world = World::start().await;
    let config_id = world.api.create_webhook(URL, json!({})).await;
    let before = world.api.get("/webhook").await.json();
    for (auth, field) in wrong_auths() {
        let body = json!({"name": "test", "url": URL, "headers": {"x-team": "a"}, "auth": auth});
        for answer in [
            world.api.post("/webhook", &body).await,
            world.api.put(&format!("/webhook/{config_id}"), &body).await,
        ] {
            assert_eq!(answer.wrong_field(), field, "{auth}");
            assert!(
                !["plant", "7654321"].iter().any(|part| format!("{answer:?}").contains(part)),
                "{answer:?}"
            );
        }
    }
    assert_eq!(world.api.get("/webhook").await.json(), before);
    assert_eq!(world.connections(), 0);
}

#[tokio::test]
async fn a_header_cannot_take_the_place_of_a_credential_that_is_kept() {
    let world = World::start().await;
    let config_id = world.api.create_webhook(URL, json!({"auth": api_key("X-Key", "planted")})).await;
    let put = world.put(&config_id, URL, json!({"headers": {"x-key": "mine"}})).await;
    assert_eq!(put.wrong_field(), "headers.x-key");
    assert_eq!(
        world.put(&config_id, URL, json!({"auth": null, "headers": {"x-key": "mine"}})).await.status,
        200
    );
}

#[tokio::test]
async fn an_operators_connection_is_attached_by_its_org_alone_and_is_never_deleted() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let arn = world.operators("hookstep.acme.erp").await;
    let others = world.operators("hookstep.other.erp").await;
    let attach = |arn: &str| json!({"auth": {"type": "connection", "connection_arn": arn}});
    let config_id = world.api.create_webhook(&receiver.url, json!({"auth": basic("user", "planted")})).await;
    let own = world.connection(&config_id).await.unwrap().connection_arn.unwrap();
    let stale = format!("{}/0190a000", arn.rsplit_once('/').unwrap().0);
    for wrong in [&others, &own, &stale] {
        let put = world.put(&config_id, &receiver.url, attach(wrong)).await;
        assert_eq!(put.wrong_field(), "auth.connection_arn", "{wrong}");
    }
    assert!(world.connection(&config_id).await.is_some(), "still its own");
    assert_eq!(world.put(&config_id, &receiver.url, attach(&arn)).await.status, 200);
    assert!(world.connection(&config_id).await.is_none(), "its own is gone");
    for fields in [json!({}), attach(&arn)] {
        assert_eq!(world.put(&config_id, &receiver.url, fields).await.status, 200);
        assert_eq!(world.api.trigger_sync(&config_id, "{}").await["status"], "succeeded");
        assert_eq!(receiver.seen().last().unwrap().header("x-erp"), Some("planted-erp"));
    }
    // The API must not keep anything from the operator's connection.
    let put =
        world.put(&config_id, &receiver.url, json!({"auth": {"type": "api_key", "name": "X-Erp"}})).await;
    assert_eq!(put.wrong_field(), "auth.value");
    assert_eq!(world.api.delete(&format!("/webhook/{config_id}")).await.status, 204);
    let left = world.host.clients().events.describe_connection().name("hookstep.acme.erp").send().await;
    assert_eq!(left.unwrap().connection_arn, Some(arn));
}

#[tokio::test]
async fn a_connection_that_is_lost_is_made_again_when_its_secrets_are_given_again() {
    let (world, receiver) = (World::start().await, Receiver::ok().await);
    let config_id = world.api.create_webhook(&receiver.url, json!({"auth": basic("user", "one")})).await;
    let name = connection_name_for(&ORG.parse().unwrap(), config_id.parse().unwrap());
    world.host.clients().events.delete_connection().name(&name).send().await.unwrap();
    let put =
        world.put(&config_id, &receiver.url, json!({"auth": {"type": "basic", "username": "user"}})).await;
    assert_eq!(put.wrong_field(), "auth.password");
    // The rejected change released its lease on the webhook.
    assert_eq!(world.put(&config_id, &receiver.url, json!({"auth": basic("user", "two")})).await.status, 200);
    world.host.clients().events.deauthorize_connection().name(&name).send().await.unwrap();
    let put =
        world.put(&config_id, &receiver.url, json!({"auth": {"type": "basic", "username": "user"}})).await;
    assert_eq!(put.wrong_field(), "auth.password");
    assert_eq!(
        world.put(&config_id, &receiver.url, json!({"auth": basic("user", "three")})).await.status,
        200
    );
    world.api.trigger_sync(&config_id, "{}").await;
    assert_eq!(receiver.only().header("authorization"), Some(&*header_of("user", "three")));
}

#[tokio::test]
async fn a_deleted_webhook_leaves_no_connection_whatever_became_of_it_before() {
    let world = World::start().await;
    for lose_connection_first in [false, true] {
        let config_id = world.api.create_webhook(URL, json!({"auth": basic("user", "planted")})).await;
        if lose_connection_first {
            let name = connection_name_for(&ORG.parse().unwrap(), config_id.parse().unwrap());
            world.host.clients().events.delete_connection().name(&name).send().await.unwrap();
        }
        let path = format!("/webhook/{config_id}");
        assert_eq!(world.api.delete(&path).await.status, 204);
        assert!(world.connection(&config_id).await.is_none());
        world.api.delete(&path).await.problem(404);
        world.put(&config_id, URL, json!({"auth": basic("user", "planted")})).await.problem(404);
        assert!(world.connection(&config_id).await.is_none());
    }
}

#[tokio::test]
async fn an_authentication_is_tried_by_whoever_may_change_it() {
    let world = World::start().await;
    let with = async |auth: Value| world.api.create_webhook(URL, json!({"auth": auth})).await;
    for config_id in [with(Value::Null).await, with(basic("user", "planted")).await] {
        let path = format!("/webhook/{config_id}/test-auth");
        let tested = Answer::to(world.api.request(Method::POST, &path)).await;
        assert_eq!((tested.status, &tested.json()["ok"]), (200, &json!(true)), "{tested:?}");
        assert!(!tested.json().to_string().contains("planted"));
        let others = world.with_scopes(&[Scope::Read, Scope::Trigger]).await;
        others.post(&path, &json!({})).await.problem(403);
        world.admin_of("other").await.post(&path, &json!({})).await.problem(404);
    }
    world.api.post(&format!("/webhook/{NOBODY}/test-auth"), &json!({})).await.problem(404);
}
