//! The content of a connection's secret. AWS does not document it; the names are those that EventBridge
//! writes, as others have found them (<https://github.com/guardian/support-service-lambdas>, the Salesforce
//! handlers, for OAuth).

use std::fmt;

use hookstep_contract::{ClientAuthentication, ConnectionKind, Place, TokenMethod};
use serde::Deserialize;

/// The credentials of a connection.
#[derive(Clone, PartialEq, Eq)]
pub enum Values {
    /// HTTP Basic.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: String,
    },
    /// A header and its value.
    ApiKey {
        /// The header's name.
        name: String,
        /// The value.
        value: String,
    },
    /// A client of an authorisation server.
    Oauth(OauthClient),
}

/// A client of an authorisation server.
#[derive(Clone, PartialEq, Eq)]
pub struct OauthClient {
    /// The token endpoint.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// With what the client authenticates.
    pub proof: ClientProof,
    /// The method of the token request.
    pub method: TokenMethod,
    /// Additional parameters of the token request.
    pub extras: Vec<Extra>,
}

/// With what an OAuth client authenticates to the authorisation server.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientProof {
    /// With a secret, in the form.
    SecretInForm(String),
    /// With a secret, in an `Authorization: Basic` header.
    SecretInHeader(String),
    /// With an assertion that is signed with this key.
    Key {
        /// The private key, as PEM.
        private_key: String,
        /// The `kid` of the key.
        key_id: Option<String>,
    },
}

impl ClientProof {
    /// The proof by a secret. Unless the webhook says where the secret goes, a form contains it, and a GET has a header:
    /// a secret in a URL would appear in logs along the way.
    pub fn secret(secret: String, method: TokenMethod, authentication: Option<ClientAuthentication>) -> Self {
        match (authentication, method) {
            (Some(ClientAuthentication::ClientSecretBasic), _) | (_, TokenMethod::Get) => {
                Self::SecretInHeader(secret)
            }
            (_, TokenMethod::Post | TokenMethod::Put) => Self::SecretInForm(secret),
        }
    }
}

impl fmt::Debug for ClientProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientProof(***)")
    }
}

/// An additional parameter of a token request.
#[derive(Clone, PartialEq, Eq)]
pub struct Extra {
    /// The part of the request that contains the parameter.
    pub place: Place,
    /// The parameter's name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Values(***)")
    }
}

impl fmt::Debug for OauthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OauthClient(***)")
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extra(***)")
    }
}

#[derive(Deserialize)]
struct Basic {
    username: String,
    password: String,
}

#[derive(Deserialize)]
struct ApiKey {
    api_key_name: String,
    api_key_value: String,
}

#[derive(Deserialize)]
struct Oauth {
    authorization_endpoint: String,
    client_id: String,
    client_secret: String,
    #[serde(default)]
    oauth_http_parameters: HttpParameters,
}

#[derive(Default, Deserialize)]
struct HttpParameters {
    #[serde(default)]
    body_parameters: Vec<KeyValue>,
    #[serde(default)]
    query_string_parameters: Vec<KeyValue>,
    #[serde(default)]
    header_parameters: Vec<KeyValue>,
}

#[derive(Deserialize)]
struct KeyValue {
    key: String,
    value: String,
}

impl Values {
    /// Parses the text of a secret. `None` if it is not the secret of a connection of this kind: the error is
    /// dropped, because a parser's error may quote the secret.
    pub(crate) fn read(
        kind: ConnectionKind,
        authentication: Option<ClientAuthentication>,
        text: &str,
    ) -> Option<Self> {
        Some(match kind {
            ConnectionKind::Basic => {
                let Basic { username, password } = serde_json::from_str(text).ok()?;
                Self::Basic { username, password }
            }
            ConnectionKind::ApiKey => {
                let ApiKey { api_key_name: name, api_key_value: value } = serde_json::from_str(text).ok()?;
                Self::ApiKey { name, value }
            }
            ConnectionKind::OauthClientCredentials(method) => {
                let oauth: Oauth = serde_json::from_str(text).ok()?;
                Self::Oauth(OauthClient {
                    token_url: oauth.authorization_endpoint,
                    client_id: oauth.client_id,
                    proof: ClientProof::secret(oauth.client_secret, method, authentication),
                    method,
                    extras: oauth.oauth_http_parameters.into_extras(),
                })
            }
        })
    }
}

impl HttpParameters {
    fn into_extras(self) -> Vec<Extra> {
        [
            (Place::Body, self.body_parameters),
            (Place::Query, self.query_string_parameters),
            (Place::Header, self.header_parameters),
        ]
        .into_iter()
        .flat_map(|(place, parameters)| {
            parameters.into_iter().map(move |KeyValue { key, value }| Extra { place, name: key, value })
        })
        .collect()
    }
}
