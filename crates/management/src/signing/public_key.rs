//! The key pair of an org: made with its first webhook. Receivers verify `v1a` signatures with its public key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use hookstep_api_types::{OrgPublicKey, schema};
use hookstep_contract::{FieldError, OrgId, OrgKey};
use hookstep_http_edge::{ApiQuery, Problem};
use hookstep_signing::{PrivateKey, PublicKey};
use serde::Deserialize;
use utoipa::IntoParams;

use super::bytes_32;
use crate::Context;

/// Receivers may cache the keys for five minutes. A previous key signs for longer than that after it was replaced, unless
/// its owner wants otherwise.
pub(super) const CACHE_CONTROL: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=300")];

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyQuery {
    /// The org.
    #[param(value_type = schema::OrgId, required = true)]
    org_id: Option<String>,
}

impl KeyQuery {
    /// The keys of the org that the request names.
    pub(super) async fn key(self, ctx: &Context) -> Result<OrgKey, Problem> {
        let org_id: OrgId = self
            .org_id
            .ok_or_else(|| FieldError::new("org_id", "must be given"))?
            .parse()
            .map_err(|error| FieldError::new("org_id", format!("is {error}")))?;
        let key = ctx.configs.org_key(&org_id).await?;
        key.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, NO_KEY))
    }
}

/// What is said about an org without a key.
pub(super) const NO_KEY: &str = "this org has no key: the first webhook of an org makes it";

/// `GET /.well-known/webhook-public-key?org_id=`: needs no token.
#[utoipa::path(
    get,
    path = "/.well-known/webhook-public-key",
    operation_id = "read_public_key",
    tag = "Signatures",
    summary = "Read the public key of an org",
    description = "The newest key that verifies `v1a` signatures. Needs no token. All keys, with those that it has replaced, are at \
        `/.well-known/jwks.json`.",
    params(
        KeyQuery,
    ),
    responses(
        (status = 200, description = "The key.", body = OrgPublicKey),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 500, response = hookstep_http_edge::Internal),
    ),
    security(()),
)]
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    ApiQuery(query): ApiQuery<KeyQuery>,
) -> Result<([(HeaderName, &'static str); 1], Json<OrgPublicKey>), Problem> {
    let OrgKey { org_id, public_key, .. } = query.key(&ctx).await?;
    let key: PublicKey = public_key.parse().map_err(|error| Problem::internal(&error))?;
    let algorithm = "ed25519".to_owned();
    Ok((CACHE_CONTROL, Json(OrgPublicKey { org_id, algorithm, public_key, pem: key.to_pem() })))
}

/// Makes the key pair of an org that has none.
pub(crate) async fn ensure(ctx: &Context, org_id: &OrgId) -> Result<(), Problem> {
    if ctx.configs.org_key(org_id).await?.is_some() {
        return Ok(());
    }
    Ok(ctx.configs.create_org_key(&new(ctx, org_id).await?).await?)
}

/// A new key pair for an org.
pub(super) async fn new(ctx: &Context, org_id: &OrgId) -> Result<OrgKey, Problem> {
    let private = PrivateKey::from_seed(&bytes_32(&ctx.sources));
    Ok(OrgKey {
        org_id: org_id.clone(),
        created_at: ctx.sources.now(),
        public_key: private.public_key().to_string(),
        key: ctx.encrypt(org_id, &private.reveal()).await?,
        previous: Vec::new(),
    })
}
