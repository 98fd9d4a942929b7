//! Converts a webhook's authentication to EventBridge's request types. Creating and updating use separate
//! types there, which differ only in name.

use aws_sdk_eventbridge::error::BuildError;
use aws_sdk_eventbridge::types::{
    ConnectionAuthorizationType, ConnectionBodyParameter, ConnectionHeaderParameter,
    ConnectionHttpParameters, ConnectionOAuthHttpMethod, ConnectionQueryStringParameter,
    CreateConnectionApiKeyAuthRequestParameters, CreateConnectionAuthRequestParameters,
    CreateConnectionBasicAuthRequestParameters, CreateConnectionOAuthClientRequestParameters,
    CreateConnectionOAuthRequestParameters, UpdateConnectionApiKeyAuthRequestParameters,
    UpdateConnectionAuthRequestParameters, UpdateConnectionBasicAuthRequestParameters,
    UpdateConnectionOAuthClientRequestParameters, UpdateConnectionOAuthRequestParameters,
};
use hookstep_contract::{Auth, Parameter, Place, TokenMethod};

use crate::SecretsError;

type Request<P> = Option<(ConnectionAuthorizationType, P)>;

/// The parameters for `CreateConnection`; `None` if `auth` needs no connection of its own.
pub(crate) fn for_create(
    auth: &Auth,
) -> Result<Request<CreateConnectionAuthRequestParameters>, SecretsError> {
    let all = CreateConnectionAuthRequestParameters::builder();
    Ok(match auth {
        Auth::None | Auth::Connection { .. } => None,
        Auth::OauthClientCredentials { .. } if auth.uses_private_key() => None,
        Auth::Basic { username, password } => {
            let basic = CreateConnectionBasicAuthRequestParameters::builder()
                .username(username)
                .password(password.given().unwrap_or_default())
                .build()
                .map_err(incomplete)?;
            Some((ConnectionAuthorizationType::Basic, all.basic_auth_parameters(basic).build()))
        }
        Auth::ApiKey { name, value } => {
            let key = CreateConnectionApiKeyAuthRequestParameters::builder()
                .api_key_name(name)
                .api_key_value(value.given().unwrap_or_default())
                .build()
                .map_err(incomplete)?;
            Some((ConnectionAuthorizationType::ApiKey, all.api_key_auth_parameters(key).build()))
        }
        Auth::OauthClientCredentials {
            token_url,
            client_id,
            client_secret,
            method,
            parameters,
            scope,
            ..
        } => {
            let client = CreateConnectionOAuthClientRequestParameters::builder()
                .client_id(client_id)
                .client_secret(client_secret.given().unwrap_or_default())
                .build()
                .map_err(incomplete)?;
            let oauth = CreateConnectionOAuthRequestParameters::builder()
                .client_parameters(client)
                .authorization_endpoint(token_url)
                .http_method(method_of(*method))
                .set_o_auth_http_parameters(http_parameters(parameters, scope.as_deref()))
                .build()
                .map_err(incomplete)?;
            let kind = ConnectionAuthorizationType::OauthClientCredentials;
            Some((kind, all.o_auth_parameters(oauth).build()))
        }
    })
}

/// The parameters for `UpdateConnection`; values that are left out stay unchanged.
pub(crate) fn for_update(
    auth: &Auth,
) -> Result<Request<UpdateConnectionAuthRequestParameters>, SecretsError> {
    let all = UpdateConnectionAuthRequestParameters::builder();
    Ok(match auth {
        Auth::None | Auth::Connection { .. } => None,
        Auth::OauthClientCredentials { .. } if auth.uses_private_key() => None,
        Auth::Basic { username, password } => {
            let basic = UpdateConnectionBasicAuthRequestParameters::builder()
                .username(username)
                .set_password(password.given().map(ToOwned::to_owned))
                .build();
            Some((ConnectionAuthorizationType::Basic, all.basic_auth_parameters(basic).build()))
        }
        Auth::ApiKey { name, value } => {
            let key = UpdateConnectionApiKeyAuthRequestParameters::builder()
                .api_key_name(name)
                .set_api_key_value(value.given().map(ToOwned::to_owned))
                .build();
            Some((ConnectionAuthorizationType::ApiKey, all.api_key_auth_parameters(key).build()))
        }
        Auth::OauthClientCredentials {
            token_url,
            client_id,
            client_secret,
            method,
            parameters,
            scope,
            ..
        } => {
            let client = UpdateConnectionOAuthClientRequestParameters::builder()
                .client_id(client_id)
                .set_client_secret(client_secret.given().map(ToOwned::to_owned))
                .build();
            // Parameters are either given with all their values or left unchanged.
            let given = hookstep_contract::missing_value(parameters).is_none();
            let oauth = UpdateConnectionOAuthRequestParameters::builder()
                .client_parameters(client)
                .authorization_endpoint(token_url)
                .http_method(method_of(*method))
                .set_o_auth_http_parameters(given.then(|| all_parameters(parameters, scope.as_deref())))
                .build();
            let kind = ConnectionAuthorizationType::OauthClientCredentials;
            Some((kind, all.o_auth_parameters(oauth).build()))
        }
    })
}

fn method_of(method: TokenMethod) -> ConnectionOAuthHttpMethod {
    match method {
        TokenMethod::Get => ConnectionOAuthHttpMethod::Get,
        TokenMethod::Post => ConnectionOAuthHttpMethod::Post,
        TokenMethod::Put => ConnectionOAuthHttpMethod::Put,
    }
}

fn http_parameters(parameters: &[Parameter], scope: Option<&str>) -> Option<ConnectionHttpParameters> {
    let is_any = !parameters.is_empty() || scope.is_some();
    is_any.then(|| all_parameters(parameters, scope))
}

/// The parameters, among them the scope: a connection has no field for it, and EventBridge's own token request needs it,
/// too.
fn all_parameters(parameters: &[Parameter], scope: Option<&str>) -> ConnectionHttpParameters {
    let mut all = ConnectionHttpParameters::builder();
    if let Some(scope) = scope {
        let scope = ConnectionBodyParameter::builder().key("scope").value(scope).is_value_secret(false);
        all = all.body_parameters(scope.build());
    }
    for Parameter { place, name, value } in parameters {
        let value = value.given().unwrap_or_default();
        // All are marked secret, so that EventBridge shows none of them.
        all = match place {
            Place::Body => all.body_parameters(
                ConnectionBodyParameter::builder().key(name).value(value).is_value_secret(true).build(),
            ),
            Place::Query => all.query_string_parameters(
                ConnectionQueryStringParameter::builder()
                    .key(name)
                    .value(value)
                    .is_value_secret(true)
                    .build(),
            ),
            Place::Header => all.header_parameters(
                ConnectionHeaderParameter::builder().key(name).value(value).is_value_secret(true).build(),
            ),
        };
    }
    all.build()
}

fn incomplete(_: BuildError) -> SecretsError {
    SecretsError::new("describe a connection", "a field is missing")
}
