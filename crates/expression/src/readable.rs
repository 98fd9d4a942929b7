//! A body as the evaluators read it. Senders produce JSON that is not quite JSON: a byte order mark, half a
//! surrogate pair, a number that no double can hold. None of that may end an event whose filter asks for
//! another field, so it is repaired for the evaluation. What is sent without a transform stays what came in.

use std::borrow::Cow;

/// What stands for a number beyond the largest double, so that comparisons with it keep their result.
const LARGEST: &str = "1.7976931348623157e308";

/// The body as text, without a byte order mark, in which every string is valid Unicode and every number a
/// double. Text that is not JSON stays that.
pub(crate) fn readable(body: &[u8]) -> Cow<'_, str> {
    match decoded(body) {
        Cow::Borrowed(text) => repaired(text),
        Cow::Owned(text) => Cow::Owned(repaired(&text).into_owned()),
    }
}

/// The body decoded from UTF-8, or from UTF-16 if its byte order mark says so. Bytes that are no characters
/// become U+FFFD.
fn decoded(body: &[u8]) -> Cow<'_, str> {
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        body => String::from_utf8_lossy(body),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (units, rest) = bytes.as_chunks();
    let mut text = String::from_utf16_lossy(&units.iter().map(|bytes| unit(*bytes)).collect::<Vec<_>>());
    text.extend(rest.iter().map(|_| char::REPLACEMENT_CHARACTER));
    text
}

/// The text with every escape of half a surrogate pair, and every number beyond a double, replaced.
fn repaired(text: &str) -> Cow<'_, str> {
    let (bytes, mut fixed, mut kept) = (text.as_bytes(), String::new(), 0);
    let (mut at, mut in_string) = (0, false);
    while at < bytes.len() {
        let (length, replacement) = match bytes[at] {
            b'\\' if in_string => escape(&bytes[at..]),
            b'"' => {
                in_string = !in_string;
                (1, None)
            }
            b'-' | b'0'..=b'9' if !in_string => number(&text[at..]),
            _ => (1, None),
        };
        if let Some(replacement) = replacement {
            fixed.push_str(&text[kept..at]);
            fixed.push_str(&replacement);
            kept = at + length;
        }
        at += length;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    fixed.push_str(&text[kept..]);
    Cow::Owned(fixed)
}

/// The length of the escape at the beginning of `bytes`, and what replaces it if it is half a pair.
fn escape(bytes: &[u8]) -> (usize, Option<String>) {
    match (unit(bytes), bytes.get(6..).and_then(unit)) {
        (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => (12, None),
        (Some(0xd800..0xe000), _) => (6, Some("\\ufffd".to_owned())),
        // The escaped character may have several bytes; those after the first one have no meaning here.
        (_, _) => (2.min(bytes.len()), None),
    }
}

/// The UTF-16 unit of an escape `\uXXXX`.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let text = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(text, 16).ok()
}

/// The length of the number at the beginning of `text`, and what replaces it if no double can hold it.
fn number(text: &str) -> (usize, Option<String>) {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let length = text.bytes().take_while(|byte| is_part(byte)).count();
    let is_beyond = text[..length].parse::<f64>().is_ok_and(f64::is_infinite);
    let sign = if text.starts_with('-') { "-" } else { "" };
    (length, is_beyond.then(|| format!("{sign}{LARGEST}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_quite_json_is_repaired_and_nothing_else_is_touched() {
        let digits = "9".repeat(400);
        for (body, expected) in [
            (r#"{"a": "\ud83d"}"#, r#"{"a": "\ufffd"}"#),
            (r#"["\uDE00\ud83d\ude00\uD83D\uD83D\uDE00"]"#, r#"["\ufffd\ud83d\ude00\ufffd\uD83D\uDE00"]"#),
            (r#"["\\ud83d", "\\\ud83d"]"#, r#"["\\ud83d", "\\\ufffd"]"#),
            (r#"{"\udfff": 1}"#, r#"{"\ufffd": 1}"#),
            ("\u{feff}[1]", "[1]"),
            (
                "[1e400, -1e400, 1e-400, \"1e400\"]",
                "[1.7976931348623157e308, -1.7976931348623157e308, 1e-400, \"1e400\"]",
            ),
            (&format!("[{digits}]"), "[1.7976931348623157e308]"),
            ("[1e308, 9007199254740993, -0]", "[1e308, 9007199254740993, -0]"),
            ("[NaN, Infinity, -]", "[NaN, Infinity, -]"),
            ("\"open\\", "\"open\\"),
            ("\"\\ud8", "\"\\ud8"),
            ("\"\\ä\"", "\"\\ä\""),
            ("", ""),
        ] {
            assert_eq!(readable(body.as_bytes()), expected, "{body}");
        }
        assert!(matches!(readable(b"{\"a\": \"\\u00e4\"}"), Cow::Borrowed(_)));
    }

    #[test]
    fn other_encodings_are_read_if_they_can_be_told() {
        let utf16 = |unit: fn(u16) -> [u8; 2], text: &str| {
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect::<Vec<u8>>()
        };
        assert_eq!(readable(&utf16(u16::to_le_bytes, "{\"a\": \"ä😀\"}")), "{\"a\": \"ä😀\"}");
        assert_eq!(readable(&utf16(u16::to_be_bytes, "[1]")), "[1]");
        assert_eq!(readable(b"\xff\xfe[\0x"), "[\u{fffd}");
        assert_eq!(readable(b"\"caf\xe9\""), "\"caf\u{fffd}\"");
    }
}
