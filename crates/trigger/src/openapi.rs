//! These routes in the OpenAPI document.

use utoipa::OpenApi;

/// The part of the document that is about this function; `console` serves the whole.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Routes::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(crate::accept::trigger, crate::upload::upload))]
struct Routes;
