//! Paging of lists: the parameters `limit` and `cursor`.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookstep_contract::FieldError;
use serde::Deserialize;
use utoipa::IntoParams;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 100;

/// The parameters of a list that has no others.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most entries of the page.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: Option<String>,
    /// The `next_cursor` of the previous page; leave it out for the first page.
    #[param(value_type = String, required = false)]
    pub(crate) cursor: Option<String>,
}

impl PageQuery {
    /// The last entry of the previous page, and the most entries of this one.
    ///
    /// # Errors
    /// The parameter that is wrong.
    pub(crate) fn read<T: FromStr>(&self) -> Result<(Option<T>, usize), FieldError> {
        Ok((decode_cursor(self.cursor.as_deref())?, parse_limit(self.limit.as_deref())?))
    }
}

/// Parses `limit`.
pub(crate) fn parse_limit(text: Option<&str>) -> Result<usize, FieldError> {
    match text.map(str::parse) {
        None => Ok(DEFAULT_LIMIT),
        Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(FieldError::new("limit", format!("must be 1 to {MAX_LIMIT}"))),
    }
}

/// A cursor: the last id of a page. It is encoded because its content is ours to change, not because it is secret.
pub fn encode_cursor(last: impl ToString) -> String {
    URL_SAFE_NO_PAD.encode(last.to_string())
}

/// Parses `cursor`.
///
/// # Errors
/// The field `cursor`.
pub fn decode_cursor<T: FromStr>(text: Option<&str>) -> Result<Option<T>, FieldError> {
    let Some(text) = text else { return Ok(None) };
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
        .map(Some)
        .ok_or_else(|| FieldError::new("cursor", "must be the next_cursor of another page"))
}
