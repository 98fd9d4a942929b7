//! How the portal looks.

use utoipa::ToSchema;

use super::ThemeMode;

/// How the portal looks. What is left out is as in the console.
#[derive(Debug, ToSchema)]
pub struct Theme {
    /// The name of the product, which stands in the head of each page.
    #[schema(required = false, min_length = 1, max_length = 60, examples("Acme"))]
    pub product_name: Option<String>,
    /// Its logo: `data:<type>;base64,<data>` of up to 16 KiB, where the type is `image/svg+xml`, `image/png`, `image/jpeg` or
    /// `image/webp`.
    #[schema(required = false)]
    pub logo: Option<String>,
    /// Whether it is light, dark, or as the viewer's system says.
    #[schema(required = false)]
    pub mode: ThemeMode,
    /// The colours while it is light.
    #[schema(required = false)]
    pub light: Palette,
    /// The colours while it is dark.
    #[schema(required = false)]
    pub dark: Palette,
}

/// The colours of a theme, which must leave every text readable: a contrast of 4.5.
#[derive(Debug, ToSchema)]
pub struct Palette {
    /// The colour of links and of the main buttons.
    #[schema(required = false, pattern = "^#[0-9a-fA-F]{6}$", examples("#0a66c2"))]
    pub accent: Option<String>,
    /// The colour behind everything.
    #[schema(required = false, pattern = "^#[0-9a-fA-F]{6}$", examples("#f6f7f9"))]
    pub background: Option<String>,
}
