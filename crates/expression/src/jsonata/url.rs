//! JSONata's URL functions, which are those of JavaScript (ECMA-262, "URI Handling Functions").

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in a component.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What has a meaning in a URL, and therefore stays as it is in a whole one.
const RESERVED: &[u8] = b";/?:@&=+$,#";

const URL: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'#');

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, URL).to_string()
}

pub(crate) fn encode_component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Decodes a URL, except for what would then have a meaning in it; `None` if it is malformed.
pub(crate) fn decode(text: &str) -> Option<String> {
    decoded(text, RESERVED)
}

/// Decodes a component of a URL; `None` if it is malformed.
pub(crate) fn decode_component(text: &str) -> Option<String> {
    decoded(text, b"")
}

fn decoded(text: &str, kept: &[u8]) -> Option<String> {
    let (mut rest, mut bytes) = (text.as_bytes(), Vec::new());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        let byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        match kept.contains(&byte) {
            true => bytes.extend_from_slice(&[b'%', digits[0], digits[1]]),
            false => bytes.push(byte),
        }
        rest = after;
    }
    String::from_utf8(bytes).ok()
}
