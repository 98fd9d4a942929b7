//! Query strings.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use hookstep_contract::FieldError;
use serde::de::DeserializeOwned;

use crate::Problem;

/// The query string; 400 that names the parameter when it cannot be read.
#[derive(Clone, Copy, Debug)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri).map(|Query(query)| Self(query)).map_err(|rejection| {
            let text = rejection.body_text();
            let field = text.split('`').nth(1).unwrap_or("query").to_owned();
            FieldError::new(field, "is not a parameter of this route, or is given twice").into()
        })
    }
}
