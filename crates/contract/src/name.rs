//! Names that people give to webhooks and tokens, and read in lists.

use crate::FieldError;

/// The longest name, in characters.
const MAX_CHARS: usize = 100;

/// Checks the name of a webhook or of a token.
///
/// # Errors
/// If the name is not valid: an error in the field `name`, which says what is wrong with it.
pub fn check_name(name: &str) -> Result<(), FieldError> {
    check_length(name)?;
    check_characters(name).map_err(|reason| FieldError::new("name", reason))
}

/// Refuses characters that cannot be seen.
pub(crate) fn check_characters(name: &str) -> Result<(), String> {
    let characters: Vec<char> = name.chars().collect();
    for (at, character) in characters.iter().enumerate() {
        let is_joiner = matches!(character, '\u{200c}' | '\u{200d}');
        let joins =
            is_joiner && at > 0 && is_script(characters.get(at - 1)) && is_script(characters.get(at + 1));
        let Some(what) = hidden(*character).filter(|_| !joins) else { continue };
        return Err(format!("must not contain {what} (U+{:04X}, character {})", *character as u32, at + 1));
    }
    Ok(())
}

/// Checks the length alone: a webhook that was saved with a name that is refused today can still be changed.
pub(crate) fn check_length(name: &str) -> Result<(), FieldError> {
    if (1..=MAX_CHARS).contains(&name.trim().chars().count()) {
        return Ok(());
    }
    Err(FieldError::new("name", format!("must be 1 to {MAX_CHARS} characters")))
}

/// Whether a joiner beside this character has a meaning: in Persian and Indic scripts, and between the parts of
/// an emoji.
fn is_script(character: Option<&char>) -> bool {
    character.is_some_and(|character| !character.is_ascii() && hidden(*character).is_none())
}

/// What a character is that cannot be seen, or that changes how its neighbours are seen: two names that look
/// the same would be different, or one would be read as another.
fn hidden(character: char) -> Option<&'static str> {
    match character {
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some("a character that changes the direction of text")
        }
        '\u{ad}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' => Some("a character without width"),
        '\u{2028}' | '\u{2029}' => Some("a line separator"),
        character if character.is_control() => Some("a control character"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_can_be_seen() {
        for name in
            ["orders", "Bestellungen Zürich", "注文", "طلبات", "می‌خواهم", "👨‍👩‍👧 family", "🇨🇭", &"ä".repeat(100)]
        {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        for (name, reason) in [
            ("", "1 to 100 characters"),
            (" ", "1 to 100 characters"),
            (&"a".repeat(101), "1 to 100 characters"),
            ("a\nb", "a control character (U+000A, character 2)"),
            ("\u{1b}[31mred", "a control character (U+001B, character 1)"),
            ("a\u{85}", "a control character (U+0085, character 2)"),
            ("invoice\u{202e}fdp", "direction of text (U+202E, character 8)"),
            ("\u{200f}a", "direction of text (U+200F, character 1)"),
            ("pay\u{200b}ments", "without width (U+200B, character 4)"),
            ("pay\u{200d}ments", "without width (U+200D, character 4)"),
            ("ä\u{200d}", "without width (U+200D, character 2)"),
            ("ä\u{200d}\u{200d}ä", "without width (U+200D, character 2)"),
            ("a\u{feff}", "without width (U+FEFF, character 2)"),
            ("a\u{2028}b", "a line separator (U+2028, character 2)"),
        ] {
            let error = check_name(name).unwrap_err();
            assert_eq!(error.field, "name");
            assert!(error.reason.contains(reason), "{name:?}: {}", error.reason);
        }
    }
}
