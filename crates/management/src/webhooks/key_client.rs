//! The OAuth client of a webhook that authenticates with a key. A connection cannot hold a key, so its secret parts are
//! encrypted beside the config (ADR 26).

use hookstep_contract::{
    Auth, FieldError, KeyClient, KeyClientParameter, OrgId, Parameter, Secret, missing_value,
};
use hookstep_egress::ClientKey;
use hookstep_http_edge::Problem;
use hookstep_secrets::Keys;

use super::connection::check_values;
use crate::Context;

/// Checks the key of a request, if there is one.
pub(super) fn check(private_key: &Secret) -> Result<(), FieldError> {
    let Some(key) = private_key.given() else { return Ok(()) };
    let refuse = |reason: String| Err(FieldError::new("auth.private_key", reason));
    if key.len() > Keys::MAX_BYTES {
        return refuse(format!("must be at most {} bytes long", Keys::MAX_BYTES));
    }
    ClientKey::parse(key.as_bytes()).map(|_| ()).or_else(|refusal| refuse(refusal.to_string()))
}

/// Checks that every secret of `requested` is given, or is one of `stored`, which has a key, too.
pub(super) fn check_kept(stored: Option<&Auth>, requested: &Auth) -> Result<(), FieldError> {
    let Some(missing) = requested.missing_secret() else { return Ok(()) };
    match (stored, requested) {
        (
            Some(Auth::OauthClientCredentials { parameters: stored, .. }),
            Auth::OauthClientCredentials { parameters, .. },
        ) => check_values(stored, parameters),
        _ => Err(FieldError::new(missing, "must be given: there is no stored one to keep")),
    }
}

/// The client in the form in which `deliver` reads it; `stored` is what is stored now.
pub(super) async fn encrypted(
    ctx: &Context,
    org_id: &OrgId,
    auth: Option<&Auth>,
    stored: Option<KeyClient>,
) -> Result<Option<KeyClient>, Problem> {
    let Some(auth) = auth.filter(|auth| auth.uses_private_key()) else { return Ok(None) };
    let Auth::OauthClientCredentials {
        token_url,
        client_id,
        method,
        parameters,
        scope,
        private_key,
        key_id,
        ..
    } = auth
    else {
        return Ok(None);
    };
    let (stored_key, stored_parameters) =
        stored.map(|stored| (stored.private_key, stored.parameters)).unzip();
    let private_key = match private_key.given() {
        Some(key) => ctx.encrypt(org_id, key).await?,
        None => stored_key.ok_or_else(|| {
            FieldError::new("auth.private_key", "must be given again: the stored one is gone")
        })?,
    };
    let parameters = match parameters.as_slice() {
        [] => None,
        parameters if missing_value(parameters).is_some() => stored_parameters.flatten(),
        parameters => Some(ctx.encrypt(org_id, &in_json(parameters)?).await?),
    };
    Ok(Some(KeyClient {
        token_url: token_url.clone(),
        client_id: client_id.clone(),
        method: *method,
        scope: scope.clone(),
        key_id: key_id.clone(),
        private_key,
        parameters,
    }))
}

/// The parameters as the text that is encrypted.
fn in_json(parameters: &[Parameter]) -> Result<String, Problem> {
    let with_value = |Parameter { place, name, value }: &Parameter| KeyClientParameter {
        place: *place,
        name: name.clone(),
        value: value.given().unwrap_or_default().to_owned(),
    };
    let parameters: Vec<_> = parameters.iter().map(with_value).collect();
    let json = serde_json::to_string(&parameters).map_err(|error| Problem::internal(&error))?;
    if json.len() > Keys::MAX_BYTES {
        let reason = format!("must take at most {} bytes together with private_key_jwt", Keys::MAX_BYTES);
        return Err(FieldError::new("auth.parameters", reason).into());
    }
    Ok(json)
}
