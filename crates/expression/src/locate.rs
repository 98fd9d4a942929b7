//! Locates a fault in an expression. The evaluator does not report positions, so parts of the expression are
//! evaluated again.

/// Whether the beginning of an expression can be completed to a valid one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// The beginning is valid, or can become so.
    Fine,
    /// The beginning is invalid, whatever follows.
    Wrong,
}

/// The character, counted from 1, at which a text becomes invalid: the last one of its shortest beginning
/// that cannot be completed.
pub(crate) fn syntax(text: &str, judge: impl Fn(&str) -> Beginning) -> usize {
    let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let (mut fine, mut wrong) = (0, ends.len());
    while fine + 1 < wrong {
        let middle = fine.midpoint(wrong);
        match judge(&text[..ends[middle - 1]]) {
            Beginning::Fine => fine = middle,
            Beginning::Wrong => wrong = middle,
        }
    }
    wrong.max(1)
}

/// How a name appears in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// In front of its arguments.
    Called,
    /// Anywhere.
    Anywhere,
}

/// The character, counted from 1, at which a name stands for the `nth` time, or 1 if it is not found. Strings
/// and comments do not count.
pub(crate) fn name(text: &str, name: &str, named: Named, nth: usize) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let stands = |at: &usize| {
        let (before, after) = (&text[..*at], &text[*at + name.len()..]);
        !before.ends_with(is_part)
            && !after.starts_with(is_part)
            && (named == Named::Anywhere || after.trim_start().starts_with('('))
    };
    let places: Vec<usize> = text.match_indices(name).map(|(at, _)| at).filter(stands).collect();
    let in_code = code(text);
    let place = places.iter().filter(|at| in_code[**at]).nth(nth - 1).or(places.first());
    text[..place.copied().unwrap_or_default()].chars().count() + 1
}

/// The character, counted from 1, at which a literal first stands.
pub(crate) fn literal(text: &str, literal: &str) -> usize {
    let in_code = code(text);
    let mut places = text.match_indices(literal).map(|(at, _)| at);
    let place = places.clone().find(|at| in_code[*at]).or_else(|| places.next());
    text[..place.unwrap_or_default()].chars().count() + 1
}

/// For each byte, whether it is outside of strings and comments.
fn code(text: &str) -> Vec<bool> {
    let bytes = text.as_bytes();
    let mut in_code = vec![true; bytes.len() + 1];
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at + 1..];
        let length = match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => quoted(rest, quote),
            b'/' if rest.starts_with(b"*") => {
                rest.windows(2).skip(1).position(|end| end == b"*/").map_or(rest.len(), |end| end + 3)
            }
            _ => 0,
        };
        in_code[at + 1..=at + length].fill(false);
        at += length + 1;
    }
    in_code
}

/// The length of a string up to and including its closing quote.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The character, counted from 1, at which the smallest part begins that fails in the same way as the whole.
/// `same` says whether a part does.
///
/// The search descends into parts that can be evaluated separately: the values of an object or a list, and
/// the steps of a block.
pub(crate) fn fault(text: &str, same: impl Fn(&str) -> bool) -> usize {
    let (mut start, mut end) = trim(text, 0, text.len());
    while let Some((from, to)) =
        parts(text, start, end).into_iter().find(|(from, to)| same(&text[*from..*to]))
    {
        (start, end) = (from, to);
    }
    text[..start].chars().count() + 1
}

fn trim(text: &str, start: usize, end: usize) -> (usize, usize) {
    let part = &text[start..end];
    let from = start + part.len() - part.trim_start().len();
    (from, (start + part.trim_end().len()).max(from))
}

/// The parts of an object `{key: value, …}` (its values), a list `[…, …]` or a block `(…; …)`.
fn parts(text: &str, start: usize, end: usize) -> Vec<(usize, usize)> {
    let part = &text[start..end];
    let separator = match (part.chars().next(), part.chars().next_back()) {
        (Some('{'), Some('}')) | (Some('['), Some(']')) => ',',
        (Some('('), Some(')')) => ';',
        _ => return Vec::new(),
    };
    let is_object = part.starts_with('{');
    let mut found = Vec::new();
    let (mut from, mut depth, mut quote, mut after_key) = (start + 1, 0_usize, None, !is_object);
    for (at, c) in part.char_indices().skip(1) {
        let at = start + at;
        match (quote, c) {
            (Some(open), c) if c == open && !text[..at].ends_with('\\') => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') if depth > 0 => depth -= 1,
            (None, ':') if depth == 0 && !after_key => (from, after_key) = (at + 1, true),
            (None, c) if depth == 0 && (c == separator || at + c.len_utf8() == end) => {
                found.push(trim(text, from, at));
                (from, after_key) = (at + c.len_utf8(), !is_object);
            }
            // The text is not a single object, list or block: `[a] & [b]`.
            (None, ')' | ']' | '}') => return Vec::new(),
            (None, _) => {}
        }
    }
    found.retain(|(from, to)| from < to);
    found
}
