//! How the portal looks: in the name and the colours of the product that shows it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::FieldError;
use crate::name::check_characters;

/// The longest name of a product, in characters.
const MAX_NAME_CHARS: usize = 60;

/// The largest logo, in bytes: it is stored with the link.
const MAX_LOGO_BYTES: usize = 16 * 1024;

/// What a logo can be. A browser runs no script in an image.
const LOGO_KINDS: [&str; 4] = ["image/svg+xml", "image/png", "image/jpeg", "image/webp"];

/// The least contrast between a text and what is behind it (WCAG 2.2, 1.4.3, level AA).
const MIN_CONTRAST: f64 = 4.5;

/// How the portal looks. What is left out is as in the console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// The name of the product, which stands in the head of each page: 1 to 60 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    /// Its logo, as a `data:` URL of an image of up to 16 KiB in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Whether it is light, dark, or as the viewer's system says.
    #[serde(default)]
    pub mode: ThemeMode,
    /// The colours while it is light.
    #[serde(default)]
    pub light: Palette,
    /// The colours while it is dark.
    #[serde(default)]
    pub dark: Palette,
}

/// Whether the portal is light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeMode {
    /// As the viewer's system says.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// The colours of a theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Palette {
    /// The colour of links and of the main buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<Colour>,
    /// The colour behind everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<Colour>,
}

/// A colour, `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

/// A text that is no colour.
#[derive(Debug, thiserror::Error)]
#[error("must be a colour like #0a66c2")]
pub struct InvalidColour;

impl FromStr for Colour {
    type Err = InvalidColour;

    fn from_str(text: &str) -> Result<Self, InvalidColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(InvalidColour)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidColour);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| InvalidColour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl TryFrom<String> for Colour {
    type Error = InvalidColour;

    fn try_from(text: String) -> Result<Self, InvalidColour> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([red, green, blue]) = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// A colour of our own.
    const fn of(rgb: u32) -> Self {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Self([red, green, blue])
    }

    /// The contrast between two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let Self([red, green, blue]) = self;
        0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue)
    }
}

/// The colours of the console that theirs have to go with: those of `console.css`.
struct Ours {
    /// What is behind texts, other than the background: cards, and what is sunk into them.
    behind: [Colour; 2],
    background: Colour,
    accent: Colour,
    /// The texts that stand on the background.
    texts: [Colour; 3],
}

const LIGHT: Ours = Ours {
    behind: [Colour::of(0xff_ff_ff), Colour::of(0xf2_f4_f7)],
    background: Colour::of(0xf6_f7_f9),
    accent: Colour::of(0x3a_56_c5),
    texts: [Colour::of(0x1b_22_30), Colour::of(0x56_60_72), Colour::of(0xa8_20_1a)],
};

const DARK: Ours = Ours {
    behind: [Colour::of(0x16_1a_22), Colour::of(0x11_15_1c)],
    background: Colour::of(0x0e_11_17),
    accent: Colour::of(0x93_a7_ff),
    texts: [Colour::of(0xe5_e9_f0), Colour::of(0x9b_a5_b5), Colour::of(0xff_9f_97)],
};

impl Palette {
    /// Whether every text stays readable.
    fn check(self, ours: &Ours, name: &str) -> Result<(), FieldError> {
        let background = self.background.unwrap_or(ours.background);
        let accent = self.accent.unwrap_or(ours.accent);
        let wrong = |field: &str, reason: String| FieldError::new(format!("theme.{name}.{field}"), reason);
        if let Some(text) = ours.texts.into_iter().find(|text| text.contrast(background) < MIN_CONTRAST) {
            let reason = format!(
                "must have a contrast of {MIN_CONTRAST} to the texts on it: {text} is not readable on {background}"
            );
            return Err(wrong("background", reason));
        }
        let behind = ours.behind.into_iter().chain([background]);
        match behind.into_iter().find(|behind| accent.contrast(*behind) < MIN_CONTRAST) {
            Some(behind) => {
                let reason = format!(
                    "must have a contrast of {MIN_CONTRAST} to what is behind it: {accent} is not readable on {behind}"
                );
                Err(wrong("accent", reason))
            }
            None => Ok(()),
        }
    }
}

impl Theme {
    /// Whether it can be used.
    ///
    /// # Errors
    /// Names the field that cannot, and says why.
    pub fn check(&self) -> Result<(), FieldError> {
        if let Some(name) = &self.product_name {
            let wrong = |reason| FieldError::new("theme.product_name", reason);
            if !(1..=MAX_NAME_CHARS).contains(&name.trim().chars().count()) {
                return Err(wrong(format!("must be 1 to {MAX_NAME_CHARS} characters")));
            }
            check_characters(name).map_err(wrong)?;
        }
        if let Some(logo) = &self.logo
            && !is_logo(logo)
        {
            let kinds = LOGO_KINDS.join(", ");
            let reason = format!(
                "must be data:<type>;base64,<data> of up to {MAX_LOGO_BYTES} bytes, where the type is one of {kinds}"
            );
            return Err(FieldError::new("theme.logo", reason));
        }
        self.light.check(&LIGHT, "light")?;
        self.dark.check(&DARK, "dark")
    }
}

fn is_logo(url: &str) -> bool {
    let Some((kind, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) else {
        return false;
    };
    // Base64 is a third longer.
    LOGO_KINDS.contains(&kind)
        && data.len() <= MAX_LOGO_BYTES / 3 * 4 + 4
        && STANDARD.decode(data).is_ok_and(|bytes| (1..=MAX_LOGO_BYTES).contains(&bytes.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wrong(theme: Value) -> Option<String> {
        let theme: Theme = serde_json::from_value(theme).unwrap();
        theme.check().err().map(|error| error.field)
    }

    #[test]
    fn the_colours_of_the_console_are_readable() {
        assert_eq!(Theme::default().check(), Ok(()));
        let white = Colour::of(0xff_ff_ff);
        assert!((white.contrast(Colour::of(0)) - 21.0).abs() < 0.01);
        // A known pair: the lightest grey that is readable on white.
        assert!(white.contrast(Colour::of(0x76_76_76)) > 4.5 && white.contrast(Colour::of(0x77_77_77)) < 4.5);
    }

    #[test]
    fn our_colours_are_those_of_the_style_sheet() {
        let css = include_str!("../../console/assets/console.css");
        for (ours, block) in [LIGHT, DARK].iter().zip(css.split(":root {").skip(1)) {
            let value = |name: &str| {
                let rest = block.split(&format!("--{name}: ")).nth(1).unwrap();
                let text = rest.split(';').next().unwrap();
                if text == "#fff" { "#ffffff".parse() } else { text.parse() }.unwrap()
            };
            assert_eq!(ours.behind, [value("card"), value("sunk")]);
            assert_eq!(ours.texts, [value("text"), value("muted"), value("bad")]);
            assert_eq!((ours.background, ours.accent), (value("bg"), value("accent")));
        }
    }

    #[test]
    fn what_could_not_be_read_is_refused() {
        assert_eq!(wrong(json!({"light": {"accent": "#0a66c2"}, "dark": {"accent": "#7cc4ff"}})), None);
        for (field, theme) in [
            ("theme.light.accent", json!({"light": {"accent": "#ffcc00"}})),
            ("theme.dark.accent", json!({"dark": {"accent": "#0a66c2"}})),
            ("theme.light.background", json!({"light": {"background": "#8090a0"}})),
            ("theme.dark.background", json!({"dark": {"background": "#ffffff"}})),
        ] {
            assert_eq!(wrong(theme), Some(field.to_owned()));
        }
    }

    #[test]
    fn a_colour_is_a_colour_and_nothing_else() {
        assert_eq!("#0A66c2".parse::<Colour>().unwrap().to_string(), "#0a66c2");
        for text in ["", "red", "#fff", "#0a66c2;", "#+a66c2", "0a66c2", "#0a66cé"] {
            assert!(text.parse::<Colour>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_and_a_logo_are_bounded() {
        let svg = |bytes: usize| format!("data:image/svg+xml;base64,{}", STANDARD.encode(vec![b'a'; bytes]));
        assert_eq!(wrong(json!({"product_name": "Acme", "logo": svg(MAX_LOGO_BYTES)})), None);
        for logo in [
            svg(MAX_LOGO_BYTES + 1),
            svg(0),
            "https://a.example/l.svg".to_owned(),
            "data:text/html;base64,YQ==".to_owned(),
        ] {
            assert_eq!(wrong(json!({"logo": logo})), Some("theme.logo".to_owned()));
        }
        for name in ["".to_owned(), " ".to_owned(), "a\nb".to_owned(), "a".repeat(61)] {
            assert_eq!(wrong(json!({"product_name": name})), Some("theme.product_name".to_owned()));
        }
    }
}
