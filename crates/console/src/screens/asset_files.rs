//! The files that pages load: style sheet, scripts and icon.

use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::assets::{ICON, PORTAL_SCRIPT, SCRIPT, STYLE};
use crate::error::PageError;

/// Cached without limit: new content has a new name.
const CACHE_CONTROL: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

/// `GET /console/assets/{name}`: needs no session.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    match [&STYLE, &SCRIPT, &PORTAL_SCRIPT, &ICON].into_iter().find(|asset| asset.name == name) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.kind), CACHE_CONTROL], asset.content).into_response(),
        None => PageError::new(StatusCode::NOT_FOUND, "There is no such file.").into_response(),
    }
}
