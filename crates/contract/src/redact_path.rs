//! Paths to what is redacted: JSONPath (RFC 9535) with names, indices, wildcards and descendants. Filters and slices are no part of
//! it, so that the work of following a path is bounded by the size of the body.

use std::iter::Peekable;
use std::str::Chars;

/// How many paths an org has at most.
pub(crate) const MAX_REDACT_PATHS: usize = 20;

/// The longest path, in characters.
const MAX_REDACT_PATH_CHARS: usize = 200;

/// How many segments a path has at most: each may be under way at every value of a body, and is a bit there.
const MAX_SEGMENTS: usize = 16;

/// The most digits of an index: RFC 9535 takes numbers up to 2^53 - 1.
const MAX_DIGITS: usize = 15;

/// A path to values of a body: none, one or many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RedactPath(pub(crate) Vec<Segment>);

/// One segment: which values it leads to from where the segments before it have led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Whether it looks at all levels below, and not only at the next one.
    pub(crate) descends: bool,
    /// What it takes there.
    pub(crate) selectors: Vec<Selector>,
}

/// Which members or items a segment takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    /// The members with this name.
    Name(String),
    /// The item with this number, counted from the end if it is negative.
    Index(i64),
    /// All.
    All,
}

impl Segment {
    /// Whether it takes the members of an object with this name.
    pub(crate) fn takes_member(&self, name: &str) -> bool {
        self.selectors.iter().any(|selector| match selector {
            Selector::Name(wanted) => wanted == name,
            Selector::Index(_) => false,
            Selector::All => true,
        })
    }

    /// Whether it takes the item of an array of `len` items with this number.
    pub(crate) fn takes_item(&self, number: usize, len: usize) -> bool {
        self.selectors.iter().any(|selector| match selector {
            Selector::Name(_) => false,
            Selector::Index(wanted) => match u64::try_from(*wanted) {
                Ok(wanted) => wanted == number as u64,
                Err(_) => wanted.unsigned_abs() == (len - number) as u64,
            },
            Selector::All => true,
        })
    }
}

impl RedactPath {
    /// Parses a path.
    ///
    /// # Errors
    /// If it is none: what is wrong, phrased to follow the name of its field.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > MAX_REDACT_PATH_CHARS {
            return Err(format!("must be at most {MAX_REDACT_PATH_CHARS} characters"));
        }
        let Some(rest) = text.strip_prefix('$') else {
            return Err("must be a JSONPath, which begins with $".to_owned());
        };
        let mut rest = rest.chars().peekable();
        let mut segments = Vec::new();
        while rest.peek().is_some() {
            segments.push(segment(&mut rest)?);
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(format!("must have at most {MAX_SEGMENTS} segments"));
        }
        Ok(Self(segments))
    }
}

type Rest<'a> = Peekable<Chars<'a>>;

fn segment(rest: &mut Rest<'_>) -> Result<Segment, String> {
    skip_blanks(rest);
    match rest.next() {
        Some('[') => Ok(Segment { descends: false, selectors: brackets(rest)? }),
        Some('.') if rest.next_if_eq(&'.').is_none() => {
            Ok(Segment { descends: false, selectors: vec![after_dot(rest)?] })
        }
        Some('.') => {
            let selectors = match rest.next_if_eq(&'[') {
                Some(_) => brackets(rest)?,
                None => vec![after_dot(rest)?],
            };
            Ok(Segment { descends: true, selectors })
        }
        Some(other) => Err(format!("has {other:?} where a . or [ must be")),
        None => Err("must not end with a blank".to_owned()),
    }
}

/// A name without quotes, or a wildcard.
fn after_dot(rest: &mut Rest<'_>) -> Result<Selector, String> {
    if rest.next_if_eq(&'*').is_some() {
        return Ok(Selector::All);
    }
    let is_first = |c: &char| c.is_ascii_alphabetic() || *c == '_' || !c.is_ascii();
    let mut name = String::new();
    name.extend(rest.next_if(is_first));
    if name.is_empty() {
        return Err("must have a name or * after its dots: names with other characters are written ['a-b']"
            .to_owned());
    }
    while let Some(c) = rest.next_if(|c| is_first(c) || c.is_ascii_digit()) {
        name.push(c);
    }
    Ok(Selector::Name(name))
}

/// What is between brackets, of which the first was read.
fn brackets(rest: &mut Rest<'_>) -> Result<Vec<Selector>, String> {
    let mut selectors = Vec::new();
    loop {
        skip_blanks(rest);
        selectors.push(selector(rest)?);
        skip_blanks(rest);
        match rest.next() {
            Some(']') => return Ok(selectors),
            Some(',') => {}
            Some(':') => return Err("has a slice, which cannot be used here: use [*] or an index".to_owned()),
            _ => return Err("has a [ without its ]".to_owned()),
        }
    }
}

fn selector(rest: &mut Rest<'_>) -> Result<Selector, String> {
    match rest.peek() {
        Some('*') => {
            rest.next();
            Ok(Selector::All)
        }
        Some('\'' | '"') => quoted(rest).map(Selector::Name),
        Some('?') => Err("has a filter, which cannot be used here: use [*] or an index".to_owned()),
        Some(':') => Err("has a slice, which cannot be used here: use [*] or an index".to_owned()),
        _ => index(rest),
    }
}

fn index(rest: &mut Rest<'_>) -> Result<Selector, String> {
    let mut text = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || *c == '-') {
        text.push(c);
    }
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let is_plain = digits == "0" && text == "0" || !digits.starts_with('0');
    match text.parse() {
        Ok(number) if is_plain && digits.len() <= MAX_DIGITS => Ok(Selector::Index(number)),
        _ => Err("must have a quoted name, an index or * between its brackets".to_owned()),
    }
}

/// A name between quotes, with the escapes of JSON.
fn quoted(rest: &mut Rest<'_>) -> Result<String, String> {
    let quote = rest.next();
    // As JSON writes it: there, only the double quote is one.
    let mut json = String::from('"');
    loop {
        match rest.next() {
            None => return Err("has a quote without its end".to_owned()),
            end if end == quote => break,
            Some('\\') => match rest.next() {
                Some('\'') if quote == Some('\'') => json.push('\''),
                Some('"') if quote == Some('\'') => return Err(not_a_name()),
                Some(escaped) => json.extend(['\\', escaped]),
                None => return Err("has a quote without its end".to_owned()),
            },
            Some('"') => json.push_str("\\\""),
            Some(c) => json.push(c),
        }
    }
    json.push('"');
    serde_json::from_str(&json).map_err(|_| not_a_name())
}

fn not_a_name() -> String {
    "has a quoted name with an escape or a character that RFC 9535 does not allow".to_owned()
}

fn skip_blanks(rest: &mut Rest<'_>) {
    while rest.next_if(|c| matches!(c, ' ' | '\t' | '\n' | '\r')).is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Selector {
        Selector::Name(text.to_owned())
    }

    #[test]
    fn paths_are_read_as_rfc_9535_writes_them() {
        let child = |selectors| Segment { descends: false, selectors };
        let below = |selectors| Segment { descends: true, selectors };
        for (text, segments) in [
            ("$", vec![]),
            ("$.a.b_1", vec![child(vec![name("a")]), child(vec![name("b_1")])]),
            ("$ ['a'] [ \"b\" , 'c' ]", vec![child(vec![name("a")]), child(vec![name("b"), name("c")])]),
            ("$.größe", vec![child(vec![name("größe")])]),
            (r#"$['it\'s "it"']["\u00e4\ud83d\ude00\\"]"#, {
                vec![child(vec![name(r#"it's "it""#)]), child(vec![name("ä😀\\")])]
            }),
            ("$..email", vec![below(vec![name("email")])]),
            (
                "$..[0,-1].*",
                vec![below(vec![Selector::Index(0), Selector::Index(-1)]), child(vec![Selector::All])],
            ),
            ("$[*]..*", vec![child(vec![Selector::All]), below(vec![Selector::All])]),
        ] {
            assert_eq!(RedactPath::parse(text), Ok(RedactPath(segments)), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "begins with $"),
            ("a.b", "begins with $"),
            ("@.a", "begins with $"),
            ("$a", "where a . or ["),
            ("$.a ", "end with a blank"),
            ("$.", "after its dots"),
            ("$...a", "after its dots"),
            ("$.1", "after its dots"),
            ("$.a-b", "where a . or ["),
            ("$[?@.a]", "has a filter"),
            ("$[0:2]", "has a slice"),
            ("$[:2]", "has a slice"),
            ("$[a]", "between its brackets"),
            ("$[]", "between its brackets"),
            ("$[01]", "between its brackets"),
            ("$[-0]", "between its brackets"),
            ("$[9007199254740992]", "between its brackets"),
            ("$['a'", "without its ]"),
            ("$['a", "without its end"),
            ("$['a\\", "without its end"),
            (r#"$['\"']"#, "does not allow"),
            (r#"$["\'"]"#, "does not allow"),
            (r"$['\x']", "does not allow"),
            ("$['\n']", "does not allow"),
        ] {
            let refused = RedactPath::parse(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
        assert!(RedactPath::parse(&format!("${}", ".a".repeat(17))).unwrap_err().contains("16 segments"));
        assert!(RedactPath::parse(&format!("$.{}", "a".repeat(199))).unwrap_err().contains("200 characters"));
    }
}
