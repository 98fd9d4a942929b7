//! How a request authenticates. The secret parts are kept in an EventBridge connection; what is stored and
//! shown here is not secret.

use serde::{Deserialize, Deserializer, Serialize};

use crate::auth_fields::AuthFields;
use crate::object::Object;
use crate::{FieldError, OrgId, Secret, auth_checks};

/// How a request authenticates. A bearer token is an API key named `Authorization`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Auth {
    /// No authentication.
    #[default]
    None,
    /// HTTP Basic.
    Basic {
        /// The user name.
        username: String,
        /// The password; write-only.
        #[serde(skip_serializing)]
        password: Secret,
    },
    /// A header with a fixed value.
    ApiKey {
        /// The header's name.
        name: String,
        /// The header's value; write-only.
        #[serde(skip_serializing)]
        value: Secret,
    },
    /// A bearer token from an authorisation server (RFC 6749 §4.4).
    OauthClientCredentials {
        /// The token endpoint; subject to the egress policy, like any receiver.
        token_url: String,
        /// The client id.
        client_id: String,
        /// The client secret; write-only.
        #[serde(skip_serializing)]
        client_secret: Secret,
        /// The method of the token request.
        method: TokenMethod,
        /// Additional parameters of the token request.
        parameters: Vec<Parameter>,
        /// The scope of the token.
        #[serde(skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
        /// How the client authenticates; by default with the client secret, where [`TokenMethod`] says.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_authentication: Option<ClientAuthentication>,
        /// The key of `private_key_jwt`, as PEM; write-only.
        #[serde(skip_serializing)]
        private_key: Secret,
        /// The `kid` of `private_key_jwt`: by which the authorisation server finds the public key.
        #[serde(skip_serializing_if = "Option::is_none")]
        key_id: Option<String>,
    },
    /// An existing EventBridge connection, which the operator made for this org.
    Connection {
        /// The connection's ARN.
        connection_arn: String,
    },
}

/// How an OAuth client authenticates to the authorisation server. The names are those of
/// `OpenID` Connect Core 1.0 (section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// Client id and secret are parameters of the form.
    ClientSecretPost,
    /// Client id and secret are an `Authorization: Basic` header.
    ClientSecretBasic,
    /// A token signed with the client's private key, RS256 or ES256 (RFC 7523, 2.2). The key is ours, so the webhook
    /// has no connection.
    PrivateKeyJwt,
}

impl ClientAuthentication {
    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}

/// The method of a token request: the ones that EventBridge supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TokenMethod {
    /// All parameters go into the query, except for the client id and secret, which go into an
    /// `Authorization: Basic` header.
    Get,
    /// The parameters are sent as a form.
    #[default]
    Post,
    /// The parameters are sent as a form.
    Put,
}

impl TokenMethod {
    /// The HTTP method name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// An additional parameter of a token request, such as `audience` or `scope`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Where the parameter goes.
    #[serde(rename = "in")]
    pub place: Place,
    /// The parameter's name.
    pub name: String,
    /// The parameter's value; write-only, because some values are passwords.
    #[serde(default, skip_serializing)]
    pub value: Secret,
}

/// Where a parameter of a token request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The form.
    Body,
    /// The query.
    Query,
    /// The headers.
    Header,
}

impl<'de> Deserialize<'de> for Auth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AuthFields::deserialize(deserializer)?.into_auth()
    }
}

impl Auth {
    /// Reads the field `auth` of a request: `null` clears it, like `{"type": "none"}`.
    pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let given = Option::<Object<Self>>::deserialize(deserializer)?;
        Ok(Some(given.map(|Object(auth)| auth).unwrap_or_default()))
    }

    /// Checks everything except for the token URL and the name of an API key, which the egress policy checks.
    /// Secrets may be absent.
    ///
    /// # Errors
    /// If a field is invalid: the first such field.
    pub fn check(&self, org_id: &OrgId) -> Result<(), FieldError> {
        match self {
            Self::None => Ok(()),
            Self::Basic { username, password } => {
                auth_checks::check_value("auth.username", username)?;
                auth_checks::check_secret("auth.password", password)
            }
            Self::ApiKey { name, value } => {
                auth_checks::check_value("auth.name", name)?;
                auth_checks::check_secret("auth.value", value)
            }
            Self::OauthClientCredentials { .. } => auth_checks::check_oauth(self),
            Self::Connection { connection_arn } => match connection_name(connection_arn) {
                Some(name) if name.starts_with(&connection_prefix(org_id)) => Ok(()),
                // Only its name shows which org a connection belongs to.
                Some(_) => Err(FieldError::new(
                    "auth.connection_arn",
                    format!("must be a connection whose name begins with {}", connection_prefix(org_id)),
                )),
                None => Err(FieldError::new(
                    "auth.connection_arn",
                    "must be the ARN of an EventBridge connection",
                )),
            },
        }
    }

    /// Whether an OAuth client authenticates with a key. It has no connection, because EventBridge cannot do so.
    pub fn uses_private_key(&self) -> bool {
        let by = Some(ClientAuthentication::PrivateKeyJwt);
        matches!(self, Self::OauthClientCredentials { client_authentication, .. } if *client_authentication == by)
    }

    /// The path of the first missing secret: a connection that does not exist yet needs all of them.
    pub fn missing_secret(&self) -> Option<String> {
        let missing = |secret: &Secret| secret.given().is_none();
        match self {
            Self::Basic { password, .. } if missing(password) => Some("auth.password".to_owned()),
            Self::ApiKey { value, .. } if missing(value) => Some("auth.value".to_owned()),
            Self::OauthClientCredentials { private_key, .. }
                if self.uses_private_key() && missing(private_key) =>
            {
                Some("auth.private_key".to_owned())
            }
            Self::OauthClientCredentials { client_secret, .. }
                if !self.uses_private_key() && missing(client_secret) =>
            {
                Some("auth.client_secret".to_owned())
            }
            Self::OauthClientCredentials { parameters, .. } => missing_value(parameters),
            _ => None,
        }
    }
}

/// The path of the first parameter without a value.
pub fn missing_value(parameters: &[Parameter]) -> Option<String> {
    let index = parameters.iter().position(|parameter| parameter.value.given().is_none())?;
    Some(format!("auth.parameters[{index}].value"))
}

/// The prefix of the names of an org's connections. An org id contains no dot, so no org's prefix begins with
/// another's.
pub fn connection_prefix(org_id: &OrgId) -> String {
    format!("hookstep.{org_id}.")
}

/// The name in a connection's ARN, `arn:aws:events:<region>:<account>:connection/<name>/<uuid>`.
pub fn connection_name(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let is_events = parts.next() == Some("arn") && parts.nth(1) == Some("events");
    let (name, id) = parts.nth(2)?.strip_prefix("connection/")?.split_once('/')?;
    (is_events && !name.is_empty() && !id.is_empty() && !id.contains('/')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org() -> OrgId {
        "acme".parse().unwrap()
    }

    #[test]
    fn secrets_are_read_and_never_written() {
        let texts = [
            r#"{"type":"basic","username":"u","password":"planted"}"#,
            r#"{"type":"api_key","name":"X-Key","value":"planted"}"#,
            r#"{"type":"oauth_client_credentials","token_url":"https://example.com/","client_id":"c","client_secret":"planted","method":"PUT","parameters":[{"in":"body","name":"a","value":"planted"}]}"#,
            r#"{"type":"oauth_client_credentials","token_url":"https://example.com/","client_id":"c","client_authentication":"private_key_jwt","private_key":"planted","key_id":"k","scope":"s"}"#,
        ];
        for text in texts {
            let auth: Auth = serde_json::from_str(text).unwrap();
            assert_eq!((auth.check(&org()), auth.missing_secret()), (Ok(()), None));
            let (json, debug) = (serde_json::to_string(&auth).unwrap(), format!("{auth:?}"));
            assert!(!json.contains("planted") && !debug.contains("planted"), "{json} {debug}");
            let read_back: Auth = serde_json::from_str(&json).unwrap();
            assert!(read_back.missing_secret().is_some(), "{json}");
        }
    }

    #[test]
    fn a_wrong_field_is_named() {
        let cases = [
            (r#"{"type":"basic","username":"a:b"}"#, "auth.username"),
            (r#"{"type":"basic","username":"u","password":null}"#, "auth.password"),
            (r#"{"type":"api_key","name":"n","value":""}"#, "auth.value"),
            (
                r#"{"type":"oauth_client_credentials","token_url":"","client_id":"c","parameters":[{"in":"query","name":" "}]}"#,
                "auth.parameters[0].name",
            ),
            (
                r#"{"type":"connection","connection_arn":"arn:aws:events:eu-west-1:1:connection/hookstep.other.x/1"}"#,
                "auth.connection_arn",
            ),
            (r#"{"type":"connection","connection_arn":"hookstep.acme.x"}"#, "auth.connection_arn"),
            (
                &oauth(r#""method":"GET","client_authentication":"client_secret_post""#),
                "auth.client_authentication",
            ),
            (
                &oauth(r#""method":"GET","client_authentication":"private_key_jwt""#),
                "auth.client_authentication",
            ),
            (&oauth(r#""private_key":"k""#), "auth.private_key"),
            (&oauth(r#""key_id":"k""#), "auth.key_id"),
            (
                &oauth(r#""client_authentication":"private_key_jwt","client_secret":"s""#),
                "auth.client_secret",
            ),
            (
                &oauth(r#""client_authentication":"private_key_jwt","private_key":"k","key_id":"ä""#),
                "auth.key_id",
            ),
            (&oauth(r#""scope":"""#), "auth.scope"),
            (&oauth(r#""scope":"a\nb""#), "auth.scope"),
            (&oauth(r#""scope":"a","parameters":[{"in":"body","name":"scope","value":"b"}]"#), "auth.scope"),
        ];
        for (json, field) in cases {
            let auth: Auth = serde_json::from_str(json).unwrap();
            assert_eq!(auth.check(&org()).unwrap_err().field, field, "{json}");
        }
    }

    /// An OAuth client with these fields in addition.
    fn oauth(more: &str) -> String {
        format!(
            r#"{{"type":"oauth_client_credentials","token_url":"https://a.example/","client_id":"c",{more}}}"#
        )
    }

    #[test]
    fn values_are_as_event_bridge_takes_them() {
        let parameter = |place: &str, value: &str| {
            oauth(&format!(r#""parameters":[{{"in":"{place}","name":"resource","value":"{value}"}}]"#))
        };
        let url = "https://api.example.com/.default";
        let long = "x".repeat(513);
        for (json, is_taken) in [
            (parameter("body", url), true),
            (parameter("query", url), true),
            (parameter("header", url), true),
            (parameter("body", ""), true),
            (parameter("query", ""), false),
            (parameter("header", ""), false),
            (parameter("body", &long), true),
            (parameter("query", &long), false),
            (parameter("header", &long), false),
            (parameter("body", &"x".repeat(8193)), false),
            (parameter("header", "ä"), false),
            (parameter("query", "ä"), true),
            (parameter("body", "a\\nb"), true),
            (parameter("query", "a\\u0001"), false),
            (oauth(r#""scope":"https://graph.microsoft.com/.default openid""#), true),
            (oauth(r#""client_authentication":"client_secret_basic""#), true),
            (oauth(r#""client_authentication":"private_key_jwt","private_key":"k","key_id":"1""#), true),
            (oauth(r#""client_secret":"a:b""#), false),
        ] {
            let auth: Auth = serde_json::from_str(&json).unwrap();
            assert_eq!(auth.check(&org()).is_ok(), is_taken, "{json}");
        }
    }

    #[test]
    fn a_connection_belongs_to_the_org_in_its_name() {
        let arn = |name: &str| format!("arn:aws:events:eu-west-1:123456789012:connection/{name}/d29e45ad");
        assert_eq!(connection_name(&arn("hookstep.acme.x")), Some("hookstep.acme.x"));
        for wrong in ["", "arn:aws:events:eu-west-1:1:connection/", "arn:aws:events:eu-west-1:1:rule/a/b"] {
            assert_eq!(connection_name(wrong), None, "{wrong}");
        }
        let auth = Auth::Connection { connection_arn: arn("hookstep.acme.x") };
        assert_eq!(auth.check(&org()), Ok(()));
        assert!(auth.check(&"acm".parse().unwrap()).is_err());
        assert!(auth.check(&"acme2".parse().unwrap()).is_err());
    }
}
