//! The style sheet, the scripts and the icon. Their names contain a hash of their content, so that browsers can cache them
//! without limit.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A file that is part of the program.
pub(crate) struct Asset {
    pub(crate) name: String,
    /// Its media type.
    pub(crate) kind: &'static str,
    pub(crate) content: &'static str,
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "css", "text/css", include_str!("../assets/console.css")));
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "js", "text/javascript", include_str!("../assets/console.js")));
/// What the portal does beyond that.
pub(crate) static PORTAL_SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("portal", "js", "text/javascript", include_str!("../assets/portal.js")));
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")));

impl Asset {
    fn new(stem: &str, extension: &str, kind: &'static str, content: &'static str) -> Self {
        let hash = hex::encode(Sha256::digest(content));
        Self { name: format!("{stem}-{}.{extension}", &hash[..12]), kind, content }
    }

    /// Its path on this host.
    pub(crate) fn path(&self) -> String {
        format!("/console/assets/{}", self.name)
    }
}
