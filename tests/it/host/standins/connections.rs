//! EventBridge connections and their secrets.

use aws_sdk_eventbridge::operation::describe_connection::DescribeConnectionOutput;
use aws_sdk_eventbridge::types::{
    ConnectionAuthorizationType as Kind, ConnectionBodyParameter, ConnectionHeaderParameter,
    ConnectionHttpParameters, ConnectionOAuthHttpMethod, ConnectionState,
    CreateConnectionApiKeyAuthRequestParameters, CreateConnectionAuthRequestParameters as ToCreate,
    CreateConnectionBasicAuthRequestParameters, CreateConnectionOAuthClientRequestParameters,
    CreateConnectionOAuthRequestParameters, UpdateConnectionApiKeyAuthRequestParameters,
    UpdateConnectionAuthRequestParameters as ToUpdate, UpdateConnectionBasicAuthRequestParameters,
    UpdateConnectionOAuthClientRequestParameters, UpdateConnectionOAuthRequestParameters,
};
use serde_json::{Value, json};

use super::{code, files_with};
use crate::world::World;

fn basic(username: &str, password: &str) -> ToCreate {
    let basic = CreateConnectionBasicAuthRequestParameters::builder().username(username).password(password);
    ToCreate::builder().basic_auth_parameters(basic.build().unwrap()).build()
}

fn api_key(name: &str, value: &str) -> ToCreate {
    let key = CreateConnectionApiKeyAuthRequestParameters::builder().api_key_name(name).api_key_value(value);
    let header = ConnectionHeaderParameter::builder().key("x-env").value("test").is_value_secret(false);
    let http = ConnectionHttpParameters::builder().header_parameters(header.build());
    ToCreate::builder()
        .api_key_auth_parameters(key.build().unwrap())
        .invocation_http_parameters(http.build())
        .build()
}

fn form(values: &[(&str, &str, bool)]) -> ConnectionHttpParameters {
    let body = values.iter().map(|(key, value, secret)| {
        ConnectionBodyParameter::builder().key(*key).value(*value).is_value_secret(*secret).build()
    });
    ConnectionHttpParameters::builder().set_body_parameters(Some(body.collect())).build()
}

fn oauth() -> ToCreate {
    let client = CreateConnectionOAuthClientRequestParameters::builder()
        .client_id("client")
        .client_secret("planted-client-secret");
    let oauth = CreateConnectionOAuthRequestParameters::builder()
        .client_parameters(client.build().unwrap())
        .authorization_endpoint("https://id.example/token")
        .http_method(ConnectionOAuthHttpMethod::Post)
        .o_auth_http_parameters(form(&[("scope", "all", false), ("assertion", "planted-assertion", true)]));
    ToCreate::builder().o_auth_parameters(oauth.build().unwrap()).build()
}

async fn create(world: &World, name: &str, kind: Kind, parameters: ToCreate) -> Result<String, String> {
    let request = world.host.clients().events.create_connection().name(name).authorization_type(kind);
    let made = request.auth_parameters(parameters).send().await.map_err(|error| code(&error).to_owned())?;
    assert_eq!(made.connection_state(), Some(&ConnectionState::Authorized));
    Ok(made.connection_arn.unwrap())
}

async fn update(world: &World, name: &str, kind: Kind, parameters: ToUpdate) -> Result<(), String> {
    let request = world.host.clients().events.update_connection().name(name).authorization_type(kind);
    let changed = request.auth_parameters(parameters).send().await;
    changed.map(drop).map_err(|error| code(&error).to_owned())
}

async fn describe(world: &World, name: &str) -> DescribeConnectionOutput {
    world.host.clients().events.describe_connection().name(name).send().await.unwrap()
}

async fn value(world: &World, secret_id: &str) -> Result<Value, String> {
    let answer = world.host.clients().secrets.get_secret_value().secret_id(secret_id).send().await;
    let answer = answer.map_err(|error| code(&error).to_owned())?;
    Ok(serde_json::from_str(answer.secret_string().unwrap()).unwrap())
}

/// The current content of the connection's secret.
async fn secret(world: &World, name: &str) -> Value {
    value(world, describe(world, name).await.secret_arn().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_secret_is_as_eventbridge_writes_it() {
    let world = World::start().await;
    create(&world, "basic", Kind::Basic, basic("user", "pass")).await.unwrap();
    create(&world, "api-key", Kind::ApiKey, api_key("x-key", "key")).await.unwrap();
    create(&world, "oauth", Kind::OauthClientCredentials, oauth()).await.unwrap();
    assert_eq!(secret(&world, "basic").await, json!({"username": "user", "password": "pass"}));
    assert_eq!(
        secret(&world, "api-key").await,
        json!({"api_key_name": "x-key", "api_key_value": "key", "invocation_http_parameters":
            {"header_parameters": [{"key": "x-env", "value": "test", "is_value_secret": false}]}})
    );
    assert_eq!(
        secret(&world, "oauth").await,
        json!({"client_id": "client", "client_secret": "planted-client-secret", "http_method": "POST",
            "authorization_endpoint": "https://id.example/token", "oauth_http_parameters": {"body_parameters": [
                {"key": "scope", "value": "all", "is_value_secret": false},
                {"key": "assertion", "value": "planted-assertion", "is_value_secret": true}]}})
    );
}

#[tokio::test]
async fn a_description_shows_all_but_what_is_secret() {
    let world = World::start().await;
    let arn = create(&world, "oauth", Kind::OauthClientCredentials, oauth()).await.unwrap();
    let shown = describe(&world, "oauth").await;
    assert_eq!(shown.connection_arn(), Some(arn.as_str()));
    assert!(arn.starts_with("arn:aws:events:local:000000000000:connection/oauth/"), "{arn}");
    let prefix = "arn:aws:secretsmanager:local:000000000000:secret:events!connection/oauth/";
    assert!(shown.secret_arn().unwrap().starts_with(prefix), "{shown:?}");
    assert_eq!(shown.creation_time(), shown.last_modified_time());
    assert!(shown.last_authorized_time().is_some());
    let oauth = shown.auth_parameters().unwrap().o_auth_parameters().unwrap();
    assert_eq!(oauth.client_parameters().unwrap().client_id(), Some("client"));
    assert_eq!(oauth.authorization_endpoint(), Some("https://id.example/token"));
    assert_eq!(oauth.http_method(), Some(&ConnectionOAuthHttpMethod::Post));
    let parameters = oauth.o_auth_http_parameters().unwrap().body_parameters();
    let values = parameters.iter().map(|parameter| (parameter.key().unwrap(), parameter.value()));
    assert_eq!(values.collect::<Vec<_>>(), [("scope", Some("all")), ("assertion", None)]);
}

#[tokio::test]
async fn an_update_keeps_what_it_leaves_out() {
    let world = World::start().await;
    create(&world, "a", Kind::Basic, basic("user", "pass")).await.unwrap();
    create(&world, "b", Kind::ApiKey, api_key("x-key", "key")).await.unwrap();
    create(&world, "c", Kind::OauthClientCredentials, oauth()).await.unwrap();
    let secret_arn = describe(&world, "a").await.secret_arn;
    let user = UpdateConnectionBasicAuthRequestParameters::builder().username("other").build();
    update(&world, "a", Kind::Basic, ToUpdate::builder().basic_auth_parameters(user).build()).await.unwrap();
    assert_eq!(secret(&world, "a").await, json!({"username": "other", "password": "pass"}));
    assert_eq!(describe(&world, "a").await.secret_arn, secret_arn, "the secret is the same");

    let name = UpdateConnectionApiKeyAuthRequestParameters::builder().api_key_name("x-other").build();
    update(&world, "b", Kind::ApiKey, ToUpdate::builder().api_key_auth_parameters(name).build())
        .await
        .unwrap();
    let value = secret(&world, "b").await;
    assert_eq!((&value["api_key_name"], &value["api_key_value"]), (&json!("x-other"), &json!("key")));
    assert_eq!(value["invocation_http_parameters"]["header_parameters"][0]["value"], "test");

    let client = UpdateConnectionOAuthClientRequestParameters::builder().client_id("another").build();
    let oauth = UpdateConnectionOAuthRequestParameters::builder()
        .client_parameters(client)
        .o_auth_http_parameters(form(&[("scope", "less", false)]));
    let oauth = ToUpdate::builder().o_auth_parameters(oauth.build()).build();
    update(&world, "c", Kind::OauthClientCredentials, oauth).await.unwrap();
    let value = secret(&world, "c").await;
    assert_eq!((&value["client_id"], &value["http_method"]), (&json!("another"), &json!("POST")));
    assert_eq!(value["client_secret"], "planted-client-secret");
    let body = json!([{"key": "scope", "value": "less", "is_value_secret": false}]);
    assert_eq!(value["oauth_http_parameters"], json!({"body_parameters": body}), "replaced as a whole");
}

#[tokio::test]
async fn another_kind_brings_all_of_its_own() {
    let world = World::start().await;
    create(&world, "a", Kind::Basic, basic("user", "pass")).await.unwrap();
    let name = UpdateConnectionApiKeyAuthRequestParameters::builder().api_key_name("x-key");
    let half = ToUpdate::builder().api_key_auth_parameters(name.clone().build()).build();
    assert_eq!(update(&world, "a", Kind::ApiKey, half).await.unwrap_err(), "ValidationException");
    assert_eq!(secret(&world, "a").await["password"], "pass", "a refused update changes nothing");
    let whole = ToUpdate::builder().api_key_auth_parameters(name.api_key_value("key").build()).build();
    update(&world, "a", Kind::ApiKey, whole).await.unwrap();
    assert_eq!(secret(&world, "a").await, json!({"api_key_name": "x-key", "api_key_value": "key"}));
    assert_eq!(describe(&world, "a").await.authorization_type(), Some(&Kind::ApiKey));
}

#[tokio::test]
async fn connections_outlive_the_process_and_secrets_are_nowhere_in_clear() {
    let world = World::start().await;
    create(&world, "basic", Kind::Basic, basic("user", "planted-password")).await.unwrap();
    create(&world, "api-key", Kind::ApiKey, api_key("x-key", "planted-value")).await.unwrap();
    create(&world, "oauth", Kind::OauthClientCredentials, oauth()).await.unwrap();
    let arns = (describe(&world, "oauth").await.connection_arn, describe(&world, "oauth").await.secret_arn);
    let world = world.reopen(|_| ()).await;
    assert_eq!(secret(&world, "basic").await["password"], "planted-password");
    assert_eq!(secret(&world, "api-key").await["api_key_value"], "planted-value");
    assert_eq!(secret(&world, "oauth").await["client_secret"], "planted-client-secret");
    let shown = describe(&world, "oauth").await;
    assert_eq!((shown.connection_arn, shown.secret_arn), arns);
    // Values stored in clear are found, so a value that is not found is not stored in clear.
    assert_ne!(files_with(world.dir.path(), "api-key"), Vec::<String>::new());
    assert_eq!(files_with(world.dir.path(), "planted"), Vec::<String>::new());
    // Base64 of the word at each possible alignment.
    for hidden in ["cGxhbnRlZ", "BsYW50ZW", "wbGFudGVk"] {
        assert_eq!(files_with(world.dir.path(), hidden), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_secret_goes_with_its_connection() {
    let world = World::start().await;
    create(&world, "a", Kind::Basic, basic("user", "pass")).await.unwrap();
    let arn = describe(&world, "a").await.secret_arn.unwrap();
    let (whole, _) = arn.rsplit_once('-').unwrap();
    let (_, name) = whole.rsplit_once(":secret:").unwrap();
    for id in [arn.as_str(), whole, name] {
        assert_eq!(value(&world, id).await.unwrap()["username"], "user");
    }
    let gone = world.host.clients().events.delete_connection().name("a").send().await.unwrap();
    assert_eq!(gone.connection_state(), Some(&ConnectionState::Deleting));
    let error = world.host.clients().events.describe_connection().name("a").send().await.unwrap_err();
    assert_eq!(code(&error), "ResourceNotFoundException");
    create(&world, "a", Kind::Basic, basic("user", "pass")).await.unwrap();
    for id in [arn.as_str(), whole, name] {
        assert_eq!(value(&world, id).await.unwrap_err(), "ResourceNotFoundException", "of the new one");
    }
}

#[tokio::test]
async fn a_connection_can_lose_its_secret_and_get_a_new_one() {
    let world = World::start().await;
    create(&world, "a", Kind::Basic, basic("user", "pass")).await.unwrap();
    let arn = describe(&world, "a").await.secret_arn.unwrap();
    world.host.clients().events.deauthorize_connection().name("a").send().await.unwrap();
    let shown = describe(&world, "a").await;
    assert_eq!(shown.connection_state(), Some(&ConnectionState::Deauthorized));
    assert_eq!((shown.secret_arn(), shown.auth_parameters()), (None, None));
    assert_eq!(value(&world, &arn).await.unwrap_err(), "ResourceNotFoundException");
    let half = UpdateConnectionBasicAuthRequestParameters::builder().username("user");
    let without = ToUpdate::builder().basic_auth_parameters(half.clone().build()).build();
    let error = update(&world, "a", Kind::Basic, without).await.unwrap_err();
    assert_eq!(error, "ValidationException", "there is no password to keep");
    let whole = ToUpdate::builder().basic_auth_parameters(half.password("new").build()).build();
    update(&world, "a", Kind::Basic, whole).await.unwrap();
    assert_eq!(describe(&world, "a").await.connection_state(), Some(&ConnectionState::Authorized));
    assert_eq!(secret(&world, "a").await["password"], "new");
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let world = World::start().await;
    let long = "x".repeat(65);
    for name in ["", "a b", "ü", long.as_str()] {
        let error = create(&world, name, Kind::Basic, basic("user", "pass")).await.unwrap_err();
        assert_eq!(error, "ValidationException", "{name}");
    }
    let long = "x".repeat(513);
    for password in ["", "two\nlines", "co:lon", long.as_str()] {
        let error = create(&world, "a", Kind::Basic, basic("user", password)).await.unwrap_err();
        assert_eq!(error, "ValidationException", "{password}");
    }
    let error = create(&world, "a", Kind::ApiKey, basic("user", "pass")).await.unwrap_err();
    assert_eq!(error, "ValidationException", "parameters of another kind");
    create(&world, "x".repeat(64).as_str(), Kind::Basic, basic("user", "pass")).await.unwrap();
    create(&world, "a", Kind::Basic, basic("user", &"x".repeat(512))).await.unwrap();
    let error = create(&world, "a", Kind::Basic, basic("user", "pass")).await.unwrap_err();
    assert_eq!(error, "ResourceAlreadyExistsException");
    let nothing = ToUpdate::builder().build();
    assert_eq!(update(&world, "b", Kind::Basic, nothing).await.unwrap_err(), "ResourceNotFoundException");
}
