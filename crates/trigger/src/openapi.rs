//! The OpenAPI description of these routes.

use utoipa::OpenApi;

/// The part of the OpenAPI document for this function; `console` serves the complete document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Routes::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(
    crate::accept::trigger,
    crate::upload::upload,
    crate::publish::publish_one,
    crate::publish::publish_batch
))]
struct Routes;
