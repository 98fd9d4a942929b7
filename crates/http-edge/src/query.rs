//! Query strings.

use axum::extract::Query;
use axum::http::Uri;
use hookstep_contract::FieldError;
use serde::de::DeserializeOwned;

use crate::Problem;

/// Reads a query string.
///
/// # Errors
/// 400 that names the parameter.
pub fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    Query::try_from_uri(uri).map(|Query(query)| query).map_err(|rejection| {
        let text = rejection.body_text();
        let field = text.split('`').nth(1).unwrap_or("query").to_owned();
        FieldError::new(field, "is not a parameter of this route, or is given twice").into()
    })
}
