//! A catalogue of texts: the part of gettext's PO format that we use.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::parts::sentence;

/// Texts by their English originals.
pub(crate) struct Catalogue {
    texts: HashMap<String, String>,
    patterns: Vec<Pattern>,
}

/// A text with holes: `{}` in the original, `{}` in the same order or `{1}`, `{2}` in the translation.
struct Pattern {
    /// What is before, between and behind the holes.
    parts: Vec<String>,
    translation: String,
}

impl Catalogue {
    /// Reads pairs of `msgid` and `msgstr`. Texts are compared as they are in HTML.
    pub(crate) fn read(po: &str) -> Self {
        let (mut texts, mut patterns) = (HashMap::new(), Vec::new());
        let mut original = String::new();
        for line in po.lines() {
            if let Some(text) = quoted(line, "msgid ") {
                original = escaped(&text);
            } else if let Some(text) = quoted(line, "msgstr ") {
                let translation = escaped(&text);
                if original.is_empty() {
                    // The head of the file, and no text.
                    continue;
                }
                if original.contains("{}") {
                    let parts = original.split("{}").map(str::to_owned).collect();
                    patterns.push(Pattern { parts, translation });
                } else {
                    texts.insert(original.clone(), translation);
                }
            }
        }
        // The one that says most goes first.
        patterns
            .sort_by_key(|pattern| std::cmp::Reverse(pattern.parts.iter().map(String::len).sum::<usize>()));
        Self { texts, patterns }
    }

    /// The translation of a text, or of the clause of which it is the sentence; the text itself if there is none.
    pub(crate) fn find<'a>(&'a self, text: &'a str) -> Cow<'a, str> {
        if let Some(found) = self.texts.get(text) {
            return Cow::Borrowed(found);
        }
        let clause = clause(text);
        let clause = clause.as_deref();
        if let Some(found) = clause.and_then(|clause| self.texts.get(clause)) {
            return Cow::Owned(sentence(found));
        }
        let filled = self.patterns.iter().find_map(|pattern| {
            let of_clause = || clause.and_then(|clause| pattern.filled(clause, self));
            pattern.filled(text, self).or_else(|| of_clause().map(|filled| sentence(&filled)))
        });
        filled.map_or_else(|| number(text), Cow::Owned)
    }
}

impl Pattern {
    /// The translation, with what is in the holes of this text.
    fn filled(&self, text: &str, catalogue: &Catalogue) -> Option<String> {
        let mut rest = text.strip_prefix(self.parts.first()?.as_str())?;
        let mut holes = Vec::new();
        let (last, between) = self.parts.get(1..)?.split_last()?;
        for part in between {
            let (hole, after) = rest.split_once(part.as_str())?;
            holes.push(hole);
            rest = after;
        }
        holes.push(rest.strip_suffix(last.as_str())?);
        if holes.iter().any(|hole| hole.is_empty()) {
            return None;
        }
        let mut pieces = self.translation.split('{');
        let mut filled = pieces.next()?.to_owned();
        for (place, piece) in pieces.enumerate() {
            let (number, text) = piece.split_once('}')?;
            let hole = holes.get(number.parse().map_or(place, |number: usize| number - 1))?;
            // What is in a hole may be a word of ours.
            filled.push_str(
                &catalogue.texts.get(*hole).map_or_else(|| self::number(hole), |text| text.as_str().into()),
            );
            filled.push_str(text);
        }
        Some(filled)
    }
}

/// What a sentence was made of by [`sentence`]: reasons begin with a small letter, and end without a full stop.
fn clause(text: &str) -> Option<String> {
    let text = text.strip_suffix('.')?;
    let first = text.chars().next().filter(|first| first.is_uppercase())?;
    Some(first.to_lowercase().chain(text[first.len_utf8()..].chars()).collect())
}

/// A number with a comma in the place of its point, whatever unit follows.
fn number(text: &str) -> Cow<'_, str> {
    let amount = text.split(' ').next().unwrap_or_default();
    let amount = amount.strip_suffix('%').unwrap_or(amount);
    let is_number = amount.split('.').count() == 2
        && amount
            .split('.')
            .all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
    if is_number { Cow::Owned(text.replacen('.', ",", 1)) } else { Cow::Borrowed(text) }
}

/// The text of a line that begins like this.
fn quoted(line: &str, start: &str) -> Option<String> {
    let text = line.strip_prefix(start)?.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some(text.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// As `maud` writes it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
