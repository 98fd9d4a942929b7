//! The origins whose pages may show the portal in a frame.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The most origins of a deployment: they are in a header of the page.
const MAX_ORIGINS: usize = 50;

/// The longest list, in characters.
const MAX_CHARS: usize = 4000;

/// The origins whose pages may show the portal in a frame, as `frame-ancestors` of a content security policy has them. By
/// default there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameOrigins(Vec<String>);

/// A text that is no list of origins.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "{0:?} is no origin: write https://app.example.com or https://*.example.com, at most {MAX_ORIGINS} of them, separated by \
     spaces or commas; http is only for localhost and 127.0.0.1"
)]
pub struct InvalidFrameOrigin(String);

impl FrameOrigins {
    /// Whether no page may show the portal in a frame.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The list, separated by spaces.
impl fmt::Display for FrameOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl FromStr for FrameOrigins {
    type Err = InvalidFrameOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidFrameOrigin> {
        let parts = text.split([' ', ',']).filter(|part| !part.is_empty());
        let origins: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
        if origins.len() > MAX_ORIGINS || text.len() > MAX_CHARS {
            return Err(InvalidFrameOrigin(text.chars().take(40).collect()));
        }
        match origins.iter().find(|origin| !is_origin(origin)) {
            Some(wrong) => Err(InvalidFrameOrigin(wrong.clone())),
            None => Ok(Self(origins)),
        }
    }
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0);
    let is_allowed = match scheme {
        "https" => is_host(host.strip_prefix("*.").unwrap_or(host)),
        "http" => matches!(host, "localhost" | "127.0.0.1"),
        _ => false,
    };
    is_allowed && port.is_none_or(is_port)
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_and_written_as_a_policy_has_them() {
        let text = "https://App.example.com, https://*.example.org:8443 http://localhost:3000";
        let origins: FrameOrigins = text.parse().unwrap();
        assert_eq!(
            origins.to_string(),
            "https://app.example.com https://*.example.org:8443 http://localhost:3000"
        );
        assert!("".parse::<FrameOrigins>().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_origin_does_not_get_into_the_policy() {
        for wrong in [
            "*",
            "https:",
            "https://",
            "https://*",
            "https://*.",
            "https://*.*.example.com",
            "https://a.example/path",
            "https://a.example;script-src",
            "https://a.example:0",
            "https://a.example:",
            "https://u@a.example",
            "http://a.example",
            "'self'",
            "data:",
        ] {
            assert!(wrong.parse::<FrameOrigins>().is_err(), "{wrong}");
        }
        assert!("https://a.example ".repeat(51).parse::<FrameOrigins>().is_err());
    }
}
