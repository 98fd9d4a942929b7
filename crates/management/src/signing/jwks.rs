//! `GET /.well-known/jwks.json?org_id=`: all public keys of an org, also those that were replaced and still sign.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderName;
use hookstep_api_types::{Jwk, Jwks};
use hookstep_http_edge::{ApiQuery, Problem};
use hookstep_signing::PublicKey;

use super::public_key::{CACHE_CONTROL, KeyQuery};
use crate::Context;

/// `GET /.well-known/jwks.json?org_id=`: needs no token.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    operation_id = "read_jwks",
    tag = "Signatures",
    summary = "Read all public keys of an org",
    description = "The keys that verify `v1a` signatures, as a JSON Web Key Set, newest first. While a key is being replaced, \
        there are several, and requests carry a signature by each. Needs no token.",
    params(
        KeyQuery,
    ),
    responses(
        (status = 200, description = "The keys.", body = Jwks),
        (status = 400, response = hookstep_http_edge::Invalid),
        (status = 404, response = hookstep_http_edge::NotFound),
        (status = 500, response = hookstep_http_edge::Internal),
    ),
    security(()),
)]
pub(crate) async fn show(
    State(ctx): State<Arc<Context>>,
    ApiQuery(query): ApiQuery<KeyQuery>,
) -> Result<([(HeaderName, &'static str); 1], Json<Jwks>), Problem> {
    let key = query.key(&ctx).await?;
    let previous = key.previous_at(ctx.sources.now()).map(|previous| &previous.public_key);
    let keys = std::iter::once(&key.public_key).chain(previous).map(|text| jwk(text));
    Ok((CACHE_CONTROL, Json(Jwks { keys: keys.collect::<Result<_, _>>()? })))
}

fn jwk(text: &str) -> Result<Jwk, Problem> {
    let key: PublicKey = text.parse().map_err(|error| Problem::internal(&error))?;
    Ok(Jwk {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        x: key.to_jwk_x(),
        kid: key.jwk_thumbprint(),
        usage: "sig".to_owned(),
        alg: "EdDSA".to_owned(),
    })
}
