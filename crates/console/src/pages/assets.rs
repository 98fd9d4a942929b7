//! The style and the script: files of ours, under names that change with what is in them.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::error::PageError;

/// A file that is part of the program.
pub(crate) struct Asset {
    name: String,
    kind: &'static str,
    content: &'static str,
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "css", "text/css", include_str!("../../assets/console.css")));
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "js", "text/javascript", include_str!("../../assets/console.js")));
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")));

/// For ever: another content has another name.
const CACHE_CONTROL: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

impl Asset {
    fn new(stem: &str, extension: &str, kind: &'static str, content: &'static str) -> Self {
        let hash = hex::encode(Sha256::digest(content));
        Self { name: format!("{stem}-{}.{extension}", &hash[..12]), kind, content }
    }

    /// Where a page finds it.
    pub(crate) fn path(&self) -> String {
        format!("/console/assets/{}", self.name)
    }
}

/// `GET /console/assets/{name}`: for everybody.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    match [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.name == name) {
        Some(asset) => ([(header::CONTENT_TYPE, asset.kind), CACHE_CONTROL], asset.content).into_response(),
        None => PageError::new(StatusCode::NOT_FOUND, "There is no such file.").into_response(),
    }
}
