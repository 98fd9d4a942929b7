//! A connection's authorisation in its three forms: in a request, in a description and in the secret.

mod limits;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wire::without_nulls;

/// `AuthorizationType`: determines which parameters a connection has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AuthorizationType {
    Basic,
    ApiKey,
    OauthClientCredentials,
}

/// `AuthParameters`. An update may omit fields that a new connection requires.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AuthParameters {
    #[serde(rename = "BasicAuthParameters")]
    basic: Option<Basic>,
    #[serde(rename = "ApiKeyAuthParameters")]
    api_key: Option<ApiKey>,
    #[serde(rename = "OAuthParameters")]
    oauth: Option<Oauth>,
    invocation_http_parameters: Option<HttpParameters>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Basic {
    username: Option<String>,
    password: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ApiKey {
    api_key_name: Option<String>,
    api_key_value: Option<String>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Oauth {
    #[serde(default)]
    client_parameters: OauthClient,
    authorization_endpoint: Option<String>,
    http_method: Option<HttpMethod>,
    #[serde(rename = "OAuthHttpParameters")]
    http_parameters: Option<HttpParameters>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
struct OauthClient {
    #[serde(rename = "ClientID")]
    id: Option<String>,
    #[serde(rename = "ClientSecret")]
    secret: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum HttpMethod {
    Get,
    Post,
    Put,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct HttpParameters {
    header_parameters: Option<Vec<Parameter>>,
    query_string_parameters: Option<Vec<Parameter>>,
    body_parameters: Option<Vec<Parameter>>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    key: String,
    value: String,
    #[serde(default)]
    is_value_secret: bool,
}

impl AuthParameters {
    /// Applies an update. Omitted fields stay unchanged, but HTTP parameters are replaced as a whole.
    pub(crate) fn changed(self, update: Self) -> Self {
        let basic = either(self.basic, update.basic, |old, new| Basic {
            username: new.username.or(old.username),
            password: new.password.or(old.password),
        });
        let api_key = either(self.api_key, update.api_key, |old, new| ApiKey {
            api_key_name: new.api_key_name.or(old.api_key_name),
            api_key_value: new.api_key_value.or(old.api_key_value),
        });
        let oauth = either(self.oauth, update.oauth, |old, new| Oauth {
            client_parameters: OauthClient {
                id: new.client_parameters.id.or(old.client_parameters.id),
                secret: new.client_parameters.secret.or(old.client_parameters.secret),
            },
            authorization_endpoint: new.authorization_endpoint.or(old.authorization_endpoint),
            http_method: new.http_method.or(old.http_method),
            http_parameters: new.http_parameters.or(old.http_parameters),
        });
        let invocation_http_parameters =
            update.invocation_http_parameters.or(self.invocation_http_parameters);
        Self { basic, api_key, oauth, invocation_http_parameters }
    }

    /// Drops the parameters that belong to another type.
    pub(crate) fn only(self, kind: AuthorizationType) -> Self {
        Self {
            basic: self.basic.filter(|_| kind == AuthorizationType::Basic),
            api_key: self.api_key.filter(|_| kind == AuthorizationType::ApiKey),
            oauth: self.oauth.filter(|_| kind == AuthorizationType::OauthClientCredentials),
            invocation_http_parameters: self.invocation_http_parameters,
        }
    }

    /// The form shown in a description, without secrets.
    pub(crate) fn shown(&self) -> Value {
        let basic = self.basic.as_ref().map(|basic| json!({"Username": basic.username}));
        let api_key = self.api_key.as_ref().map(|key| json!({"ApiKeyName": key.api_key_name}));
        let oauth = self.oauth.as_ref().map(|oauth| {
            without_nulls(json!({
                "ClientParameters": {"ClientID": oauth.client_parameters.id},
                "AuthorizationEndpoint": oauth.authorization_endpoint,
                "HttpMethod": oauth.http_method,
                "OAuthHttpParameters": oauth.http_parameters.as_ref().map(HttpParameters::shown),
            }))
        });
        without_nulls(json!({
            "BasicAuthParameters": basic, "ApiKeyAuthParameters": api_key, "OAuthParameters": oauth,
            "InvocationHttpParameters": self.invocation_http_parameters.as_ref().map(HttpParameters::shown),
        }))
    }

    /// The JSON that EventBridge stores in the secret; parameters that were not given are absent. AWS does
    /// not document the format; ADR 0011 names the source.
    pub(crate) fn secret(&self) -> Value {
        let Basic { username, password } = self.basic.clone().unwrap_or_default();
        let ApiKey { api_key_name, api_key_value } = self.api_key.clone().unwrap_or_default();
        let Oauth { client_parameters: client, authorization_endpoint, http_method, http_parameters } =
            self.oauth.clone().unwrap_or_default();
        without_nulls(json!({
            "username": username, "password": password,
            "api_key_name": api_key_name, "api_key_value": api_key_value,
            "client_id": client.id, "client_secret": client.secret,
            "authorization_endpoint": authorization_endpoint, "http_method": http_method,
            "oauth_http_parameters": http_parameters.as_ref().map(HttpParameters::secret),
            "invocation_http_parameters": self.invocation_http_parameters.as_ref().map(HttpParameters::secret),
        }))
    }
}

fn either<T>(old: Option<T>, new: Option<T>, both: impl FnOnce(T, T) -> T) -> Option<T> {
    match (old, new) {
        (Some(old), Some(new)) => Some(both(old, new)),
        (old, new) => new.or(old),
    }
}

impl HttpParameters {
    fn shown(&self) -> Value {
        self.each(["HeaderParameters", "QueryStringParameters", "BodyParameters"], Parameter::shown)
    }

    fn secret(&self) -> Value {
        self.each(["header_parameters", "query_string_parameters", "body_parameters"], Parameter::secret)
    }

    fn each(&self, names: [&str; 3], show: fn(&Parameter) -> Value) -> Value {
        let lists = [&self.header_parameters, &self.query_string_parameters, &self.body_parameters];
        let given = names.into_iter().zip(lists);
        let given =
            given.filter_map(|(name, list)| Some((name, list.as_ref()?.iter().map(show).collect::<Value>())));
        given.collect()
    }
}

impl Parameter {
    fn shown(&self) -> Value {
        let value = (!self.is_value_secret).then_some(&self.value);
        without_nulls(json!({"Key": self.key, "Value": value, "IsValueSecret": self.is_value_secret}))
    }

    fn secret(&self) -> Value {
        json!({"key": self.key, "value": self.value, "is_value_secret": self.is_value_secret})
    }
}
