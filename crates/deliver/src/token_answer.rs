//! The response of a token endpoint (RFC 6749 §5), as servers really give it.

use std::collections::BTreeMap;

use hookstep_egress::Response;
use hookstep_secrets::OauthClient;
use serde_json::value::RawValue;
use url::form_urlencoded;

use crate::exchange::{GrantedToken, TokenFailure};
use crate::mask::Mask;
use crate::readable::ReadableBody;

/// How much of an authorisation server's own text is passed on.
const MAX_DESCRIPTION_CHARS: usize = 200;

/// The longest lifetime of a token, in seconds (ten years): some servers name the largest number that they know.
const MAX_LIFETIME_SECS: u64 = 10 * 365 * 24 * 3600;

/// Codes of RFC 6749 (§4.1.2.1) and RFC 8628 that a later request may not get, whatever the status is.
const TRANSIENT_ERRORS: [&str; 3] = ["server_error", "slow_down", "temporarily_unavailable"];

/// The fields of a response.
struct Fields(BTreeMap<String, Field>);

enum Field {
    Text(String),
    /// JSON other than a string.
    Json(String),
}

/// Reads a response.
pub(crate) fn read(response: Response, client: &OauthClient) -> Result<GrantedToken, TokenFailure> {
    let Response { status, headers, body, truncated, .. } = response;
    let status_code = status.as_u16();
    let fields = Fields::read(&ReadableBody::of(&headers, body, truncated).bytes);
    if status.is_success()
        && let Some(header) = fields.header()
    {
        return Ok(GrantedToken { header, expires_in: fields.expires_in(), status_code });
    }
    let said = fields.said(client);
    let detail = match (status.is_success(), said.is_empty()) {
        (true, true) => format!("the token endpoint answered {status_code} without a usable access_token"),
        _ => format!("the token endpoint answered {status_code}{said}"),
    };
    let is_passing = fields.text("error").is_some_and(|error| TRANSIENT_ERRORS.contains(&error));
    let transient = status.is_server_error() || matches!(status_code, 408 | 425 | 429) || is_passing;
    Err(TokenFailure { detail, transient, status_code: Some(status_code) })
}

impl Fields {
    /// Reads JSON or a form, whatever the content type says: many servers send both as text.
    fn read(body: &[u8]) -> Self {
        let text = text(body);
        let json = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&text);
        Self(match json {
            Ok(fields) => fields.into_iter().map(|(name, value)| (name, Field::of(&value))).collect(),
            Err(_) => form_urlencoded::parse(text.trim().as_bytes())
                .map(|(name, value)| (name.into_owned(), Field::Text(value.into_owned())))
                .collect(),
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Field::Text(text) => Some(text.trim()),
            Field::Json(_) => None,
        }
    }

    /// The value of the `Authorization` header, if there is a token that can be sent.
    fn header(&self) -> Option<String> {
        let token = self.text("access_token").filter(|token| !token.is_empty())?;
        let header = format!("{} {token}", scheme(self.text("token_type").unwrap_or_default()));
        header.bytes().all(|byte| matches!(byte, 0x20..=0x7e)).then_some(header)
    }

    /// The lifetime in seconds: a number or a text, of any size. Anything else is as good as none.
    fn expires_in(&self) -> Option<u64> {
        let (Field::Text(number) | Field::Json(number)) = self.0.get("expires_in")?;
        let seconds: f64 = number.trim().parse().ok()?;
        // A number too large for a u64 becomes the largest one.
        (seconds >= 0.0).then_some((seconds as u64).min(MAX_LIFETIME_SECS))
    }

    /// The server's explanation of its refusal, with any secrets that it repeats masked.
    fn said(&self, client: &OauthClient) -> String {
        let mask = Mask::of_client(client);
        let words = ["error", "error_description"].into_iter().filter_map(|name| match self.0.get(name)? {
            Field::Text(text) => Some(text.clone()),
            // Some servers have an object with a message instead.
            Field::Json(json) => Self::read(json.as_bytes()).text("message").map(ToOwned::to_owned),
        });
        let shown = words.map(|text| {
            let visible: String = text.chars().filter(|&c| is_visible(c)).collect();
            mask.text(visible.trim()).chars().take(MAX_DESCRIPTION_CHARS).collect::<String>()
        });
        shown.filter(|text| !text.is_empty()).map(|text| format!(": {text}")).collect()
    }
}

impl Field {
    fn of(value: &RawValue) -> Self {
        match serde_json::from_str(value.get()) {
            Ok(text) => Self::Text(text),
            Err(_) => Self::Json(value.get().to_owned()),
        }
    }
}

/// The body as text; without a byte order mark, which must not be there.
fn text(body: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match body {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // What matters is ASCII, in whichever charset.
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => String::from_utf8_lossy(rest).into_owned(),
    }
}

/// The scheme of the `Authorization` header for a `token_type`. All servers mean Bearer, and spell it in many ways; a
/// scheme of another name is sent as it is.
fn scheme(token_type: &str) -> &str {
    let letters: String = token_type.chars().filter(char::is_ascii_alphanumeric).collect();
    let is_bearer = matches!(&*letters.to_ascii_lowercase(), "" | "bearer" | "bearertoken" | "na");
    let is_token = token_type.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+".contains(&byte));
    if is_bearer || !is_token { "Bearer" } else { token_type }
}

/// Whether a character shows itself: control characters, and those that change the direction or have no width, do not.
fn is_visible(c: char) -> bool {
    let is_format =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !is_format
}
