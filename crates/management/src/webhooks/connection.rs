//! The EventBridge connection that holds the credentials of a webhook: what a save does to it.

use std::error::Error;
use std::time::Duration;

use axum::http::StatusCode;
use hookstep_contract::limits::DEFAULT_CONNECTIONS;
use hookstep_contract::{
    Auth, ConfigFields, Connection, FieldError, OrgId, Parameter, Place, WebhookConfig, connection_name,
    missing_value,
};
use hookstep_egress::Policy;
use hookstep_http_edge::Problem;
use hookstep_secrets::{SaveError, connection_name_for};

use super::key_client;
use crate::Context;

/// The pauses before a busy connection is written again. Together they are shorter than a lease, and than what API Gateway
/// waits for.
const BUSY_PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// What a save does to the connection of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It stays as it is.
    Keep,
    /// The webhook has none any more.
    Clear,
    /// The webhook uses one that the operator made.
    Attach,
    /// It is our own, and the request has all its secrets.
    Write,
    /// It is our own, and secrets that the request leaves out stay as they are.
    Amend,
}

/// Whether `auth` has a connection that Hookstep makes and deletes.
pub(crate) fn is_own(auth: Option<&Auth>) -> bool {
    auth.is_some_and(|auth| match auth {
        Auth::Basic { .. } | Auth::ApiKey { .. } => true,
        Auth::OauthClientCredentials { .. } => !auth.uses_private_key(),
        Auth::None | Auth::Connection { .. } => false,
    })
}

/// Checks the authentication of a webhook, also against its headers.
pub(crate) fn check(fields: &ConfigFields, org_id: &OrgId, policy: &Policy) -> Result<(), FieldError> {
    let Some(auth) = &fields.auth else { return Ok(()) };
    auth.check(org_id)?;
    match auth {
        Auth::ApiKey { name, value } => {
            check_header("auth.name", name, policy)?;
            if value.given().is_some_and(|value| !value.chars().all(|c| c == ' ' || c.is_ascii_graphic())) {
                return Err(FieldError::new("auth.value", "must be visible ASCII: it is sent in a header"));
            }
            match fields.headers.keys().find(|header| header.eq_ignore_ascii_case(name)) {
                Some(header) => Err(FieldError::new(
                    format!("headers.{header}"),
                    "must be left out: auth sets this header",
                )),
                None => Ok(()),
            }
        }
        Auth::OauthClientCredentials { token_url, parameters, private_key, .. } => {
            key_client::check(private_key)?;
            policy
                .check_url(token_url)
                .map_err(|refusal| FieldError::new("auth.token_url", refusal.to_string()))?;
            for (index, Parameter { place, name, .. }) in parameters.iter().enumerate() {
                if *place == Place::Header {
                    check_header(&format!("auth.parameters[{index}].name"), name, policy)?;
                }
            }
            Ok(())
        }
        Auth::None | Auth::Basic { .. } | Auth::Connection { .. } => Ok(()),
    }
}

fn check_header(field: &str, name: &str, policy: &Policy) -> Result<(), FieldError> {
    policy.check_credential_header(name).map_err(|refusal| FieldError::new(field, refusal.to_string()))
}

/// The change of the connection when `requested` follows `before`. Secrets that are left out are kept, provided that it is
/// clear which one each is.
pub(crate) fn change(before: Option<&Auth>, requested: Option<&Auth>) -> Result<Change, FieldError> {
    let requested = match requested {
        None => return Ok(Change::Keep),
        Some(Auth::None) => return Ok(Change::Clear),
        Some(Auth::Connection { .. }) => return Ok(Change::Attach),
        Some(requested) if requested.uses_private_key() => {
            let stored = before.filter(|before| before.uses_private_key());
            return key_client::check_kept(stored, requested).map(|()| Change::Clear);
        }
        Some(requested) => requested,
    };
    let before = before.filter(|before| !before.uses_private_key());
    let Some(missing) = requested.missing_secret() else { return Ok(Change::Write) };
    match (before, requested) {
        (
            Some(Auth::OauthClientCredentials { parameters: stored, scope: before, .. }),
            Auth::OauthClientCredentials { parameters, scope, .. },
        ) => {
            check_values(stored, parameters)?;
            match missing_value(parameters) {
                // EventBridge replaces all parameters at once, and the scope is one of them.
                Some(field) if before != scope => Err(FieldError::new(
                    field,
                    "must be given again with another scope, which is kept with it",
                )),
                _ => Ok(Change::Amend),
            }
        }
        (Some(Auth::Basic { .. }), Auth::Basic { .. }) | (Some(Auth::ApiKey { .. }), Auth::ApiKey { .. }) => {
            Ok(Change::Amend)
        }
        _ => Err(FieldError::new(missing, "must be given: there is no stored one to keep")),
    }
}

/// Refuses a parameter whose value is left out, although it is not clear which stored value it would keep.
pub(super) fn check_values(stored: &[Parameter], requested: &[Parameter]) -> Result<(), FieldError> {
    let places = |parameters: &[Parameter]| -> Vec<_> {
        parameters.iter().map(|parameter| (parameter.place, parameter.name.clone())).collect()
    };
    let none_given = requested.iter().all(|parameter| parameter.value.given().is_none());
    match missing_value(requested).filter(|_| !(none_given && places(stored) == places(requested))) {
        Some(field) => {
            let reason = "must be given: the values of parameters are kept only when the list is unchanged and none has a value";
            Err(FieldError::new(field, reason))
        }
        None => Ok(()),
    }
}

/// Changes the connection; `stored` is the one that the webhook has now.
pub(crate) async fn apply(
    ctx: &Context,
    change: Change,
    config: &WebhookConfig,
    stored: Option<Connection>,
) -> Result<Option<Connection>, Problem> {
    let Some(auth) = config.fields.auth.as_ref().filter(|_| change != Change::Keep) else {
        return Ok(stored.filter(|_| change == Change::Keep));
    };
    if change == Change::Clear {
        return Ok(None);
    }
    if let Auth::Connection { connection_arn } = auth {
        return find_attached(ctx, config, connection_arn).await.map(Some);
    }
    let name = connection_name_for(&config.org_id, config.config_id);
    let (connections, name) = (&ctx.connections, name.as_str());
    let write = || async move {
        match connections.update(name, auth).await {
            // Updating comes first, because a save that broke off may have left a connection of this name.
            Err(SaveError::Gone) if change == Change::Write => connections.create(name, auth).await,
            written => written,
        }
    };
    while_busy(write).await.map(Some).map_err(|error| refusal(error, auth))
}

/// Repeats `write` while EventBridge is busy with the connection: one that was just deleted keeps its name for some
/// seconds.
async fn while_busy<T, F: Future<Output = Result<T, SaveError>>>(
    mut write: impl FnMut() -> F,
) -> Result<T, SaveError> {
    let mut pauses = BUSY_PAUSES.into_iter();
    loop {
        match (write().await, pauses.next()) {
            (Err(SaveError::Busy), Some(pause)) => tokio::time::sleep(pause).await,
            (written, _) => return written,
        }
    }
}

/// Finds the connection that the operator made for this org.
async fn find_attached(ctx: &Context, config: &WebhookConfig, arn: &str) -> Result<Connection, Problem> {
    let wrong = |reason| Problem::field(FieldError::new("auth.connection_arn", reason));
    let name = connection_name(arn).unwrap_or_default();
    if name == connection_name_for(&config.org_id, config.config_id) {
        return Err(wrong("is the webhook's own connection: leave auth out to keep it"));
    }
    let found = ctx.connections.find(name).await.map_err(|error| Problem::internal(&error))?;
    let (connection, _) = found.filter(|(connection, _)| connection.arn == arn).ok_or_else(|| {
        wrong("there is no connection with this ARN in the account and region of this deployment")
    })?;
    Ok(connection)
}

fn refusal(error: SaveError, auth: &Auth) -> Problem {
    match error {
        SaveError::Gone => {
            let field = auth.missing_secret().unwrap_or_else(|| "auth".to_owned());
            FieldError::new(field, "must be given again: the connection that held it is gone").into()
        }
        SaveError::Refused => match auth.missing_secret() {
            // The connection may have been deauthorised, so that the secret to keep is lost.
            Some(field) => {
                FieldError::new(field, "must be given: EventBridge does not accept the rest without it")
                    .into()
            }
            None => FieldError::new("auth", "EventBridge does not accept these values").into(),
        },
        SaveError::Busy => {
            let detail = "EventBridge is still deleting or changing the connection of this webhook: try again in a minute";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
        SaveError::Full => {
            tracing::error!(
                metric = "ConnectionQuotaReached",
                "the account has reached its quota of EventBridge connections"
            );
            let detail = format!(
                "the AWS account of this deployment has reached its quota of EventBridge connections ({DEFAULT_CONNECTIONS} in a \
                 region by default), of which each webhook with authentication needs one: its operator can request more \
                 (Service Quotas, EventBridge, Connections)"
            );
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
        SaveError::Failed(error) => Problem::internal(&error),
    }
}

/// Deletes the connection that was made for a webhook, if the stored webhook does not use it. A failure is only logged: the
/// connection is overwritten when the webhook needs one again, and deleted together with the webhook.
pub(crate) async fn tidy(ctx: &Context, config: &WebhookConfig) {
    if let Err(error) = try_tidy(ctx, config).await {
        let name = connection_name_for(&config.org_id, config.config_id);
        let chain = hookstep_contract::error_chain(&*error);
        tracing::warn!(
            connection.name = name,
            error.chain = chain,
            "an unused connection could not be deleted"
        );
    }
}

async fn try_tidy(ctx: &Context, config: &WebhookConfig) -> Result<(), Box<dyn Error + Send + Sync>> {
    let name = connection_name_for(&config.org_id, config.config_id);
    let Some(stored) = ctx.configs.latest(&config.org_id, config.config_id).await? else {
        return Ok(ctx.connections.delete(&name).await?);
    };
    if is_own(stored.fields.auth.as_ref()) {
        return Ok(());
    }
    // The lease keeps another save from making a connection that would then be deleted here.
    let lease = ctx.configs.lease(&stored, &ctx.sources).await?.ok_or("the webhook is being changed")?;
    let deleted = ctx.connections.delete(&name).await;
    ctx.configs.release(&stored, lease).await?;
    Ok(deleted?)
}

/// Deletes the connection that was made for a webhook, if there is one.
pub(crate) async fn delete(ctx: &Context, config: &WebhookConfig) -> Result<(), Problem> {
    let name = connection_name_for(&config.org_id, config.config_id);
    ctx.connections.delete(&name).await.map_err(|error| Problem::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(json: &str) -> Auth {
        serde_json::from_str(json).unwrap()
    }

    fn oauth(parameters: &str) -> String {
        let head = r#""type":"oauth_client_credentials","token_url":"https://example.com/","client_id":"c""#;
        format!(r#"{{{head},"parameters":[{parameters}]}}"#)
    }

    fn scoped(parameters: &str, scope: &str) -> String {
        oauth(parameters).replace("\"parameters\"", &format!(r#""scope":"{scope}","parameters""#))
    }

    const KEY: &str = r#""private_key":"k","#;

    fn keyed(parameters: &str, key: &str) -> String {
        let by = format!(r#""client_authentication":"private_key_jwt",{key}"parameters""#);
        oauth(parameters).replace("\"parameters\"", &by)
    }

    #[test]
    fn secrets_left_out_are_kept_where_it_is_clear_which_they_are() {
        let (audience, given) =
            (r#"{"in":"body","name":"audience"}"#, r#"{"in":"body","name":"audience","value":"v"}"#);
        let in_query = r#"{"in":"query","name":"audience"}"#;
        let attached = r#"{"type":"connection","connection_arn":"arn"}"#;
        let both = format!("{given},{in_query}");
        let cases = [
            (
                r#"{"type":"basic","username":"u"}"#,
                r#"{"type":"basic","username":"other"}"#,
                Ok(Change::Amend),
            ),
            (r#"{"type":"none"}"#, r#"{"type":"basic","username":"u","password":"p"}"#, Ok(Change::Write)),
            (r#"{"type":"none"}"#, r#"{"type":"basic","username":"u"}"#, Err("auth.password")),
            (attached, r#"{"type":"basic","username":"u"}"#, Err("auth.password")),
            (r#"{"type":"basic","username":"u"}"#, r#"{"type":"api_key","name":"n"}"#, Err("auth.value")),
            (r#"{"type":"api_key","name":"n"}"#, r#"{"type":"api_key","name":"other"}"#, Ok(Change::Amend)),
            (r#"{"type":"basic","username":"u"}"#, attached, Ok(Change::Attach)),
            (r#"{"type":"basic","username":"u"}"#, r#"{"type":"none"}"#, Ok(Change::Clear)),
            (r#"{"type":"api_key","name":"n"}"#, &oauth(""), Err("auth.client_secret")),
            (&oauth(audience), &oauth(audience), Ok(Change::Amend)),
            (&oauth(audience), &oauth(given), Ok(Change::Amend)),
            (&oauth(audience), &oauth(""), Ok(Change::Amend)),
            (&oauth(""), &oauth(audience), Err("auth.parameters[0].value")),
            (&oauth(audience), &oauth(in_query), Err("auth.parameters[0].value")),
            (&oauth(&both), &oauth(&both), Err("auth.parameters[1].value")),
            (&oauth(&both), &oauth(given), Ok(Change::Amend)),
            (&oauth(""), &scoped("", "s"), Ok(Change::Amend)),
            (&scoped("", "s"), &oauth(""), Ok(Change::Amend)),
            (&scoped(audience, "s"), &scoped(audience, "s"), Ok(Change::Amend)),
            (&scoped(audience, "s"), &scoped(audience, "t"), Err("auth.parameters[0].value")),
            (&scoped(audience, "s"), &scoped(given, "t"), Ok(Change::Amend)),
            (&oauth(""), &keyed("", ""), Err("auth.private_key")),
            (&oauth(""), &keyed("", KEY), Ok(Change::Clear)),
            (&keyed("", ""), &keyed("", ""), Ok(Change::Clear)),
            (&keyed(audience, ""), &keyed(audience, ""), Ok(Change::Clear)),
            (&keyed(audience, ""), &keyed(in_query, KEY), Err("auth.parameters[0].value")),
            (&oauth(audience), &keyed(audience, KEY), Err("auth.parameters[0].value")),
            (&keyed("", ""), &oauth(""), Err("auth.client_secret")),
        ];
        for (stored, requested, expected) in cases {
            let found = change(Some(&auth(stored)), Some(&auth(requested))).map_err(|error| error.field);
            assert_eq!(found, expected.map_err(ToOwned::to_owned), "{stored} {requested}");
        }
        assert_eq!(change(Some(&auth(attached)), None), Ok(Change::Keep));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_being_deleted_is_waited_for_but_not_for_ever() {
        let after = async |busy: u32| {
            let (mut asked, start) = (0, tokio::time::Instant::now());
            let written = while_busy(|| {
                asked += 1;
                std::future::ready(if asked > busy { Ok(asked) } else { Err(SaveError::Busy) })
            });
            (written.await, start.elapsed().as_secs())
        };
        assert_eq!(after(0).await, (Ok(1), 0));
        assert_eq!(after(2).await, (Ok(3), 3));
        assert_eq!(after(9).await, (Err(SaveError::Busy), 15));
        let refused = while_busy(|| std::future::ready(Err::<(), _>(SaveError::Refused))).await;
        assert_eq!(refused, Err(SaveError::Refused));
    }

    fn checked(json: &str) -> Result<(), String> {
        let head = r#""name":"n","url":"https://example.com/","headers":{"X-Team":"a"}"#;
        let fields: ConfigFields = serde_json::from_str(&format!(r#"{{{head},"auth":{json}}}"#)).unwrap();
        check(&fields, &"acme".parse().unwrap(), &Policy::default()).map_err(|error| error.field)
    }

    #[test]
    fn a_credential_takes_no_header_that_is_in_use() {
        for name in ["Authorization", "cookie", "X-Key"] {
            assert_eq!(checked(&format!(r#"{{"type":"api_key","name":"{name}","value":"v"}}"#)), Ok(()));
        }
        for name in ["Host", "content-length", "webhook-id", "Transfer-Encoding", "X-Amz-Date", "a b", "ä"] {
            let found = checked(&format!(r#"{{"type":"api_key","name":"{name}","value":"v"}}"#));
            assert_eq!(found, Err("auth.name".to_owned()), "{name}");
        }
        let cases = [
            (r#"{"type":"api_key","name":"x-team","value":"v"}"#.to_owned(), "headers.X-Team"),
            (r#"{"type":"api_key","name":"X-Key","value":"ä"}"#.to_owned(), "auth.value"),
            (oauth("").replace("https:", "http:"), "auth.token_url"),
            (oauth(r#"{"in":"header","name":"Host","value":"v"}"#), "auth.parameters[0].name"),
        ];
        for (json, field) in cases {
            assert_eq!(checked(&json), Err(field.to_owned()), "{json}");
        }
    }
}
