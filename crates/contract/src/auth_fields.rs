//! Reading an [`Auth`] so that errors name the invalid field. Serde buffers an internally tagged enum in
//! memory, where a deserialiser that tracks paths cannot see inside the enum. So the fields of all types are
//! read first and sorted out afterwards.

use std::mem::take;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::object::Object;
use crate::{Auth, ClientAuthentication, Parameter, Secret, TokenMethod};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a type")]
pub(crate) struct AuthFields {
    #[serde(rename = "type")]
    kind: AuthKind,
    #[serde(default, deserialize_with = "given")]
    username: Option<String>,
    #[serde(default)]
    password: Secret,
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default)]
    value: Secret,
    #[serde(default, deserialize_with = "given")]
    token_url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    client_id: Option<String>,
    #[serde(default)]
    client_secret: Secret,
    #[serde(default, deserialize_with = "given")]
    method: Option<TokenMethod>,
    #[serde(default, deserialize_with = "given")]
    parameters: Option<Vec<Object<Parameter>>>,
    #[serde(default, deserialize_with = "given")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "given")]
    client_authentication: Option<ClientAuthentication>,
    #[serde(default)]
    private_key: Secret,
    #[serde(default, deserialize_with = "given")]
    key_id: Option<String>,
    #[serde(default, deserialize_with = "given")]
    connection_arn: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AuthKind {
    None,
    Basic,
    ApiKey,
    OauthClientCredentials,
    Connection,
}

impl AuthKind {
    /// The fields that an object of this type may have.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::None => &["type"],
            Self::Basic => &["type", "username", "password"],
            Self::ApiKey => &["type", "name", "value"],
            Self::OauthClientCredentials => &[
                "type",
                "token_url",
                "client_id",
                "client_secret",
                "method",
                "parameters",
                "scope",
                "client_authentication",
                "private_key",
                "key_id",
            ],
            Self::Connection => &["type", "connection_arn"],
        }
    }
}

impl AuthFields {
    /// The authentication of this type; serde's own errors if a field is missing or does not belong to this
    /// type.
    pub(crate) fn into_auth<E: Error>(mut self) -> Result<Auth, E> {
        let auth = self.take()?;
        match self.left() {
            Some(field) => Err(E::unknown_field(field, self.kind.fields())),
            None => Ok(auth),
        }
    }

    fn take<E: Error>(&mut self) -> Result<Auth, E> {
        Ok(match self.kind {
            AuthKind::None => Auth::None,
            AuthKind::Basic => Auth::Basic {
                username: required(&mut self.username, "username")?,
                password: take(&mut self.password),
            },
            AuthKind::ApiKey => {
                Auth::ApiKey { name: required(&mut self.name, "name")?, value: take(&mut self.value) }
            }
            AuthKind::OauthClientCredentials => Auth::OauthClientCredentials {
                token_url: required(&mut self.token_url, "token_url")?,
                client_id: required(&mut self.client_id, "client_id")?,
                client_secret: take(&mut self.client_secret),
                method: self.method.take().unwrap_or_default(),
                parameters: take(&mut self.parameters).into_iter().flatten().map(|Object(it)| it).collect(),
                scope: self.scope.take(),
                client_authentication: self.client_authentication.take(),
                private_key: take(&mut self.private_key),
                key_id: self.key_id.take(),
            },
            AuthKind::Connection => {
                Auth::Connection { connection_arn: required(&mut self.connection_arn, "connection_arn")? }
            }
        })
    }

    /// A field that is present but does not belong to the type.
    fn left(&self) -> Option<&'static str> {
        let is_there = [
            ("username", self.username.is_some()),
            ("password", self.password != Secret::Unchanged),
            ("name", self.name.is_some()),
            ("value", self.value != Secret::Unchanged),
            ("token_url", self.token_url.is_some()),
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret != Secret::Unchanged),
            ("method", self.method.is_some()),
            ("parameters", self.parameters.is_some()),
            ("scope", self.scope.is_some()),
            ("client_authentication", self.client_authentication.is_some()),
            ("private_key", self.private_key != Secret::Unchanged),
            ("key_id", self.key_id.is_some()),
            ("connection_arn", self.connection_arn.is_some()),
        ];
        is_there.into_iter().find(|(_, is_there)| *is_there).map(|(field, _)| field)
    }
}

/// Reads a field that is present. Null is not read as absence: otherwise, a field that does not belong to the
/// type could be present as null.
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn required<E: Error>(field: &mut Option<String>, name: &'static str) -> Result<String, E> {
    field.take().ok_or_else(|| E::missing_field(name))
}
