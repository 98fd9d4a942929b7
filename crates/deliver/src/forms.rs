//! The forms in which a receiver may repeat a secret.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The characters that URL encoders leave as they are, besides letters and digits: `application/x-www-form-urlencoded`,
/// RFC 3986, `encodeURIComponent`, and encoders of paths.
const LEFT_IN_URLS: [&str; 4] = ["*-._", "-._~", "-_.!~*'()", "-._~/"];

/// All forms: as it is; in JSON; in a URL or a form; in HTML; in base64.
pub(crate) fn of(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_owned(), html(secret)];
    forms.extend(json(secret));
    for left in LEFT_IN_URLS {
        forms.push(url(secret, left, |byte| format!("%{byte:02X}")));
        forms.push(url(secret, left, |byte| format!("%{byte:02x}")));
    }
    forms.extend(base64(secret.as_bytes()));
    forms.into_iter().map(String::into_bytes).collect()
}

/// As JSON encoders escape text. All must escape quotation marks, backslashes and control characters; some also the
/// slash, others what matters in HTML, others everything outside ASCII.
fn json(secret: &str) -> [String; 6] {
    let unicode = |c: char, upper: bool| {
        let mut escaped = String::new();
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _infallible =
                if upper { write!(escaped, "\\u{unit:04X}") } else { write!(escaped, "\\u{unit:04x}") };
        }
        escaped
    };
    let short = |c: char| match c {
        '"' => Some("\\\""),
        '\\' => Some("\\\\"),
        '\n' => Some("\\n"),
        '\r' => Some("\\r"),
        '\t' => Some("\\t"),
        _ => None,
    };
    let escape = |special: fn(char) -> bool, upper: bool, slash: &str| -> String {
        let escaped = |c: char| match (c, short(c)) {
            _ if special(c) => unicode(c, upper),
            ('/', _) => slash.to_owned(),
            (_, Some(short)) => short.to_owned(),
            (c, None) if c.is_ascii_control() => unicode(c, upper),
            (c, None) => c.to_string(),
        };
        secret.chars().map(escaped).collect()
    };
    [
        escape(|_| false, false, "/"),
        escape(|_| false, false, "\\/"),
        escape(|c| !c.is_ascii(), false, "/"),
        escape(|c| !c.is_ascii(), false, "\\/"),
        escape(|c| !c.is_ascii() || matches!(c, '<' | '>' | '&'), false, "/"),
        escape(|c| !c.is_ascii() || "\"&'+<>`".contains(c), true, "/"),
    ]
}

/// In a URL, where `left` and letters and digits stay; in a form, a blank is a plus sign.
fn url(secret: &str, left: &str, escape: fn(u8) -> String) -> String {
    let is_form = left == LEFT_IN_URLS[0];
    let encoded = |byte: u8| match byte {
        b' ' if is_form => "+".to_owned(),
        _ if byte.is_ascii_alphanumeric() || left.as_bytes().contains(&byte) => char::from(byte).to_string(),
        _ => escape(byte),
    };
    secret.bytes().map(encoded).collect()
}

fn html(secret: &str) -> String {
    let escaped = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        _ => c.to_string(),
    };
    secret.chars().map(escaped).collect()
}

/// In both alphabets, at each position within a longer text. Six bits make a character, so the characters at either end
/// that also depend on the neighbours are left out.
fn base64(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret);
        let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.extend(encoded.get(first..end).map(ToOwned::to_owned));
        }
    }
    forms
}
