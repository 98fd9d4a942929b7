//! `GET /docs`: the OpenAPI document as a page. The page is made at the first request, and needs no script.

mod curl;
mod document;
mod page;
pub(crate) mod published;
mod schema;

use std::sync::LazyLock;

use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use hookstep_http_edge::Problem;

use document::Document;
use published::{CACHE_CONTROL, JSON};

/// The page runs no script, and loads nothing but its style sheet.
const SECURITY: [(HeaderName, &str); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

static PAGE: LazyLock<Result<String, serde_json::Error>> = LazyLock::new(|| {
    serde_json::from_str::<Document>(JSON).map(|document| page::render(&document).into_string())
});

/// `GET /docs`
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "read_docs",
    tag = "Service",
    summary = "Read this document as a page",
    responses((status = 200, description = "A page for people.", body = String, content_type = "text/html")),
    security(()),
)]
pub(crate) async fn page() -> Result<impl IntoResponse, Problem> {
    let page = PAGE.as_ref().map_err(|error| Problem::internal(error))?;
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8"), CACHE_CONTROL], SECURITY, page.as_str()))
}

/// `GET /docs/style.css`
#[utoipa::path(
    get,
    path = "/docs/style.css",
    operation_id = "read_docs_style",
    tag = "Service",
    summary = "Read the style sheet of that page",
    responses((status = 200, description = "A style sheet.", body = String, content_type = "text/css")),
    security(()),
)]
pub(crate) async fn style() -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    ([kind, CACHE_CONTROL], SECURITY, include_str!("../assets/docs.css"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        serde_json::from_str(JSON).unwrap()
    }

    #[test]
    fn every_operation_and_object_has_its_place_on_a_small_page() {
        let (document, page) = (document(), PAGE.as_ref().unwrap());
        for (path, methods) in &document.paths {
            for (_, operation) in methods {
                for part in [format!("id=\"{}\"", operation.id), format!("href=\"#{}\"", operation.id)] {
                    assert!(page.contains(&part), "{path}: {part}");
                }
                assert!(page.contains(&operation.summary), "{path}");
            }
        }
        assert!(page.len() < 280_000, "{}", page.len());
    }

    #[test]
    fn every_link_of_the_page_leads_somewhere() {
        let page = PAGE.as_ref().unwrap();
        let links: Vec<&str> =
            page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(links.len() > 20);
        for link in links {
            assert_eq!(page.matches(&format!(" id=\"{link}\"")).count(), 1, "{link}");
        }
    }

    #[test]
    fn the_page_runs_and_loads_nothing() {
        let page = PAGE.as_ref().unwrap();
        for part in ["<script", "style=", " src=", "onclick", "url("] {
            assert!(!page.contains(part), "{part}");
        }
        assert!(!include_str!("../assets/docs.css").contains("url("));
    }
}
