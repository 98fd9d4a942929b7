//! What the fields of an [`Auth`] may contain: what EventBridge takes (botocore, events/2015-10-07, `CreateConnection`),
//! for a connection holds them.

use crate::limits::{BODY_PARAMETER_CHARS, CONNECTION_VALUE_CHARS, MAX_TOKEN_PARAMETERS, SCOPE_CHARS};
use crate::{Auth, ClientAuthentication, FieldError, Parameter, Place, Secret, TokenMethod};

/// The name of the parameter that the field `scope` sets.
const SCOPE: &str = "scope";

/// The longest `kid`.
const KEY_ID_CHARS: usize = 255;

/// Checks an OAuth client.
pub(crate) fn check_oauth(auth: &Auth) -> Result<(), FieldError> {
    let Auth::OauthClientCredentials {
        client_id,
        client_secret,
        method,
        parameters,
        scope,
        client_authentication,
        private_key,
        key_id,
        ..
    } = auth
    else {
        return Ok(());
    };
    check_value("auth.client_id", client_id)?;
    match client_authentication {
        Some(ClientAuthentication::ClientSecretPost | ClientAuthentication::PrivateKeyJwt)
            if *method == TokenMethod::Get =>
        {
            let reason = "needs the method POST or PUT: a URL appears in logs along the way";
            return Err(FieldError::new("auth.client_authentication", reason));
        }
        _ => {}
    }
    if auth.uses_private_key() {
        check_key(private_key, key_id.as_deref())?;
        if *client_secret != Secret::Unchanged {
            return Err(FieldError::new("auth.client_secret", "must be left out with private_key_jwt"));
        }
    } else {
        check_secret("auth.client_secret", client_secret)?;
        let without = "goes with the client_authentication private_key_jwt";
        if *private_key != Secret::Unchanged {
            return Err(FieldError::new("auth.private_key", without));
        }
        if key_id.is_some() {
            return Err(FieldError::new("auth.key_id", without));
        }
    }
    check_scope(scope.as_deref(), parameters)?;
    check_parameters(parameters)
}

fn check_key(private_key: &Secret, key_id: Option<&str>) -> Result<(), FieldError> {
    if *private_key == Secret::Cleared {
        return Err(cleared("auth.private_key"));
    }
    let is_fine = |id: &str| {
        (1..=KEY_ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b' '..=b'~'))
    };
    if !key_id.is_none_or(is_fine) {
        let reason = format!("must be 1 to {KEY_ID_CHARS} visible ASCII characters");
        return Err(FieldError::new("auth.key_id", reason));
    }
    Ok(())
}

fn check_scope(scope: Option<&str>, parameters: &[Parameter]) -> Result<(), FieldError> {
    let Some(scope) = scope else { return Ok(()) };
    let length = scope.chars().count();
    if !(1..=SCOPE_CHARS).contains(&length) || scope.trim().is_empty() || scope.chars().any(char::is_control)
    {
        let reason = format!("must be 1 to {SCOPE_CHARS} characters, without control characters");
        return Err(FieldError::new("auth.scope", reason));
    }
    if parameters.iter().any(|parameter| parameter.place == Place::Body && parameter.name == SCOPE) {
        return Err(FieldError::new("auth.scope", "is also among the parameters: leave one of the two out"));
    }
    Ok(())
}

fn check_parameters(parameters: &[Parameter]) -> Result<(), FieldError> {
    if parameters.len() > MAX_TOKEN_PARAMETERS {
        return Err(FieldError::new("auth.parameters", format!("must be at most {MAX_TOKEN_PARAMETERS}")));
    }
    for (index, Parameter { place, name, value }) in parameters.iter().enumerate() {
        check_value(&format!("auth.parameters[{index}].name"), name)?;
        let field = format!("auth.parameters[{index}].value");
        match value {
            Secret::Unchanged => {}
            Secret::Cleared => return Err(cleared(&field)),
            Secret::Given(value) => check_parameter(&field, *place, value)?,
        }
    }
    Ok(())
}

/// The value of a parameter. Only in a body may it be empty or long, and only there is every character taken.
fn check_parameter(field: &str, place: Place, value: &str) -> Result<(), FieldError> {
    let (least, most) = match place {
        Place::Body => (0, BODY_PARAMETER_CHARS),
        Place::Query | Place::Header => (1, CONNECTION_VALUE_CHARS),
    };
    let (is_taken, which): (fn(char) -> bool, &str) = match place {
        Place::Body => (|_| true, "characters"),
        Place::Query => {
            (|c| !c.is_control() || matches!(c, '\n' | '\r'), "characters, without control characters")
        }
        Place::Header => (|c| matches!(c, '\t' | ' '..='~'), "visible ASCII characters"),
    };
    if !(least..=most).contains(&value.chars().count()) || !value.chars().all(is_taken) {
        return Err(FieldError::new(field, format!("must be {least} to {most} {which}")));
    }
    Ok(())
}

pub(crate) fn check_secret(field: &str, secret: &Secret) -> Result<(), FieldError> {
    match secret {
        Secret::Unchanged => Ok(()),
        Secret::Cleared => Err(cleared(field)),
        Secret::Given(value) => check_value(field, value),
    }
}

fn cleared(field: &str) -> FieldError {
    FieldError::new(field, "must not be null: leave it out to keep it, or set auth to null")
}

/// Checks EventBridge's `AuthHeaderParameters`, the pattern of user names, passwords, API keys, client ids and client
/// secrets: no control characters and no colon.
pub(crate) fn check_value(field: &str, value: &str) -> Result<(), FieldError> {
    let taken = |c: char| !c.is_control() && c != ':';
    if !(1..=CONNECTION_VALUE_CHARS).contains(&value.chars().count())
        || value.trim().is_empty()
        || !value.chars().all(taken)
    {
        let reason =
            format!("must be 1 to {CONNECTION_VALUE_CHARS} characters, without colons or control characters");
        return Err(FieldError::new(field, reason));
    }
    Ok(())
}
