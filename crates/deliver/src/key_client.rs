//! OAuth clients that authenticate with a key, which is stored beside the config and not in a connection.

use hookstep_contract::{ErrorName, KeyClient, KeyClientParameter, OrgId, Place, StepError};
use hookstep_secrets::{ClientProof, Extra, Keys, OauthClient};

/// Decrypts a client.
///
/// # Errors
/// If KMS does not respond, or if what it decrypts is not what was saved.
pub(crate) async fn unlock(
    keys: &Keys,
    org_id: &OrgId,
    stored: &KeyClient,
) -> Result<OauthClient, StepError> {
    let private_key = keys.decrypt(org_id, &stored.private_key).await?.0;
    let mut extras = match &stored.parameters {
        Some(parameters) => extras(&keys.decrypt(org_id, parameters).await?.0)?,
        None => Vec::new(),
    };
    extras.extend(stored.scope.clone().map(|value| Extra {
        place: Place::Body,
        name: "scope".to_owned(),
        value,
    }));
    Ok(OauthClient {
        token_url: stored.token_url.clone(),
        client_id: stored.client_id.clone(),
        proof: ClientProof::Key { private_key, key_id: stored.key_id.clone() },
        method: stored.method,
        extras,
    })
}

/// Reads decrypted parameters. The parser's error is dropped, because it may quote a secret.
fn extras(json: &str) -> Result<Vec<Extra>, StepError> {
    let unreadable =
        |_| StepError::new(ErrorName::InvalidInput, "the parameters of a token request cannot be read");
    let parameters: Vec<KeyClientParameter> = serde_json::from_str(json).map_err(unreadable)?;
    let extra = |KeyClientParameter { place, name, value }| Extra { place, name, value };
    Ok(parameters.into_iter().map(extra).collect())
}
