//! The style sheet of a portal's theme: made of its address, and the same for everybody who asks for it.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookstep_contract::{Palette, Theme, ThemeMode};

use crate::assets::STYLE;
use crate::error::PageError;
use crate::form::{Form, Query};
use crate::parts;

/// The address of the style sheet; `None` for the look of the console.
pub(crate) fn address(theme: &Theme) -> Option<String> {
    let Theme { mode, light, dark, .. } = theme;
    let mode = match mode {
        ThemeMode::Auto => None,
        ThemeMode::Light => Some("light".to_owned()),
        ThemeMode::Dark => Some("dark".to_owned()),
    };
    let given = [
        ("mode", mode),
        ("light.accent", light.accent.map(String::from)),
        ("light.background", light.background.map(String::from)),
        ("dark.accent", dark.accent.map(String::from)),
        ("dark.background", dark.background.map(String::from)),
    ];
    let pairs: Vec<_> = given.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    (!pairs.is_empty()).then(|| format!("/portal/theme.css?{}", parts::query(pairs)))
}

/// `GET /portal/theme.css`
pub(crate) async fn show(query: Query) -> Response {
    match theme(&query) {
        Some(theme) => {
            let kept = (header::CACHE_CONTROL, "public, max-age=3600");
            ([(header::CONTENT_TYPE, "text/css"), kept], style_sheet(&theme)).into_response()
        }
        None => PageError::new(StatusCode::NOT_FOUND, "There is no such theme.").into_response(),
    }
}

/// The theme of an address, if it is one that could have been asked for.
fn theme(query: &Form) -> Option<Theme> {
    let colour = |name: &str| match query.get(name) {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    let palette = |name: &str| {
        let accent = colour(&format!("{name}.accent"))?;
        Some(Palette { accent, background: colour(&format!("{name}.background"))? })
    };
    let mode = match query.get("mode") {
        "" => ThemeMode::Auto,
        "light" => ThemeMode::Light,
        "dark" => ThemeMode::Dark,
        _ => return None,
    };
    let theme = Theme { mode, light: palette("light")?, dark: palette("dark")?, ..Theme::default() };
    theme.check().ok().map(|()| theme)
}

/// Replaces properties of `console.css`, which has the light ones first, and then the dark ones. `:root:root` goes before `:root`.
fn style_sheet(theme: &Theme) -> String {
    let ours = |number: usize| {
        let block = STYLE.content.split(":root {").nth(number).and_then(|rest| rest.split('}').next());
        block.unwrap_or_default().trim().to_owned()
    };
    let light = palette(theme.light, "#ffffff", "#1b2230");
    let dark = palette(theme.dark, "#161a22", "#e5e9f0");
    match theme.mode {
        ThemeMode::Auto => format!(
            ":root:root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root:root {{ {dark} }} }}\n"
        ),
        ThemeMode::Light => format!(":root:root {{ {} color-scheme: light; {light} }}\n", ours(1)),
        ThemeMode::Dark => format!(":root:root {{ {} color-scheme: dark; {dark} }}\n", ours(2)),
    }
}

/// The properties of these colours. What is behind the text of a button is the accent, which has enough contrast to what cards are
/// filled with; a button under the pointer comes nearer to the colour of texts, and so further from that.
fn palette(Palette { accent, background }: Palette, card: &str, text: &str) -> String {
    let background = background.map(|colour| format!("--bg: {colour}; ")).unwrap_or_default();
    let accent = accent.map(|colour| {
        format!(
            "--accent: {colour}; --focus: {colour}; --accent-text: {card}; --accent-hover: color-mix(in srgb, {colour} 80%, {text});"
        )
    });
    background + &accent.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_was_written() {
        assert_eq!(address(&Theme::default()), None);
        let text = r##"{"mode": "dark", "light": {"accent": "#0a66c2"}, "dark": {"accent": "#7cc4ff", "background": "#000000"}}"##;
        let theme: Theme = serde_json::from_str(text).unwrap();
        let address = address(&theme).unwrap();
        assert_eq!(super::theme(&Query::of(&address.parse().unwrap())), Some(theme));
    }

    #[test]
    fn nothing_but_a_theme_gets_into_the_style_sheet() {
        for query in [
            "mode=x",
            "light.accent=red",
            "light.accent=%23ffcc00",
            "dark.background=%23000000%7d",
            "light.accent=%23fff;",
        ] {
            let uri = format!("/portal/theme.css?{query}").parse().unwrap();
            assert_eq!(theme(&Query::of(&uri)), None, "{query}");
        }
    }

    #[test]
    fn a_fixed_mode_has_all_properties_of_the_console() {
        let of = |mode| style_sheet(&Theme { mode, ..Theme::default() });
        let (light, dark) = (of(ThemeMode::Light), of(ThemeMode::Dark));
        assert!(light.contains("--bg: #f6f7f9;") && light.contains("--idle-bar:"), "{light}");
        assert!(dark.contains("--bg: #0e1117;") && dark.contains("--idle-bar:"), "{dark}");
    }
}
