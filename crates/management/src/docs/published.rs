//! The OpenAPI document as it is served: the file that the test of the document keeps up to date.

use axum::http::{HeaderName, header};

/// The document of the whole API.
pub(crate) const JSON: &str = include_str!("../../openapi.json");

/// How long the document and its page may be cached: they change only with a deployment.
pub(crate) const CACHE_CONTROL: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// `GET /openapi.json`
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "read_openapi",
    tag = "Service",
    summary = "Read this document",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = Object)),
    security(()),
)]
pub(crate) async fn show() -> ([(HeaderName, &'static str); 2], &'static str) {
    ([(header::CONTENT_TYPE, "application/json"), CACHE_CONTROL], JSON)
}
