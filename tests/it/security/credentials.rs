//! The credentials in a request, as its receiver sees them and as they are recorded. The management API's
//! handling of credentials is tested in `auth`.
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::world::{Answer, Receiver, Reply, World, closed_port};

const PASSWORD: &str = "planted password 7";
const TOKEN: &str = "planted-token-7";

fn basic() -> Value {
    json!({"auth": {"type": "basic", "username": "user", "password": PASSWORD}})
}

fn oauth(token_url: &str) -> Value {
    json!({"auth": {
        "type": "oauth_client_credentials", "token_url": token_url, "client_id": "client", "client_secret": "planted secret 7",
        "parameters": [{"in": "body", "name": "audience", "value": "planted audience 7"}],
    }})
}

fn granted(token: &str) -> Reply {
    Reply::status(200)
        .body(json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600}).to_string())
}

#[tokio::test]
async fn a_receiver_gets_the_credentials_and_the_record_does_not() {
    let pair = STANDARD.encode(format!("user:{PASSWORD}"));
    let cases = [
        (basic(), "authorization", format!("Basic {pair}")),
        (json!({"auth": {"type": "api_key", "name": "X-Key", "value": TOKEN}}), "x-key", TOKEN.to_owned()),
        (
            json!({"auth": {"type": "api_key", "name": "Authorization", "value": format!("Bearer {TOKEN}")}}),
            "authorization",
            format!("Bearer {TOKEN}"),
        ),
    ];
    let world = World::with_histories().await;
    for (fields, header, value) in cases {
        // A receiver that echoes its request, as it is and without its scheme.
        let secret = value.rsplit(' ').next().unwrap();
        let said = format!("you said {value}, {secret}, {}!", STANDARD.encode(format!("<{secret}>")));
        let echo = Reply::status(500).header("X-Echo", value.clone()).body(said);
        let receiver = Receiver::answering([echo]).await;
        let config_id = world.api.create_webhook(&receiver.url, fields).await;
        let answer = world.api.trigger_sync(&config_id, "{}").await;
        assert_eq!(receiver.seen()[0].header(header), Some(value.as_str()));
        let event = world.api.event(&config_id, answer["event_id"].as_str().unwrap()).await;
        let attempt = &event["attempts"][0];
        assert_eq!(attempt["request_headers"][header], "***");
        assert_eq!(
            (&answer["headers"]["x-echo"], &attempt["response_headers"]["x-echo"]),
            (&json!("***"), &json!("***"))
        );
        let body = attempt["response_body"].as_str().unwrap();
        assert!(body.starts_with("you said ***, ***, ") && body.matches("***").count() == 3, "{body}");
        for text in
            [answer.to_string(), event.to_string(), world.history(event["event_id"].as_str().unwrap()).await]
        {
            assert!(!text.contains("planted") && !text.contains(&pair), "{text}");
        }
    }
}

#[tokio::test]
async fn a_client_with_a_key_sends_assertions_and_keeps_its_key() {
    let world = World::start().await;
    let server = Receiver::answering([granted(TOKEN)]).await;
    let receiver = Receiver::ok().await;
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let auth = json!({
        "type": "oauth_client_credentials", "token_url": server.url, "client_id": "client", "scope": "a:write b",
        "client_authentication": "private_key_jwt", "private_key": key, "key_id": "k1",
        "parameters": [
            {"in": "body", "name": "resource", "value": "https://api.example.com/"},
            {"in": "body", "name": "resource", "value": ""},
        ],
    });
    let config_id = world.api.create_webhook(&receiver.url, json!({"auth": auth})).await;
    let path = format!("/webhook/{config_id}");
    let mut shown = world.api.get(&path).await.json()["auth"].clone();
    assert_eq!(
        (&shown["private_key"], &shown["key_id"], &shown["scope"]),
        (&Value::Null, &json!("k1"), &auth["scope"])
    );
    assert_eq!(world.api.trigger_sync(&config_id, "{}").await["status"], "succeeded");
    // What the API showed can be written back: the key and the values of parameters are kept.
    shown["key_id"] = json!("k2");
    let changed = world.api.patch(&config_id, &json!({"auth": shown})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(world.api.trigger_sync(&config_id, "{}").await["status"], "succeeded");
    assert!(
        receiver.seen().iter().all(|seen| seen.header("authorization") == Some(&format!("Bearer {TOKEN}")))
    );
    for (request, key_id) in server.seen().iter().zip(["k1", "k2"]) {
        let form = format!("http://form.test/?{}", String::from_utf8_lossy(&request.body));
        let form = reqwest::Url::parse(&form).unwrap();
        let form: Vec<(String, String)> = form.query_pairs().into_owned().collect();
        let values = |name: &str| -> Vec<&str> {
            form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(values("resource"), ["https://api.example.com/", ""]);
        assert_eq!((values("scope"), values("client_secret")), (vec!["a:write b"], vec![]));
        let head = values("client_assertion")[0].split('.').next().unwrap();
        let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
        assert_eq!(head, json!({"alg": "ES256", "typ": "JWT", "kid": key_id}));
    }
    assert_eq!(server.calls(), 2);
    let tested = world.api.post(&format!("{path}/test-auth"), &json!({})).await.json();
    assert_eq!(tested["ok"], true, "{tested}");
}

#[tokio::test]
async fn a_token_for_ever_is_cached_and_can_be_tested() {
    let world = World::start().await;
    let for_ever = json!({"access_token": TOKEN, "token_type": "BearerToken", "expires_in": i64::MAX});
    let server = Receiver::answering([Reply::status(200).body(for_ever.to_string())]).await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, oauth(&server.url)).await;
    for _ in 0..2 {
        assert_eq!(world.api.trigger_sync(&config_id, "{}").await["status"], "succeeded");
    }
    assert_eq!(server.calls(), 1);
    assert_eq!(receiver.seen()[0].header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    let tested = world.api.post(&format!("/webhook/{config_id}/test-auth"), &json!({})).await;
    assert_eq!((tested.status, &tested.json()["expires_in"]), (200, &json!(315_360_000)));
}

#[tokio::test]
async fn tokens_are_shared_between_deliveries_and_renewed_once_when_refused() {
    let world = World::start().await;
    let server =
        Receiver::answering([granted("planted-1"), granted("planted-2"), granted("planted-2")]).await;
    let receiver = Receiver::answering([200, 200, 401, 200, 401].map(Reply::status)).await;
    let config_id = world.api.create_webhook(&receiver.url, oauth(&server.url)).await;
    let deliver = async || world.api.trigger_sync(&config_id, "{}").await["status_code"].clone();
    assert_eq!((deliver().await, deliver().await), (json!(200), json!(200)));
    assert_eq!(server.calls(), 1, "one token for both");
    let asked = server.only();
    assert_eq!(
        String::from_utf8(asked.body).unwrap(),
        "grant_type=client_credentials&client_id=client&client_secret=planted+secret+7&audience=planted+audience+7"
    );
    assert_eq!(deliver().await, 200, "refused, renewed, taken");
    assert_eq!((server.calls(), receiver.calls()), (2, 4));
    let sent: Vec<_> =
        receiver.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(sent, ["Bearer planted-1", "Bearer planted-1", "Bearer planted-1", "Bearer planted-2"]);
    let ids: Vec<_> =
        receiver.seen().iter().map(|seen| seen.header("webhook-id").unwrap().to_owned()).collect();
    assert_eq!(ids[2], ids[3], "the same attempt");
    // The authorisation server issues the same token again, so there is no second try.
    assert_eq!(deliver().await, 401);
    assert_eq!((server.calls(), receiver.calls()), (3, 5));
}

#[tokio::test]
async fn a_token_that_is_not_to_be_had_fails_the_delivery_and_says_why() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let refusing = Receiver::answering([Reply::status(401).body(r#"{"error": "invalid_client"}"#)]).await;
    let cases = [
        (refusing.url.clone(), "the token endpoint answered 401: invalid_client"),
        (closed_port().await, "the token endpoint: connection refused"),
    ];
    for (token_url, reason) in cases {
        let config_id = world.api.create_webhook(&receiver.url, oauth(&token_url)).await;
        let answer = world.api.trigger_sync(&config_id, "{}").await;
        assert_eq!(
            (&answer["outcome"], &answer["reason"]),
            (&json!("failed_auth"), &json!({"code": "token_endpoint", "detail": reason})),
            "{answer}"
        );
        let test = world.api.post(&format!("/webhook/{config_id}/test-auth"), &json!({})).await;
        assert_eq!(
            (test.status, &test.json()["ok"], &test.json()["detail"]),
            (200, &json!(false), &json!(reason))
        );
    }
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test]
async fn a_token_endpoint_that_comes_back_is_asked_again() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let server = Receiver::answering([Reply::status(503), granted(TOKEN)]).await;
    let mut fields = oauth(&server.url);
    fields["retry"] = json!({"schedule_seconds": [1]});
    let config_id = world.api.create_webhook(&receiver.url, fields).await;
    let event = world.api.deliver(&config_id, "{}").await;
    let outcomes: Vec<_> =
        event["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["outcome"]).collect();
    assert_eq!(outcomes, ["failed_auth", "succeeded"]);
}

#[tokio::test]
async fn a_connection_that_lost_its_credentials_fails_the_delivery_and_says_why() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let events = &world.host.clients().events;
    let failed = async |config_id: &str| {
        let answer = world.api.trigger_sync(config_id, "{}").await;
        assert_eq!(
            (&answer["outcome"], &answer["reason"]["code"]),
            (&json!("failed_auth"), &json!("connection_unreadable")),
            "{answer}"
        );
        answer["error"].as_str().unwrap().to_owned()
    };
    let config_id = world.api.create_webhook(&receiver.url, basic()).await;
    let name = hookstep_secrets::connection_name_for(&"acme".parse().unwrap(), config_id.parse().unwrap());
    events.deauthorize_connection().name(&name).send().await.unwrap();
    assert!(failed(&config_id).await.starts_with("the connection is deauthorised"));
    events.delete_connection().name(&name).send().await.unwrap();
    assert_eq!(failed(&config_id).await, "the connection was deleted");
    assert_eq!(receiver.calls(), 0);
}

#[tokio::test]
async fn a_changed_password_goes_with_the_next_event() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, basic()).await;
    world.api.trigger_sync(&config_id, "{}").await;
    let mut changed = json!({"name": "test", "url": receiver.url});
    changed["auth"] = json!({"type": "basic", "username": "user", "password": "another one"});
    let put = world.api.put(&format!("/webhook/{config_id}"), &changed).await;
    assert_eq!(put.status, 200, "{put:?}");
    world.api.trigger_sync(&config_id, "{}").await;
    // An omitted secret is kept.
    changed["auth"].as_object_mut().unwrap().remove("password");
    assert_eq!(world.api.put(&format!("/webhook/{config_id}"), &changed).await.status, 200);
    world.api.trigger_sync(&config_id, "{}").await;
    let sent: Vec<_> =
        receiver.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("user:{password}")));
    assert_eq!(sent, [basic(PASSWORD), basic("another one"), basic("another one")]);
}

#[tokio::test]
async fn a_large_body_is_sent_again_with_the_renewed_token() {
    let world = World::start().await;
    let server = Receiver::answering([granted("planted-1"), granted("planted-2")]).await;
    let receiver = Receiver::answering([401, 200].map(Reply::status)).await;
    let config_id = world.api.create_webhook(&receiver.url, oauth(&server.url)).await;
    let body = "large ".repeat(100_000);
    assert_eq!(world.api.trigger_sync(&config_id, body.clone()).await["status"], "succeeded");
    assert!(receiver.seen().iter().all(|seen| seen.body == body.as_bytes()));
}

#[tokio::test]
async fn a_deleted_webhook_is_not_sent_again() {
    let world = World::start().await;
    let receiver = Receiver::answering([Reply::status(500), Reply::status(200)]).await;
    let config_id =
        world.api.create_webhook(&receiver.url, json!({"retry": {"schedule_seconds": [1]}})).await;
    let event_id = world.api.trigger(&config_id, "{}").await;
    world.api.until(&config_id, &event_id, |event| event["attempt_count"] == 1).await;
    assert_eq!(world.api.delete(&format!("/webhook/{config_id}")).await.status, 204);
    let event = world.api.ended(&config_id, &event_id).await;
    assert_eq!((&event["status"], &event["reason"]["code"]), (&json!("failed"), &json!("webhook_deleted")));
    assert_eq!(receiver.calls(), 1);
}

#[tokio::test]
async fn a_trace_is_passed_on_and_a_broken_one_is_not() {
    let world = World::start().await;
    let receiver = Receiver::ok().await;
    let config_id = world.api.create_webhook(&receiver.url, json!({})).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for sent in [trace, "00-nonsense"] {
        let request = world.api.triggering(&config_id, "?sync=true", "{}").header("traceparent", sent);
        assert_eq!(Answer::to(request.timeout(Duration::from_secs(30))).await.status, 200);
    }
    let seen = receiver.seen();
    assert_eq!((seen[0].header("traceparent"), seen[1].header("traceparent")), (Some(trace), None));
}
